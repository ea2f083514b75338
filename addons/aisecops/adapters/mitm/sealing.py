"""The last addon of the chain: no addon acts between it and the wire.

`layers.py` looks at the same seal once more when the upstream connection stands, right before the first byte.
"""

from __future__ import annotations

from mitmproxy import http
from mitmproxy.proxy import layer
from mitmproxy.proxy.layers import ClientTLSLayer, ServerTLSLayer

from aisecops.adapters.mitm.gate import Gate
from aisecops.adapters.mitm.layers import GovernedHttpLayer


class Seal:
    """Refuses what is not as it was admitted."""

    name = "aisecops-seal"

    def __init__(self, gate: Gate) -> None:
        self._gate = gate

    def next_layer(self, data: layer.NextLayer) -> None:
        """Only layers that ask the gate, and TLS around them; any other would carry bytes that nobody judged."""
        if not isinstance(data.layer, (GovernedHttpLayer, ClientTLSLayer, ServerTLSLayer)):
            self._gate.abort(data.context.client)

    def request(self, flow: http.HTTPFlow) -> None:
        """A request that would leave now must be as it was admitted."""
        if flow.response is None and flow.error is None and not self._gate.may_leave(flow):
            self._gate.refuse_changed(flow)
