"""Signs of life between processes of one machine: each gateway worker says again and again how late its loop is.

A file per worker in the state folder, touched while its event loop moves and locked while its process lives. Who looks
sees a worker that is late by its own word, and one that says nothing any more while its process is there. A process
that is gone is its starter's business.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

FOLDER = "workers"
SILENT_S = 3.0
"""A worker that has not touched its file for so long stands still: it does so twice a second."""
LATE_S = 1.0
"""From this lag on a worker says of itself that it is late."""


class Heartbeat:
    """This process's own sign. Cheap enough for an event loop: two system calls."""

    def __init__(self, state: Path) -> None:
        folder = state / FOLDER
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._path = folder / f"{os.getpid()}-{os.urandom(4).hex()}"  # containers may have the same numbers
        self._file = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        fcntl.flock(self._file, fcntl.LOCK_EX)  # ends with the process, whatever else gets its number later

    def beat(self, lag_s: float) -> None:
        """The loop moves, `lag_s` late. Never raises: a disk that is full shows as silence."""
        with contextlib.suppress(OSError):
            os.pwrite(self._file, f"{min(lag_s, 999999):013.6f}".encode(), 0)

    def end(self) -> None:
        """This process ends in peace."""
        self._path.unlink(missing_ok=True)
        os.close(self._file)


def lagging(state: Path) -> Sequence[str]:
    """A sentence for each gateway worker that lives and is late; none when all are well."""
    return tuple(_found(state / FOLDER))


def _found(folder: Path) -> Iterator[str]:
    for path in sorted(folder.glob("*")):
        try:
            if _is_gone(path):
                path.unlink(missing_ok=True)
                continue
            said, silent_s = path.read_bytes(), time.time() - path.stat().st_mtime  # noqa: TID251 - a file's own clock
        except OSError:
            continue
        worker = f"gateway worker {path.name.partition('-')[0]}"
        if silent_s > SILENT_S:
            yield f"{worker} has stood still for {silent_s:.0f} s"
        elif said and float(said) >= LATE_S:
            yield f"{worker} is {float(said):.1f} s late"


def _is_gone(path: Path) -> bool:
    """True when nobody holds the file any more."""
    with path.open("rb") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True
