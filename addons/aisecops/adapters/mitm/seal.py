"""The seal: what leaves is exactly what was admitted, or nothing leaves.

Stands last in the chain, so no addon acts between it and the wire; `layers.py` looks at the same seal once
more when the upstream connection stands, right before the first byte.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from mitmproxy import http
from mitmproxy.proxy import layer
from mitmproxy.proxy.layers import ClientTLSLayer, ServerTLSLayer

if TYPE_CHECKING:
    from aisecops.adapters.mitm.gate import Gate


class Sealed(NamedTuple):
    """Everything of a request that reaches the wire. Compared whole: stricter than a digest, and cheaper."""

    method: bytes
    scheme: bytes
    authority: bytes
    host: str
    port: int
    path: bytes
    http_version: bytes
    headers: tuple[tuple[bytes, bytes], ...]
    body: bytes
    trailers: bool
    streamed: bool
    via: object


def sealed(flow: http.HTTPFlow) -> Sealed:
    """The seal of `flow` as it stands."""
    data = flow.request.data
    return Sealed(
        method=data.method,
        scheme=data.scheme,
        authority=data.authority,
        host=data.host,
        port=data.port,
        path=data.path,
        http_version=data.http_version,
        headers=flow.request.headers.fields,
        body=data.content or b"",
        trailers=bool(data.trailers),
        streamed=bool(flow.request.stream),
        via=flow.server_conn.via,
    )


class Seal:
    """The last addon of the chain."""

    name = "aisecops-seal"

    def __init__(self, gate: Gate) -> None:
        self._gate = gate

    def next_layer(self, data: layer.NextLayer) -> None:
        """Only layers that ask the gate, and TLS around them; any other would carry bytes that nobody judged."""
        from aisecops.adapters.mitm.layers import GovernedHttpLayer

        if not isinstance(data.layer, (GovernedHttpLayer, ClientTLSLayer, ServerTLSLayer)):
            self._gate.abort(data.context.client)

    def request(self, flow: http.HTTPFlow) -> None:
        """A request that would leave now must be as it was admitted."""
        if flow.response is None and flow.error is None and not self._gate.may_leave(flow):
            self._gate.refuse_changed(flow)
