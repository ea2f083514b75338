"""One thread, one SQLite connection, and whatever is waiting goes into one transaction.

Knows transactions, durability and how results get back to the event loop. Does not know what the work
is. A sync to disk costs far more than the work itself, so hundreds of callers share one.
"""

from __future__ import annotations

import asyncio
import queue
import sqlite3
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from aisecops.adapters.store.schema import connect
from aisecops.model.errors import StoreError

_MOST_AT_ONCE = 512

type Work[T] = Callable[[sqlite3.Connection], T]


class _Job[T]:
    """One piece of work, and where its result is waited for. Touched by one thread at a time."""

    def __init__(self, work: Work[T], *, durable: bool) -> None:
        self.work = work
        self.durable = durable
        self.loop = asyncio.get_running_loop()
        self.future: asyncio.Future[T] = self.loop.create_future()
        self.result: T
        self.error: Exception | None = None

    def run(self, connection: sqlite3.Connection) -> None:
        """Do the work inside a savepoint: what raised has changed nothing.

        Raises `sqlite3.Error` when the whole transaction is lost.
        """
        connection.execute("SAVEPOINT job")
        try:
            self.result = self.work(connection)
        except sqlite3.Error as error:
            if not connection.in_transaction:
                raise
            self.error = _fault(error)
            connection.execute("ROLLBACK TO job")
        except Exception as error:  # noqa: BLE001 - not swallowed: it is raised where the result is waited for
            self.error = error
            connection.execute("ROLLBACK TO job")
        connection.execute("RELEASE job")

    def tell(self) -> None:
        """Hand over the result, in its own loop. Who waited may have been cancelled; the work is done all the same."""
        if self.future.done():
            return
        if self.error is None:
            self.future.set_result(self.result)
        else:
            self.future.set_exception(self.error)


class Worker:
    """Runs work for one database file, in order, in a thread of its own."""

    def __init__(self, path: Path, *, name: str, writes: bool, busy_ms: int) -> None:
        """Open the connection. Raises `sqlite3.Error` or `OSError`."""
        self._path = path
        self._begin = "BEGIN IMMEDIATE" if writes else "BEGIN"
        self._file = _identity(path)
        self._connection = connect(path, busy_ms=busy_ms)
        self._durable = True
        self._jobs: queue.SimpleQueue[_Job[Any] | None] = queue.SimpleQueue()
        self._gate = threading.Lock()
        self._open = True
        self._thread = threading.Thread(target=self._loop, name=name, daemon=True)
        self._thread.start()

    async def run[T](self, work: Work[T], *, durable: bool = True) -> T:
        """Run `work` in a transaction and return its result once that is committed.

        What `work` raises is raised here, and it has changed nothing. `StoreError`: the transaction did not commit,
        or nobody knows. With `durable` False the commit outlives this process, but perhaps not a power failure.
        Cancelling the caller does not call the work off.
        """
        job = _Job(work, durable=durable)
        with self._gate:
            if not self._open:
                raise StoreError("the store is closed")
            self._jobs.put(job)
        return await job.future

    async def close(self) -> None:
        """Finish all work already asked for, then let go of the file."""
        with self._gate:
            if self._open:
                self._open = False
                self._jobs.put(None)
        await asyncio.to_thread(self._thread.join)

    def _loop(self) -> None:
        more = True
        while more:
            batch, more = self._waiting()
            if batch:
                self._commit(batch)
                _tell(batch)
        self._connection.close()

    def _waiting(self) -> tuple[list[_Job[Any]], bool]:
        """What is waiting now, at least one job; and whether there will be more."""
        batch: list[_Job[Any]] = []
        while len(batch) < _MOST_AT_ONCE:
            try:
                job = self._jobs.get(block=not batch)
            except queue.Empty:
                break
            if job is None:
                return batch, False
            batch.append(job)
        return batch, True

    def _commit(self, batch: list[_Job[Any]]) -> None:
        """Run all of `batch` in one transaction. If that does not commit, none of it counts as done."""
        try:
            if _identity(self._path) != self._file:
                raise StoreError(f"the store `{self._path}` was replaced while in use; start again")  # noqa: TRY301
            self._set_durable(any(job.durable for job in batch))
            self._connection.execute(self._begin)
            for job in batch:
                job.run(self._connection)
            self._connection.execute("COMMIT")
        except Exception as error:  # noqa: BLE001 - this thread's outermost guard: every caller must be answered
            self._roll_back()
            for job in batch:
                job.error = _fault(error)

    def _set_durable(self, durable: bool) -> None:
        if durable != self._durable:
            self._connection.execute(f"PRAGMA synchronous = {'FULL' if durable else 'NORMAL'}")
            self._durable = durable

    def _roll_back(self) -> None:
        try:
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
        except sqlite3.Error:
            return  # the callers are told already, and the next BEGIN fails as well


def _fault(error: Exception) -> StoreError:
    return error if isinstance(error, StoreError) else StoreError(f"the store cannot be asked: {error}")


def _tell(batch: list[_Job[Any]]) -> None:
    for loop in {job.loop for job in batch}:
        mine = [job for job in batch if job.loop is loop]
        try:
            loop.call_soon_threadsafe(_tell_all, mine)
        except RuntimeError:
            continue  # the loop is closed: nobody waits any more


def _tell_all(jobs: list[_Job[Any]]) -> None:
    for job in jobs:
        job.tell()


def _identity(path: Path) -> tuple[int, int]:
    """Which file this is, whatever its name. Raises `OSError` when there is none."""
    found = path.stat()
    return found.st_dev, found.st_ino
