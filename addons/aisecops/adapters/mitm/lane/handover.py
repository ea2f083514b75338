"""The point at which the core takes a connection over: with every byte that nobody has judged, and what stands already.

Knows transports. A connection that was handed over stays the core's.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from mitmproxy import connection

from aisecops.adapters.mitm.deadlines import Stage
from aisecops.adapters.mitm.exchange import Tunnel


@dataclass(frozen=True, slots=True, kw_only=True)
class HandedOver:
    """`received` was read of `transport` and judged by nobody; `ended` when nothing comes after it.

    `began` is when the client came, by the wall; `since` when it came to its `stage`, by the loop. `tunnel` when one is
    open; `tls` when TLS stands in it, which is then below `transport`: the client as TLS made it known.
    """

    transport: asyncio.Transport
    received: bytes
    ended: bool
    began: float
    since: float
    stage: Stage
    tunnel: Tunnel | None = None
    tls: connection.Client | None = None


def streams_of(handed_over: HandedOver) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """The connection as the core reads and writes one."""
    loop, transport = asyncio.get_running_loop(), handed_over.transport
    reader = asyncio.StreamReader(loop=loop)
    protocol = asyncio.StreamReaderProtocol(reader, loop=loop)
    transport.set_protocol(protocol)
    protocol.connection_made(transport)
    if handed_over.received:
        reader.feed_data(handed_over.received)
    if handed_over.ended:
        reader.feed_eof()
    transport.resume_reading()
    return reader, asyncio.StreamWriter(transport, protocol, reader, loop)
