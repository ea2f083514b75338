"""The step into namespaces of one's own: users, network, mounts, processes, messages, names, control groups."""

from __future__ import annotations

import os
from pathlib import Path

from aisecops.adapters.sandbox.steps import step

_OTHERS = os.CLONE_NEWNET | os.CLONE_NEWNS | os.CLONE_NEWPID | os.CLONE_NEWIPC | os.CLONE_NEWUTS | os.CLONE_NEWCGROUP


def enter() -> None:
    """Leave this machine's namespaces; the next child is the first process of the new ones. Raises Refused.

    Whoever one is outside, one is inside too, and nobody else: files belong to whom they belonged.
    """
    user, group = os.geteuid(), os.getegid()
    with step("user namespace"):
        os.unshare(os.CLONE_NEWUSER)
    with step("user map"):
        Path("/proc/self/setgroups").write_text("deny")
        Path("/proc/self/gid_map").write_text(f"{group} {group} 1")
        Path("/proc/self/uid_map").write_text(f"{user} {user} 1")
    with step("namespaces"):
        os.unshare(_OTHERS)


def allow_no_more() -> None:
    """No user namespaces below this one: what a capability opens in them is the kernel's weakest side."""
    with step("nested namespaces"):
        Path("/proc/sys/user/max_user_namespaces").write_text("0")
