"""The record as an `AuditLog`: one hash chain per state folder, appended to by several processes.

What comes alone is written where it comes: that costs less than handing it to a thread. While another process holds the
folder's lock, or the disk is slow, one thread per process writes what is waiting as one batch. Another makes it durable
and signs checkpoints, so that a plain append never waits for the disk.

INVARIANT: nobody is told that an event is recorded before its whole line is in the file, nor that it is durable
before the file was synced after that. What fails closes the log; each append asks again whether it is mended.
"""

from __future__ import annotations

import asyncio
import os
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import NamedTuple

from aisecops.adapters.audit import checkpoints, lines
from aisecops.adapters.audit.folder import Busy, KeptLock, OpenFile, Torn, locked, make_folder
from aisecops.adapters.audit.statement import Signing
from aisecops.adapters.audit.tail import End, Tail
from aisecops.adapters.audit.trouble import Trouble
from aisecops.gateway.ports import Clock
from aisecops.model.errors import RecordError
from aisecops.model.record import Event, EventName

_TICK_S = 1.0
_SLOW_S = 0.005
"""A write that took longer is a reason to leave the next ones to the thread,"""
_LEFT_TO_IT_S = 0.25
"""for so long."""
_READ_ON_HERE = 16 * 1024
"""Bytes that others wrote, and that are read before a line of ours is chained to them, at most; more in the thread."""
_ROTATE_BYTES = 64 * 1024 * 1024


class _Waiting(NamedTuple):
    """One `append` and who waits for it; without anybody waiting, a look at what other processes wrote."""

    events: tuple[Event, ...] = ()
    durable: bool = False
    done: asyncio.Future[None] | None = None


