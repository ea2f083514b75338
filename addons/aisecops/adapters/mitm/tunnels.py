"""Everything around HTTP requests: connections, CONNECT, the TLS names, and protocols that are refused.

Knows who opened which tunnel and for how long that holds. A tunnel carries TLS or plain HTTP; bytes of anything
else are never relayed, also when an option or another addon would have them so.
"""

from __future__ import annotations

from mitmproxy import connection, dns, http, tcp, tls, udp

from aisecops.adapters.mitm.gate import Gate
from aisecops.adapters.mitm.guard import drop_messages, empty_messages
from aisecops.adapters.mitm.host_refusals import UNJUDGED
from aisecops.adapters.mitm.judging import judge_connect, misnamed
from aisecops.adapters.mitm.names import normal
from aisecops.adapters.mitm.redirected import enter_tls
from aisecops.model.outcome import Refuse


class Tunnels:
    """An addon: opens tunnels, remembers whose they are, refuses what is not HTTP."""

    name = "aisecops-tunnels"

    def __init__(self, gate: Gate) -> None:
        self._gate = gate

    def client_connected(self, client: connection.Client) -> None:
        """Nobody enters a gateway that is closed."""
        if self._gate.closed is not None:
            client.error = "the gateway is closed"

    def client_disconnected(self, client: connection.Client) -> None:
        """What the connection proved ends with it."""
        self._gate.tunnels.pop(client.id, None)

    async def http_connect(self, flow: http.HTTPFlow) -> None:
        """Refuse first; then open the tunnel for a known caller, to a name that may be gone to."""
        self._gate.refuse(flow, UNJUDGED)
        outcome = await judge_connect(self._gate, flow.request, flow.client_conn)
        if isinstance(outcome, Refuse):
            self._gate.refuse(flow, outcome)
        else:
            self._gate.let_connect(flow, outcome)

    async def tls_clienthello(self, data: tls.ClientHelloData) -> None:
        """TLS is read, never passed through; in a tunnel only under its own name, without one under a judged name."""
        data.ignore_connection = False
        data.establish_server_tls_first = False
        redirected = self._gate.redirected.get(data.context.client.id)
        if redirected is not None:
            await enter_tls(self._gate, redirected, data)
            return
        tunnel = self._gate.tunnels.get(data.context.client.id)
        sni = data.client_hello.sni
        if tunnel is not None and sni is not None and normal(sni) != tunnel.place.host:
            self._gate.abort(data.context.client)
            await misnamed(self._gate, tunnel)

    def tcp_start(self, flow: tcp.TCPFlow) -> None:
        """Raw bytes are never relayed. Killing the flow would not stop them; empty messages and an abort do."""
        self._refuse_raw(flow)

    def tcp_message(self, flow: tcp.TCPFlow) -> None:
        """As for the start."""
        self._refuse_raw(flow)

    def udp_start(self, flow: udp.UDPFlow) -> None:
        """As for raw bytes."""
        self._refuse_raw(flow)

    def udp_message(self, flow: udp.UDPFlow) -> None:
        """As for raw bytes."""
        self._refuse_raw(flow)

    def dns_request(self, flow: dns.DNSFlow) -> None:
        """Names are resolved for admitted requests only."""
        self._gate.abort(flow.client_conn)

    def websocket_message(self, flow: http.HTTPFlow) -> None:
        """A message passes only in an exchange that was admitted as a WebSocket; only the newest is kept."""
        exchange = self._gate.exchanges.get(flow.id)
        if exchange is None or not exchange.websocket or self._gate.closed is not None:
            drop_messages(flow)
            self._gate.abort(flow.client_conn)
        elif flow.websocket is not None:
            del flow.websocket.messages[:-1]

    def _refuse_raw(self, flow: tcp.TCPFlow | udp.UDPFlow) -> None:
        empty_messages(flow)
        self._gate.abort(flow.client_conn)
