"""One thread, one SQLite connection, and whatever is waiting goes into one transaction.

Knows transactions, durability and how results get back to the event loop. Does not know what the work
is. A sync to disk costs far more than the work itself, so hundreds of callers share one. Work that needs none is done
where it is asked for (`here.py`), and reaches the disk soon after.
"""

from __future__ import annotations

import asyncio
import logging
import queue
import sqlite3
import threading
import time
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from typing import Any

from aisecops.adapters.store.here import Here, NotNow
from aisecops.adapters.store.schema import connect, fault, identity, require_same
from aisecops.adapters.store.turn import Turn
from aisecops.model.errors import StoreError

_log = logging.getLogger(__name__)

_MOST_AT_ONCE = 512
SYNC_WITHIN_S = 0.25
"""What is not durable at once is on the disk so long after."""

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
            self.error = fault(error)
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


class _Unsynced:
    """Told to the thread: something was committed that is not on the disk."""


class Worker:
    """Runs work for one database file, in order, in a thread of its own."""

    def __init__(self, path: Path, *, name: str, writes: bool, busy_ms: int) -> None:
        """Open the connection. `busy_ms` is how long others may keep it waiting. Raises `sqlite3.Error`, `OSError`."""
        self._path = path
        self._patience_s = 2 * busy_ms / 1000  # once in line for the turn, once for programs that do not queue
        self._begin = "BEGIN IMMEDIATE" if writes else "BEGIN"
        self._turn = Turn(path) if writes else None
        self._here = Here(path) if writes else None
        self._unsynced = False
        self._sync_at: float | None = None
        self._file = identity(path)
        self._connection = connect(path, busy_ms=busy_ms)
        self._durable = True
        self._jobs: queue.SimpleQueue[_Job[Any] | _Unsynced | None] = queue.SimpleQueue()
        self._gate = threading.Lock()
        self._open = True
        self._more = True
        self._thread = threading.Thread(target=self._loop, name=name, daemon=True)
        self._thread.start()

    async def run[T](self, work: Work[T], *, durable: bool = True) -> T:
        """Run `work` in a transaction and return its result once that is committed.

        What `work` raises is raised here, and it has changed nothing. `StoreError`: the transaction did not commit, or
        nobody knows, or there was no answer in time, in which case it may still be done. With `durable` False the
        commit outlives this process, but perhaps not a power failure within `SYNC_WITHIN_S`. Cancelling the caller does
        not call the work off.
        """
        if self._here is not None and not durable and self._open:
            try:
                return self._done_here(self._here, work)
            except NotNow:
                pass
        job = _Job(work, durable=durable)
        with self._gate:
            if not self._open:
                raise StoreError("the store is closed")
            self._jobs.put(job)
        try:
            async with asyncio.timeout(self._patience_s):
                return await job.future
        except TimeoutError:
            raise StoreError(f"the store did not answer within {self._patience_s:g} s") from None

    async def close(self) -> None:
        """Finish all work already asked for, then let go of the file. Waits no longer than callers do."""
        with self._gate:
            if self._open:
                self._open = False
                self._jobs.put(None)
        await asyncio.to_thread(self._thread.join, self._patience_s)

    def _done_here[T](self, here: Here, work: Work[T]) -> T:
        try:
            result = here.run(work)
        except (sqlite3.Error, OSError) as error:
            raise fault(error) from error
        if not self._unsynced:
            self._unsynced = True
            self._jobs.put(_Unsynced())
        return result

    def _loop(self) -> None:
        while self._more:
            batch: list[_Job[Any]] = []
            self._take(batch, wait=True)
            if batch:
                self._commit(batch)
                _tell(batch)
            if self._sync_at is not None and (time.monotonic() >= self._sync_at or not self._more):
                self._sync()
        self._connection.close()
        if self._here is not None:
            self._here.close()
        if self._turn is not None:
            self._turn.close()

    def _sync(self) -> None:
        """Bring what was committed without a sync to the disk, and the log back to its beginning."""
        self._sync_at, self._unsynced = None, False
        try:
            self._connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()
        except sqlite3.Error as error:
            # nobody was promised more; who needs it on the disk commits durably, and is told
            _log.warning("the store's log cannot be brought to the disk: %s", error)

    def _take(self, batch: list[_Job[Any]], *, wait: bool) -> None:
        """Add to `batch` what is waiting; with `wait`, at least one job or the end."""
        while self._more and len(batch) < _MOST_AT_ONCE:
            left_s = None if self._sync_at is None else max(0.0, self._sync_at - time.monotonic())
            try:
                job = self._jobs.get(block=wait and not batch, timeout=left_s)
            except queue.Empty:
                return
            if job is None:
                self._more = False
            elif isinstance(job, _Unsynced):
                self._sync_at = time.monotonic() + SYNC_WITHIN_S
            else:
                batch.append(job)

    def _commit(self, batch: list[_Job[Any]]) -> None:
        """Run `batch`, and what came while waiting for the turn, in one transaction: all of it is done, or none."""
        try:
            with self._turn or nullcontext():
                self._take(batch, wait=False)
                self._transact(batch)
        except Exception as error:  # noqa: BLE001 - this thread's outermost guard: every caller must be answered
            for job in batch:
                job.error = fault(error)

    def _transact(self, batch: list[_Job[Any]]) -> None:
        require_same(self._path, self._file)
        self._set_durable(any(job.durable for job in batch))
        self._connection.execute(self._begin)
        try:
            for job in batch:
                job.run(self._connection)
            self._connection.execute("COMMIT")
        except sqlite3.Error:
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
            raise

    def _set_durable(self, durable: bool) -> None:
        if durable != self._durable:
            self._connection.execute(f"PRAGMA synchronous = {'FULL' if durable else 'NORMAL'}")
            self._durable = durable


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
