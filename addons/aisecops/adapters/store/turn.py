"""Whose turn it is to write, among processes.

Knows how to wait in line for a file. SQLite keeps writers apart by itself, but those who lose try again after
ever longer naps, a tenth of a second and more; the kernel wakes the next in line at once. No promise rests on
this: a program that does not queue here is still kept apart by SQLite.
"""

from __future__ import annotations

import fcntl
import os
from pathlib import Path
from types import TracebackType
from typing import Self


class Turn:
    """A place in line, taken with `with`. The turn goes with the process, however it ends."""

    def __init__(self, path: Path) -> None:
        """For the database file `path`. Raises `OSError`."""
        self._line = os.open(path.with_name(f"{path.name}.lock"), os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)

    def __enter__(self) -> Self:
        fcntl.flock(self._line, fcntl.LOCK_EX)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.let_go()

    def taken(self) -> bool:
        """Take the turn if it is nobody's now; False: somebody has it."""
        try:
            fcntl.flock(self._line, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def let_go(self) -> None:
        """Let the next one have it."""
        fcntl.flock(self._line, fcntl.LOCK_UN)

    def close(self) -> None:
        """Leave for good."""
        os.close(self._line)
