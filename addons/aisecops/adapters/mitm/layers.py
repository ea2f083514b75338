"""Which protocol layers a connection gets: ours for HTTP, the core's for the TLS around it, and no other.

Knows the first bytes. What the HTTP layers add to the core's is in `stream_layer.py` and `server_layer.py`.
"""

from __future__ import annotations

import functools
from typing import override

from mitmproxy import tls
from mitmproxy.connection import Server
from mitmproxy.proxy import commands, events, layer, tunnel
from mitmproxy.proxy.context import Context
from mitmproxy.proxy.layers import ClientTLSLayer, ServerTLSLayer
from mitmproxy.proxy.layers.http import GetHttpConnection, HttpLayer, HTTPMode
from mitmproxy.proxy.layers.modes import HttpProxy

from aisecops.adapters.mitm.gate import Gate, Stopping
from aisecops.adapters.mitm.http2_server import GovernedHttp2Server
from aisecops.adapters.mitm.http2_upstreams import ParallelUpstreams
from aisecops.adapters.mitm.lateness import Overdue
from aisecops.adapters.mitm.server_layer import GovernedHttp1Server
from aisecops.adapters.mitm.stream_layer import GovernedStream
from aisecops.adapters.mitm.upstream_layer import use_for_every_upstream

Commands = layer.CommandGenerator[None]

use_for_every_upstream()


class LayerChoice:
    """An addon that puts our layers in place: HTTP and TLS around it. Nothing else is ever chosen."""

    def __init__(self, gate: Gate, *, name: str = "nextlayer") -> None:
        self.name = name
        self._gate = gate

    def tls_clienthello(self, data: tls.ClientHelloData) -> None:
        """Agree on HTTP/2 in the TLS of a tunnel; the core's own switch stays off, and with it HTTP/2 to upstreams."""
        client = data.context.client
        known = client.id in self._gate.tunnels or client.id in self._gate.redirected
        if self._gate.http2 and known and b"h2" in data.client_hello.alpn_protocols:
            client.alpn = b"h2"

    def next_layer(self, data: layer.NextLayer) -> None:
        """Choose by the first bytes. What is neither TLS nor HTTP is told so by the HTTP layer, and nothing leaves."""
        context = data.context
        # one byte is enough to tell, so nothing is ever put off for another addon to decide
        wants_tls = data.data_client()[:1] == b"\x16"
        has_tls = isinstance(context.layers[-1], ClientTLSLayer)
        stack = tunnel.LayerStack()
        if len(context.layers) == 1 and isinstance(context.layers[0], HttpProxy):
            if wants_tls:
                stack /= ClientTLSLayer(context)
            stack /= GovernedHttpLayer(context, HTTPMode.regular, self._gate)
        elif wants_tls and not has_tls:
            stack /= ServerTLSLayer(context)
            stack /= ClientTLSLayer(context)
        else:
            stack /= GovernedHttpLayer(context, HTTPMode.transparent, self._gate)
        data.layer = stack[0]


class GovernedHttpLayer(HttpLayer):
    """Makes our streams on our own readers of HTTP/1.1 and HTTP/2; the core's are never used."""

    def __init__(self, context: Context, mode: HTTPMode, gate: Gate) -> None:
        super().__init__(context, mode)
        self._gate = gate
        self._serves: tuple[str, str] | None = None
        self._parallel = ParallelUpstreams(self, gate)

    @override
    def _handle_event(self, event: events.Event) -> Commands:
        if isinstance(event, Stopping):
            yield from self._stop_taking(event)
            return
        if isinstance(event, Overdue):
            for stream in list(self.streams.values()):
                yield from self.event_to_child(stream, event)
            return
        if isinstance(event, events.Start):
            self.connections[self.context.client] = self._towards_the_client()
        yield from super()._handle_event(event)

    def _stop_taking(self, event: Stopping) -> Commands:
        """HTTP/2 has a word for it; a tunnel may have HTTP/2 inside."""
        server = self.connections.get(self.context.client)
        if isinstance(server, GovernedHttp2Server):
            yield from self.event_to_child(server, event)
        for stream in list(self.streams.values()):
            if stream.child_layer is not None:
                yield from self.event_to_child(stream, event)

    def _towards_the_client(self) -> GovernedHttp1Server | GovernedHttp2Server:
        """HTTP/2 where it was agreed on in the TLS of a tunnel, and only there."""
        client = self.context.client
        if self._gate.http2 and client.alpn == b"h2" and client.tls and self.mode is HTTPMode.transparent:
            return GovernedHttp2Server(self.context.fork(), self._gate, under_way=lambda: len(self.streams))
        return GovernedHttp1Server(self.context.fork(), self._gate)

    @override
    def get_connection(self, event: GetHttpConnection, *, reuse: bool = True) -> Commands:
        """As ever; but an upstream connection carries one agent's one run: some servers take it for who is on it."""
        if isinstance(self.connections[self.context.client], GovernedHttp2Server):
            yield from self._parallel.connect(event, functools.partial(super().get_connection, reuse=False))
            return
        bearer = self._gate.bearer(self.context.client)
        if self._serves not in {None, bearer}:
            for conn in [*self.connections]:
                if isinstance(conn, Server) and conn.connected:
                    yield commands.CloseConnection(conn)
        self._serves = bearer
        yield from super().get_connection(event, reuse=reuse)

    @override
    def make_stream(self, stream_id: int) -> Commands:
        self.streams[stream_id] = GovernedStream(self.context.fork(), stream_id, self._gate)
        yield from self.event_to_child(self.streams[stream_id], events.Start())
