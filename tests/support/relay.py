"""An address on loopback that leads to a server of the test's choice, and to another one when the test says so."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator


class Relay:
    """Passes bytes on. `target` is the port it leads to; `trips` counts how often the client has spoken."""

    def __init__(self, target: int) -> None:
        self.target = target
        self.port = 0
        self.trips = 0
        self._writers: set[asyncio.StreamWriter] = set()

    def cut(self) -> None:
        """Every connection ends at once."""
        for writer in self._writers:
            writer.transport.abort()
        self._writers.clear()

    async def _taken(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            upstream, onward = await asyncio.open_connection("127.0.0.1", self.target)
        except OSError:
            writer.close()
            return
        self._writers |= {writer, onward}
        with contextlib.suppress(OSError):
            await asyncio.gather(self._pass(reader, onward, counted=True), self._pass(upstream, writer))
        for one in (writer, onward):
            one.close()

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, counted: bool = False) -> None:
        while data := await reader.read(1 << 20):
            self.trips += counted
            writer.write(data)
            await writer.drain()
        writer.close()


@contextlib.asynccontextmanager
async def relayed(target: int) -> AsyncIterator[Relay]:
    """A relay that leads to `target`."""
    relay = Relay(target)
    server = await asyncio.start_server(relay._taken, "127.0.0.1", 0)
    relay.port = server.sockets[0].getsockname()[1]
    try:
        yield relay
    finally:
        server.close()
        relay.cut()
        await asyncio.sleep(0)
