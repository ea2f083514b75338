"""A command in a sandbox is who it was, in namespaces that are not this machine's."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from aisecops.adapters.sandbox import namespaces

NAMES = {"net": "NET", "mnt": "NS", "pid": "PID", "ipc": "IPC", "uts": "UTS", "user": "USER", "cgroup": "CGROUP"}


@pytest.mark.parametrize("kind", NAMES)
def test_a_namespace_is_another(ended, kind):
    own = str(Path(f"/proc/self/ns/{kind}").readlink())

    assert ended(f'test "$(readlink /proc/self/ns/{kind})" != "$1"', own) == 0


def test_every_namespace_but_that_of_users_is_left_at_once():
    flags = (getattr(os, f"CLONE_NEW{name}") for kind, name in NAMES.items() if kind != "user")

    assert sum(flags) == namespaces._OTHERS


def test_who_one_is_stays(ended):
    assert ended(f"test $(id -u) = {os.geteuid()} && test $(id -g) = {os.getegid()}") == 0


def test_no_more_can_be_made(ended):
    assert ended("unshare --user true") != 0
