"""Bytes handed over for sending that have not left: counted against the room for bodies, and not kept for ever.

Knows transports. A peer that reads slowly has all the time it needs; one that reads nothing is dropped.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping

from mitmproxy.connection import Connection
from mitmproxy.proxy.server import ConnectionIO

from aisecops.adapters.mitm.load import Held, Load

COUNTED_FROM_BYTES = 64 * 1024
_LOOK_EVERY_S = 0.05


class Unwritten:
    """What one client connection and its upstream connections still have to send. `late` is told when it stands."""

    def __init__(self, transports: Mapping[Connection, ConnectionIO], load: Load, *, late: Callable[[], None]) -> None:
        self._transports = transports
        self._idle_s = min(load.bounds.idle_s, load.bounds.keepalive_s)
        self._held = Held(load.room)
        self._late = late
        self._watch: asyncio.Task[None] | None = None
        self._client = next((_transport(io) for io in transports.values()), None)

    @property
    def size_bytes(self) -> int:
        """Bytes that wait now. The client's transport counts also when the core has let go of it."""
        size = self._client.get_write_buffer_size() if self._client is not None else 0
        for io in self._transports.values():
            transport = _transport(io)
            if transport is not None and transport is not self._client:
                size += transport.get_write_buffer_size()
        return size

    def look(self) -> None:
        """Something was perhaps handed over; begin to count when it is much."""
        if self._watch is None and self.size_bytes > COUNTED_FROM_BYTES:
            self._watch = asyncio.get_running_loop().create_task(self._until_written())

    async def end(self) -> None:
        """The connection is closing: return when the last byte has left, or nothing leaves any more."""
        if self._watch is None and self.size_bytes:
            self._watch = asyncio.get_running_loop().create_task(self._until_written())
        if self._watch is not None:
            await asyncio.wait((self._watch,))

    def drop(self) -> None:
        """Whatever is left is of no use any more."""
        if self._client is not None and self._client.is_closing():
            self._client.abort()

    async def _until_written(self) -> None:
        loop = asyncio.get_running_loop()
        size, moved = -1, loop.time()
        try:
            while now := self.size_bytes:
                self._held.be(now)
                if now != size:
                    size, moved = now, loop.time()
                elif loop.time() - moved > self._idle_s:
                    self._late()
                    return
                await asyncio.sleep(_LOOK_EVERY_S)
        finally:
            self._held.be(0)
            self._watch = None


def _transport(io: ConnectionIO) -> asyncio.WriteTransport | None:
    return io.writer.transport if isinstance(io.writer, asyncio.StreamWriter) else None
