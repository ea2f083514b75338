"""Read from the SQLite file without waiting for writers.

Knows which thread reads. A look-up by key takes a fiftieth of a millisecond and is done where it is asked
for: handing it to another thread would cost ten times as much, and far more in a busy process. Only when
the file is busy for a moment (a process before us died and its log is being read back) does a thread wait.
"""

from __future__ import annotations

import sqlite3
import threading
from pathlib import Path
from typing import Any

from aisecops.adapters.store.schema import connect, fault, identity, require_same
from aisecops.adapters.store.worker import Worker
from aisecops.model.errors import StoreError

_CODE = 0xFF  # the primary code of SQLite's extended ones


class Reader:
    """Look-ups and lists, each one statement, so each sees one moment."""

    def __init__(self, path: Path, *, busy_ms: int) -> None:
        """Open the connections. Raises `sqlite3.Error` or `OSError`."""
        self._path = path
        self._file = identity(path)
        self._connection = connect(path, busy_ms=0)
        self._connection.execute("PRAGMA query_only = ON")
        self._alone = threading.Lock()
        self._open = True
        self._patient = Worker(path, name="store-reader", writes=False, busy_ms=busy_ms)

    async def look_up(self, sql: str, *arguments: object) -> list[tuple[Any, ...]]:
        """The few rows that `sql` finds by key, fetched in the caller's thread. Raises `StoreError`."""
        if not self._open:
            raise StoreError("the store is closed")
        try:
            with self._alone:
                require_same(self._path, self._file)
                # all of them: a statement left half read would show the next one an old state
                return self._connection.execute(sql, arguments).fetchall()
        except (sqlite3.Error, OSError, StoreError) as error:
            if getattr(error, "sqlite_errorcode", 0) & _CODE != sqlite3.SQLITE_BUSY:
                raise fault(error) from error
        return await self.read(sql, *arguments)

    async def read(self, sql: str, *arguments: object) -> list[tuple[Any, ...]]:
        """The rows that `sql` finds, however many, fetched in a thread. Raises `StoreError`."""

        def work(connection: sqlite3.Connection) -> list[tuple[Any, ...]]:
            return connection.execute(sql, arguments).fetchall()

        return await self._patient.run(work)

    async def close(self) -> None:
        """Finish what is under way and let go of the file."""
        with self._alone:
            self._open = False
            self._connection.close()
        await self._patient.close()