class ChainLog:
    """An `AuditLog` in files. Safe from many tasks, threads' loops and processes at once."""

    def __init__(
        self,
        folder: Path,
        *,
        clock: Clock,
        sign: Callable[[bytes], bytes] | None = None,
        key_id: str = "",
        public_key: bytes = b"",
        rotate_bytes: int = _ROTATE_BYTES,
    ) -> None:
        """Open the record in `folder`, or begin one. `clock` is asked from another thread.

        With `sign` (64 bytes of Ed25519 by `key_id`, checked by the raw `public_key`) it also signs checkpoints of
        what all processes wrote. Raises `RecordError` for a record that cannot be gone on with.
        """
        self._folder, self._clock, self._rotate_bytes = folder, clock, rotate_bytes
        self._signing = Signing(key_id, sign, public_key) if sign is not None else None
        self._torn: list[Torn] = []
        self._closed = False
        self._trouble = Trouble()
        self._lost: str | None = None
        self._unsigned = False
        self._signed: tuple[float, End | None] = (0.0, None)
        self._tail: Tail | None = None
        self._seen, self._shown = self._open()
        self._synced: End | None = None
        self._undurable_since: float | None = None
        self._alone = threading.Lock()  # who writes: the thread, or the event loop
        self._lock = KeptLock(folder)  # theirs
        self._slow_until = 0.0
        self._to_write: SimpleQueue[_Waiting | None] = SimpleQueue()
        self._to_sync: SimpleQueue[Sequence[_Waiting] | None] = SimpleQueue()
        self._writer = threading.Thread(target=self._write_all, name="record-writer", daemon=True)
        self._syncer = threading.Thread(target=self._sync_all, name="record-syncer", daemon=True)
        self._writer.start()
        self._syncer.start()

    async def append(self, *events: Event, durable: bool = False) -> None:
        if self._closed:
            raise RecordError("the record is closed")
        waiting = _Waiting(events, durable, done := asyncio.get_running_loop().create_future())
        if not self._written_here(waiting):
            self._to_write.put(waiting)
        await done

    @property
    def lag_s(self) -> float:
        """How long the oldest line that is not durable yet has been waiting for it; 0 without one. For any thread."""
        since = self._undurable_since
        return 0.0 if since is None else time.monotonic() - since

    @property
    def trouble(self) -> str:
        """Why nothing could be written when last tried, each second at least; empty when it could. For any thread."""
        return self._trouble.words

    async def close(self) -> None:
        if self._closed:
            return
        self._closed = True
        self._to_write.put(None)
        await asyncio.to_thread(self._syncer.join)
        self._lock.close()

    def _open(self) -> tuple[End, tuple[End, OpenFile]]:
        try:
            make_folder(self._folder)
            with locked(self._folder):
                if self._signing is not None:
                    checkpoints.prepare(self._folder, self._signing)
                tail = Tail(self._folder, None)
                self._torn = tail.catch_up()
                self._torn += checkpoints.check_end(self._folder, tail.end)
                self._append_to(tail, ())
        except OSError as error:
            raise _unwritable(error) from error
        self._tail = tail
        return tail.end, (tail.end, tail.file)

    def _written_here(self, waiting: _Waiting) -> bool:
        """Write it now, if that means no wait for anybody, and hand it on; False: not tried.

        Raises `RecordError`: it is not written.
        """
        began = time.monotonic()
        if began < self._slow_until or not self._to_write.empty() or not self._alone.acquire(blocking=False):
            return False
        try:
            tail = self._tail
            if tail is None or self._unsigned or tail.end.size >= self._rotate_bytes:
                return False
            with self._lock.held(wait=False):
                if tail.behind_bytes() > _READ_ON_HERE:
                    return False
                refused = self._chain([waiting])
            if waiting.durable and not refused:
                self._to_sync.put([waiting])
            elif waiting.done is not None and not refused:
                waiting.done.set_result(None)
        except Busy:
            return False
        except Exception as error:
            raise self._failed(error) from error
        finally:
            self._alone.release()
            if time.monotonic() - began > _SLOW_S:
                self._slow_until = time.monotonic() + _LEFT_TO_IT_S
        return True

    # what the writing thread does

    def _write_all(self) -> None:
        running = True
        while running:
            batch, running = _gathered(self._to_write)
            try:
                with self._alone:
                    refused = self._record(batch)
            except Exception as error:  # noqa: BLE001 - the thread's outermost guard: who waits must be told
                _tell(batch, self._failed(error))
                continue
            self._hand_on([waiting for waiting in batch if waiting not in refused])
        self._to_sync.put(None)

    def _failed(self, error: Exception) -> RecordError:
        """Nothing was written for `error`; how it is told."""
        self._tail = None
        told = error if isinstance(error, RecordError) else _unwritable(error)
        self._trouble.met(told)
        return told

    def _record(self, batch: Sequence[_Waiting]) -> Sequence[_Waiting]:
        """Write a batch; return those of it that cannot be written at all and have been told so."""
        if self._lost is None and self._unsigned and self._synced is not None:
            self._sign(self._synced)
        with self._lock.held():
            return self._chain(batch)

    def _chain(self, batch: Sequence[_Waiting]) -> Sequence[_Waiting]:
        """The same, with the lock."""
        if self._lost is not None:
            raise RecordError(self._lost)
        # INVARIANT: a tail that raised is not used again
        tail, self._tail = self._tail or Tail(self._folder, self._seen), None
        self._torn += tail.catch_up()
        self._seen = tail.end
        if tail.end.size >= self._rotate_bytes:
            tail.rotate()
        refused = self._append_to(tail, batch)
        if self._undurable_since is None and tail.end != self._shown[0]:
            self._undurable_since = time.monotonic()
        self._tail, self._seen, self._shown = tail, tail.end, (tail.end, tail.file)
        self._trouble.over(wrote=any(waiting.events for waiting in batch))
        return refused

    def _append_to(self, tail: Tail, batch: Sequence[_Waiting]) -> Sequence[_Waiting]:
        at_ms = self._clock.now_ms()
        data, end, refused = bytearray(), tail.end, []
        for events, waiting in [(map(_repaired, self._torn), None), *((each.events, each) for each in batch)]:
            try:
                some, end = _chained(events, end, at_ms)
            except RecordError as error:  # these events alone are at fault
                assert waiting is not None
                refused.append(waiting)
                _tell([waiting], error)
            else:
                data += some
        if data:
            tail.write(bytes(data), end)
        self._torn = []
        return refused

    def _hand_on(self, written: Sequence[_Waiting]) -> None:
        _tell([waiting for waiting in written if not waiting.durable])
        if durable := [waiting for waiting in written if waiting.durable]:
            self._to_sync.put(durable)

    # what the syncing thread does

    def _sync_all(self) -> None:
        running = True
        while running:
            waiting, running = self._next_to_sync()
            self._sync(waiting)
            if self._synced is not None and self._is_due(self._synced, last=not running):
                with suppress(RecordError):  # the next append is refused for it
                    self._sign(self._synced)

    def _next_to_sync(self) -> tuple[list[_Waiting], bool]:
        try:
            batches = [self._to_sync.get(timeout=_TICK_S)]
        except Empty:
            self._to_write.put(_Waiting())  # so that what others wrote is synced and signed at the next tick
            return [], True
        with suppress(Empty):
            while batches[-1] is not None:
                batches.append(self._to_sync.get_nowait())
        return [waiting for batch in batches if batch is not None for waiting in batch], batches[-1] is not None

    def _sync(self, waiting: Sequence[_Waiting]) -> None:
        end, file = self._shown
        if end == self._synced and not waiting:
            return
        began = time.monotonic()
        try:
            os.fdatasync(file.fd)
        except OSError as error:
            # what the kernel dropped cannot be known, and a second sync would claim success: nothing goes on
            self._lost = f"{_unwritable(error)}; then restart the gateway"
            self._trouble.met(told := RecordError(self._lost))
            _tell(waiting, told)
            return
        self._synced = end
        self._undurable_since = None if self._shown[0] == end else began
        _tell(waiting)

    def _is_due(self, synced: End, *, last: bool) -> bool:
        at_s, end = self._signed
        if self._signing is None or self._lost is not None or synced.seq <= (end.seq if end is not None else 0):
            return False
        rotated = end is not None and end.segment != synced.segment
        return last or rotated or time.monotonic() - at_s >= _TICK_S

    def _sign(self, end: End) -> None:
        """Add a checkpoint of `end`, which is durable. Raises `RecordError`: the log is closed until it succeeds."""
        assert self._signing is not None
        try:
            with locked(self._folder):
                self._torn += checkpoints.add(self._folder, end, at_ms=self._clock.now_ms(), signing=self._signing)
        except (OSError, RecordError) as error:
            self._unsigned = True
            raise (error if isinstance(error, RecordError) else _unwritable(error)) from error
        self._unsigned = False
        self._signed = (time.monotonic(), end)


