"""Which protocol layers a connection gets: ours for HTTP/1.1, the core's for the TLS around it, and no other.

Knows the first bytes. What the HTTP layers add to the core's is in `stream_layer.py` and `server_layer.py`.
"""

from __future__ import annotations

from mitmproxy.proxy import events, layer, tunnel
from mitmproxy.proxy.context import Context
from mitmproxy.proxy.layers import ClientTLSLayer, ServerTLSLayer
from mitmproxy.proxy.layers.http import HttpLayer, HTTPMode
from mitmproxy.proxy.layers.modes import HttpProxy

from aisecops.adapters.mitm.gate import Gate
from aisecops.adapters.mitm.server_layer import GovernedHttp1Server
from aisecops.adapters.mitm.stream_layer import GovernedStream

Commands = layer.CommandGenerator[None]


class LayerChoice:
    """An addon that puts our layers in place: HTTP and TLS around it. Nothing else is ever chosen."""

    def __init__(self, gate: Gate, *, name: str = "nextlayer") -> None:
        self.name = name
        self._gate = gate

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
    """Makes our streams on our HTTP/1.1 server; no other version is spoken."""

    def __init__(self, context: Context, mode: HTTPMode, gate: Gate) -> None:
        super().__init__(context, mode)
        self._gate = gate

    def _handle_event(self, event: events.Event) -> Commands:
        if isinstance(event, events.Start):
            self.connections[self.context.client] = GovernedHttp1Server(self.context.fork(), self._gate)
        yield from super()._handle_event(event)

    def make_stream(self, stream_id: int) -> Commands:
        self.streams[stream_id] = GovernedStream(self.context.fork(), stream_id, self._gate)
        yield from self.event_to_child(self.streams[stream_id], events.Start())
