"""Why this machine has no sandbox for us, and the mend: read off the step the kernel refused, and its settings."""

from __future__ import annotations

import errno
import os
import platform
import sys
from pathlib import Path

from aisecops.adapters.sandbox.channel import Failure
from aisecops.model.errors import Fault

_ELSEWHERE = "put the agent where the network stops it instead: docker/compose.yaml, or see docs/sandbox.md"
_SWITCHES = (
    ("kernel/apparmor_restrict_unprivileged_userns", "1", "kernel.apparmor_restrict_unprivileged_userns=0"),
    ("kernel/unprivileged_userns_clone", "0", "kernel.unprivileged_userns_clone=1"),
    ("user/max_user_namespaces", "0", "user.max_user_namespaces=15000"),
)
"""Settings that forbid user namespaces: which, at what value, and what to set instead."""

_CONTAINER_MARKS = ("/.dockerenv", "/run/.containerenv")
_ENTRY = frozenset({"user namespace", "user map", "namespaces", "private mounts"})


class Unavailable(Fault):
    """There is no sandbox here. `mend` says what to do."""

    def __init__(self, what: str, mend: str) -> None:
        super().__init__(what)
        self.mend = mend


def because(failure: Failure, settings: Path = Path("/proc/sys"), root: Path = Path("/")) -> Unavailable:
    """The refusal in words. `settings` and `root` are where the kernel's settings and marks of a container are."""
    if failure.step == "platform":
        return Unavailable(f"a sandbox needs Linux, and this is {platform.system() or sys.platform}", _ELSEWHERE)
    if failure.step == "filter of calls" and failure.number == 0:
        return Unavailable(f"no sandbox on `{platform.machine()}`: its calls are not known here", _ELSEWHERE)
    reason = os.strerror(failure.number) if failure.number else "it ended"
    what = f"this machine allows no sandbox: {failure.step}: {reason.lower()}"
    return Unavailable(what, _mend(failure, settings, root))


def _mend(failure: Failure, settings: Path, root: Path) -> str:
    if failure.number == errno.ENOSYS:
        return "it takes Linux 5.12 or newer; " + _ELSEWHERE
    if failure.step == "listener":
        return "set proxy.listen to an address that can be had on loopback"
    switches = _SWITCHES if failure.step in _ENTRY else ()
    for name, forbids, setting in switches:
        if _value(settings / name) == forbids:
            return f"as root: `sysctl -w {setting}`; or {_ELSEWHERE}"
    if any((root / mark.lstrip("/")).exists() for mark in _CONTAINER_MARKS):
        return f"this is a container, which may not make namespaces; {_ELSEWHERE}"
    return _ELSEWHERE


def _value(path: Path) -> str:
    try:
        return path.read_text().strip()
    except OSError:
        return ""