def _gathered(queue: SimpleQueue[_Waiting | None]) -> tuple[list[_Waiting], bool]:
    """All that waits, at least one; False with the last of all."""
    batch: list[_Waiting] = []
    waiting = queue.get()
    with suppress(Empty):
        while waiting is not None:
            batch.append(waiting)
            waiting = queue.get_nowait()
    return batch, waiting is not None


def _chained(events: Iterable[Event], end: End, at_ms: int) -> tuple[bytes, End]:
    """`events` as whole lines after `end`, and the end they make. Raises `RecordError` for one that is no JSON."""
    data = bytearray()
    for event in events:
        line = lines.encode(event, seq=end.seq + 1, prev=end.hash, at_ms=at_ms)
        data += line + b"\n"
        end = End(end.segment, end.size + len(line) + 1, end.seq + 1, lines.digest(line), len(line))
    return bytes(data), end


def _repaired(torn: Torn) -> Event:
    return Event(event=EventName.RECORD_REPAIRED, control=("AIS-OBS-01",), fields=torn._asdict())


def _unwritable(error: Exception) -> RecordError:
    why = (error.strerror or str(error)).lower() if isinstance(error, OSError) else type(error).__name__
    return RecordError(f"the record cannot be written ({why}); free the disk or mend its permissions")


def _tell(waiting: Iterable[_Waiting], error: RecordError | None = None) -> None:
    """Let those who wait go on; one who was cancelled or whose loop is gone is passed over."""
    by_loop: dict[asyncio.AbstractEventLoop, list[asyncio.Future[None]]] = {}
    for each in waiting:
        if each.done is not None:
            by_loop.setdefault(each.done.get_loop(), []).append(each.done)
    for loop, futures in by_loop.items():
        with suppress(RuntimeError):  # the loop is closed: nobody waits there
            loop.call_soon_threadsafe(_resolve, futures, error)


def _resolve(futures: Iterable[asyncio.Future[None]], error: RecordError | None) -> None:
    for future in futures:
        if future.done():
            continue
        if error is None:
            future.set_result(None)
        else:
            future.set_exception(RecordError(*error.args))
