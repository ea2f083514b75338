"""One end of a connection as the lane uses it: what came is kept until it is wanted, and what is read has a bound.

Knows bytes and ends. Does not know whether TLS is below it (`tls_pipe.py`), nor what the bytes mean.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable

from h11._receivebuffer import ReceiveBuffer

KEPT_BYTES = 64 * 1024
"""From so many unread bytes on, no more is read."""


class Line(asyncio.Protocol):
    """Reads into `buf`. `ended` when the peer will send no more, `lost` when nothing can be sent to it either.

    `on_end` is called once, at whichever comes first; `on_lost` at the second; `on_more` whenever something came.
    """

    def __init__(
        self,
        *,
        on_end: Callable[[], None] = lambda: None,
        on_more: Callable[[], None] = lambda: None,
        most: int = KEPT_BYTES,
    ) -> None:
        self.buf = ReceiveBuffer()
        self.ended = False
        self.lost = False
        self.broken = False
        self.transport: asyncio.Transport
        self.on_lost: Callable[[], None] = lambda: None
        self.on_end = on_end
        self._on_more = on_more
        self._most = most
        self._paused = False
        self._waiting: asyncio.Future[None] | None = None
        self._may_write = asyncio.Event()
        self._may_write.set()
        self._gone = asyncio.Event()

    # the event loop's side

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The line stands."""
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        """Keep it; and read no more for now when it is much."""
        self.buf += data
        if not self._paused and len(self.buf) > self._most:
            self._paused = True
            self.transport.pause_reading()
        self._on_more()
        self._wake()

    def eof_received(self) -> bool:
        """The peer sends no more. The line stays until we close it, where it can."""
        self._end()
        return self.transport.can_write_eof()

    def connection_lost(self, exc: Exception | None) -> None:
        """Nothing moves any more."""
        self.lost = True
        self.broken = self.broken or exc is not None
        self._may_write.set()
        self._gone.set()
        self._end()
        self.on_lost()

    def pause_writing(self) -> None:
        """Much was handed over that has not left."""
        self._may_write.clear()

    def resume_writing(self) -> None:
        """There is room again."""
        self._may_write.set()

    # the lane's side

    async def more(self) -> bool:
        """Wait until something came that was not here before; False when nothing will."""
        if self.ended:
            return False
        self._read_on()
        self._waiting = asyncio.get_running_loop().create_future()
        try:
            await self._waiting
        finally:
            self._waiting = None
        return True

    def take(self, most: int) -> bytes:
        """What came first, up to `most` bytes; its place is free for what comes, and for the end."""
        piece = bytes(self.buf.maybe_extract_at_most(most) or b"")
        if len(self.buf) <= self._most:
            self._read_on()
        return piece

    def _read_on(self) -> None:
        if self._paused:
            self._paused = False
            self.transport.resume_reading()

    def write(self, data: bytes) -> None:
        """Hand `data` over, if anybody is still there."""
        if not self.lost and not self.transport.is_closing():
            self.transport.write(data)

    async def room(self, seconds: float) -> None:
        """Return when not much waits to be sent, or nobody is there to send it to; or after `seconds`."""
        if not self._may_write.is_set():
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(seconds):
                    await self._may_write.wait()

    @property
    def is_full(self) -> bool:
        """True when nothing more should be handed over for now."""
        return not self._may_write.is_set()

    @property
    def unwritten(self) -> int:
        """Bytes that were handed over and have not left."""
        return 0 if self.lost else self.transport.get_write_buffer_size()

    @property
    def is_open(self) -> bool:
        """True while both sides may send."""
        return not self.ended and not self.transport.is_closing()

    def wake(self) -> None:
        """Have who waits for more look again."""
        self._wake()

    def close(self) -> None:
        """Send what was handed over, then end."""
        self.transport.close()

    def abort(self) -> None:
        """End without another byte."""
        self.transport.abort()

    async def gone(self, seconds: float) -> bool:
        """Wait for the end at most so long; True when it has come."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._gone.wait()
        return self._gone.is_set()

    def _end(self) -> None:
        if not self.ended:
            self.ended = True
            self.on_end()
        self._wake()

    def _wake(self) -> None:
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_result(None)
