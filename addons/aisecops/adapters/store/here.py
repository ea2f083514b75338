"""Work on the SQLite file that is done where it is asked for, when nothing makes it wait.

A small commit that need not be on the disk at once takes a twentieth of a millisecond; handing it to a thread and
back costs several times that. Whatever would wait (for another process, for a log being read back, for a slow
disk) is not begun here: the thread of `worker.py` does it.
"""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Callable
from pathlib import Path

from aisecops.adapters.store.schema import connect, identity, require_same
from aisecops.adapters.store.turn import Turn

_BUSY = sqlite3.SQLITE_BUSY
_CODE = 0xFF  # the primary code of SQLite's extended ones
_SLOW_S = 0.005
"""Work that took longer is a reason to leave what follows to the thread,"""
_LEFT_TO_IT_S = 0.25
"""for so long."""


class NotNow(Exception):
    """It would have to wait. Nothing was done."""


class Here:
    """A connection for short work in the caller's thread."""

    def __init__(self, path: Path) -> None:
        """Open it. Raises `sqlite3.Error`, `OSError`."""
        self._path = path
        self._file = identity(path)
        self._alone = threading.Lock()
        self._turn = Turn(path)
        self._slow_until = 0.0
        self._connection = connect(path, busy_ms=0)
        self._connection.execute("PRAGMA synchronous = NORMAL")
        self._connection.execute("PRAGMA wal_autocheckpoint = 0")  # that is slow work: the thread's

    def run[T](self, work: Callable[[sqlite3.Connection], T]) -> T:
        """What `work` returns, once it is committed; it outlives this process, not yet a power failure.

        Raises `NotNow`; what `work` raises, and then it has changed nothing; `sqlite3.Error`, `OSError`, `StoreError`.
        """
        began = time.monotonic()
        if began < self._slow_until or not self._alone.acquire(blocking=False):
            raise NotNow
        try:
            if not self._turn.taken():
                raise NotNow
            return self._committed(work)
        finally:
            self._alone.release()
            if time.monotonic() - began > _SLOW_S:
                self._slow_until = time.monotonic() + _LEFT_TO_IT_S

    def _committed[T](self, work: Callable[[sqlite3.Connection], T]) -> T:
        try:
            require_same(self._path, self._file)
            self._connection.execute("BEGIN IMMEDIATE")
            result = work(self._connection)
            self._connection.execute("COMMIT")
        except sqlite3.Error as error:
            if getattr(error, "sqlite_errorcode", 0) & _CODE == _BUSY:
                raise NotNow from None
            raise
        finally:
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
            self._turn.let_go()
        return result

    def close(self) -> None:
        """Let go of the file."""
        self._connection.close()
        self._turn.close()
