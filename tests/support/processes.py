"""Which processes run below one of ours."""

from __future__ import annotations

import contextlib
from pathlib import Path


def below(pid: int, role: str = "") -> list[int]:
    """Everything that `pid` started, and what that started, without zombies; with `role`, only its own children that do it."""
    found = _running()
    own = [child for child, (parent, _) in found.items() if parent == pid]
    if role:
        return sorted(child for child in own if role in found[child][1])
    return sorted([*own, *(lower for child in own for lower in below(child))])


def listens(pid: int, port: int) -> bool:
    """True when `pid` itself holds a socket that listens on `port`."""
    rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    sockets = {f"socket:[{row[9]}]" for row in rows if row[3] == "0A" and int(row[1].partition(":")[2], 16) == port}
    with contextlib.suppress(OSError):
        return any(str(held.readlink()) in sockets for held in Path(f"/proc/{pid}/fd").iterdir())
    return False


def _running() -> dict[int, tuple[int, list[str]]]:
    found = {}
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            state, parent = (folder / "stat").read_text().rpartition(")")[2].split()[:2]
            if state != "Z":
                arguments = (folder / "cmdline").read_bytes().decode(errors="replace").split("\0")
                found[int(folder.name)] = (int(parent), arguments)
    return found
