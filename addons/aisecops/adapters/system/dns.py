"""The sockets of a DNS server, over UDP and TCP; what is answered is somebody else's.

Bounded: as many TCP connections at once, as long, and as many queries on each, as a resolver needs. A query that
cannot be taken is dropped, and the resolver asks again.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
from collections.abc import AsyncIterator, Callable
from typing import Any

from aisecops.model.errors import ConfigError

Answer = Callable[[bytes], bytes | None]
"""One message to its answer; None: say nothing."""

MAX_CONNECTIONS = 64
MAX_ON_ONE = 100
IDLE_S = 5.0
_EVERY_ADDRESS = {"::": ("0.0.0.0", "::")}  # noqa: S104 - what an operator wrote, for both families


@contextlib.asynccontextmanager
async def answering_names(
    host: str, port: int, answer: Answer, *, shared: bool = False, setting: str = "proxy.dns"
) -> AsyncIterator[int]:
    """Answer on `host:port` (`::` is IPv4 too) while inside; gives the port. `shared`: other processes do too.

    Raises ConfigError, naming `setting`, when it cannot listen.
    """
    async with contextlib.AsyncExitStack() as opened:
        for each in _EVERY_ADDRESS.get(host, (host,)):
            try:
                port = await _listen(opened, each, port, answer, shared=shared or None)
            except OSError as failed:
                raise ConfigError(
                    f"cannot listen on `{each}` port {port} for names: {os.strerror(failed.errno or 0).lower()}",
                    f"free it, or choose another in `{setting}`",
                ) from None
        yield port


async def _listen(
    opened: contextlib.AsyncExitStack, host: str, port: int, answer: Answer, *, shared: bool | None
) -> int:
    streams = Streams(answer)
    server = await asyncio.start_server(streams.serve, host, port, reuse_port=shared)
    opened.push_async_callback(streams.end)
    opened.callback(server.close)
    port = int(server.sockets[0].getsockname()[1])
    transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(
        lambda: Datagrams(answer), sock=_datagram_socket(host, port, shared=shared)
    )
    opened.callback(transport.close)
    return port


def _datagram_socket(host: str, port: int, *, shared: bool | None) -> socket.socket:
    """A bound one, of its own family alone, so that the other can have the port too."""
    made = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_DGRAM)
    try:
        made.setblocking(False)
        if made.family == socket.AF_INET6:
            made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        if shared:
            made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        made.bind((host, port))
    except OSError:
        made.close()
        raise
    return made


class Datagrams(asyncio.DatagramProtocol):
    """One message in, at most one out."""

    transport: asyncio.DatagramTransport

    def __init__(self, answer: Answer) -> None:
        self._answer = answer

    def connection_made(self, transport: Any) -> None:
        self.transport = transport

    def datagram_received(self, data: bytes, addr: Any) -> None:
        said = self._answer(data)
        if said is not None:
            self.transport.sendto(said, addr)


class Streams:
    """Messages behind their length, over TCP."""

    def __init__(self, answer: Answer) -> None:
        self._answer = answer
        self._open: set[asyncio.StreamWriter] = set()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer one connection until it is idle, wrong or has had enough."""
        if len(self._open) >= MAX_CONNECTIONS:
            writer.transport.abort()
            return
        self._open.add(writer)
        try:
            for _ in range(MAX_ON_ONE):
                async with asyncio.timeout(IDLE_S):
                    size = int.from_bytes(await reader.readexactly(2))
                    said = self._answer(await reader.readexactly(size))
                    if said is None:
                        return
                    writer.write(len(said).to_bytes(2) + said)
                    await writer.drain()
        except (TimeoutError, asyncio.IncompleteReadError, ConnectionError):
            pass  # it has gone, or it is as good as gone
        finally:
            self._open.discard(writer)
            writer.close()

    async def end(self) -> None:
        """Drop what is open."""
        for writer in list(self._open):
            writer.transport.abort()
