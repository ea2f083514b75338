"""Upstream connections for one client's parallel requests: each serves one request at a time, and is used again.

The core would open one per request and client of HTTP/2. A connection that lies idle is used again only for the same
agent's same run, and only when the new request was pinned to the very address that it goes to.
"""

from __future__ import annotations

from collections.abc import Callable

from mitmproxy.connection import ConnectionState, Server
from mitmproxy.proxy import commands, layer
from mitmproxy.proxy.layers.http import GetHttpConnection, GetHttpConnectionCompleted, HttpLayer, HttpStream
from mitmproxy.proxy.layers.http._http1 import Http1Client

from aisecops.adapters.mitm.exchange import Exchange
from aisecops.adapters.mitm.gate import Gate

Commands = layer.CommandGenerator[None]
OpenNew = Callable[[GetHttpConnection], Commands]
"""How the core opens a connection of its own for one request."""


class ParallelUpstreams:
    """The upstream connections of one HTTP layer. `serves` tells for whom each was opened."""

    def __init__(self, http_layer: HttpLayer, gate: Gate) -> None:
        self._layer = http_layer
        self._gate = gate
        self._serves: dict[Server, tuple[str, str]] = {}
        self._taken: dict[Server, int] = {}

    def connect(self, event: GetHttpConnection, open_new: OpenNew) -> Commands:
        """Give the stream that asks an idle connection, or a new one that is dialled for it alone."""
        stream = self._layer.command_sources[event]
        if not isinstance(stream, HttpStream) or (exchange := self._gate.exchanges.get(stream.flow.id)) is None:
            raise RuntimeError("a request without an exchange asked for an upstream connection")
        self._forget_the_dead()
        idle = self._idle(event, exchange)
        if idle is not None:
            self._taken[idle] = stream.stream_id
            del self._layer.command_sources[event]
            yield from self._layer.event_to_child(stream, GetHttpConnectionCompleted(event, (idle, None)))
            return
        known = {*self._layer.connections}
        for command in open_new(event):
            if isinstance(command, commands.OpenConnection):
                # a connection through another proxy is two: the one that is dialled, and the one inside
                for conn in {*self._layer.connections, command.connection} - known:
                    if isinstance(conn, Server):
                        self._dials()[conn.id] = stream.flow.id
                        self._serves[conn], self._taken[conn] = _bearer(exchange), stream.stream_id
            yield command

    def _dials(self) -> dict[str, str]:
        return self._gate.dials.setdefault(self._layer.context.client.id, {})

    def _idle(self, event: GetHttpConnection, exchange: Exchange) -> Server | None:
        for conn, serves in self._serves.items():
            if (
                conn.state is ConnectionState.OPEN
                and conn.error is None
                and event.connection_spec_matches(conn)
                and serves == _bearer(exchange)
                and self._taken.get(conn) not in self._layer.streams
                and self._reader(conn) is not None
                and exchange.forward is not None
                and conn.peername is not None
                and conn.peername[:2] in exchange.forward.addresses
            ):
                return conn
        return None

    def _reader(self, conn: Server) -> Http1Client | None:
        """Who reads answers from `conn`, when it waits for a request."""
        top = self._layer.connections.get(conn)
        reader = top.context.layers[-1] if top is not None else None
        if isinstance(reader, Http1Client) and reader.stream_id is None and reader.state == reader.read_headers:
            return reader
        return None

    def _forget_the_dead(self) -> None:
        """The core keeps every connection that ever was; a long connection of a client would have thousands."""
        for conn in [*self._serves]:
            over = conn.timestamp_end is not None or (conn.error is not None and conn.timestamp_tcp_setup is None)
            if over and conn.state is ConnectionState.CLOSED and self._taken.get(conn) not in self._layer.streams:
                self._layer.connections.pop(conn, None)
                self._dials().pop(conn.id, None)
                del self._serves[conn]
                self._taken.pop(conn, None)


def _bearer(exchange: Exchange) -> tuple[str, str]:
    return exchange.caller.agent_id, exchange.forward.run_id if exchange.forward is not None else ""
