"""The governance addon: each hook asks the enforcer and carries out its answer, in a few lines.

Refuses first and lets go last: from the head on, a request stands refused until judging has come to its end.
What is asked and in which order is `judging.py`'s, for both lanes; what escapes a hook is `guard.py`'s; what may reach
the wire is `gate.py`'s.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mitmproxy import connection, http

from aisecops.adapters.mitm.apply import add_headers, clean_answer
from aisecops.adapters.mitm.bounds import LINGER_S
from aisecops.adapters.mitm.gate import Gate
from aisecops.adapters.mitm.handshake import is_websocket_answer
from aisecops.adapters.mitm.host_refusals import SWITCHED
from aisecops.adapters.mitm.judging import begin_answer, judge_head, judge_whole, let_go, settle
from aisecops.model.outcome import Refuse

if TYPE_CHECKING:
    from aisecops.adapters.mitm.lane.lane import Lane


class GovernanceAddon:
    """Between the proxy core and the enforcer. Its `gate` is where the listener and the layers find theirs.

    Its `lane` is the fast one, where there is one.
    """

    name = "aisecops-governance"

    def __init__(self, gate: Gate) -> None:
        self.gate = gate
        self.lane: Lane | None = None

    async def requestheaders(self, flow: http.HTTPFlow) -> None:
        """The head is there: refuse what can be refused before a byte of body is read."""
        if flow.error is not None:
            return  # the core could not read it, answers so, and sends nothing anywhere
        self.gate.hold(flow)
        outcome = await judge_head(self.gate, flow.id, flow.request, flow.client_conn)
        if isinstance(outcome, Refuse):
            flow.request.headers.pop("expect", None)  # nobody is asked for a body that will not be judged
            self.gate.refuse(flow, outcome)

    async def request(self, flow: http.HTTPFlow) -> None:
        """All of it is there: let it be judged, and let go exactly what was admitted."""
        exchange = self.gate.exchanges.get(flow.id)
        if exchange is None or not self.gate.unjudged(flow):
            return
        exchange.clock.waits()
        with exchange.at_work():
            if refuse := await judge_whole(self.gate, exchange, flow.request, flow.client_conn):
                self.gate.refuse(flow, refuse)
            else:
                self.gate.admit(flow, exchange)

    def responseheaders(self, flow: http.HTTPFlow) -> None:
        """The head of the answer is there: clean it, and stream it if that is asked for."""
        exchange, response = self.gate.exchanges.get(flow.id), flow.response
        if exchange is None or response is None or not exchange.sent or self.gate.refused(flow):
            return
        clean_answer(response)
        if response.status_code == 101:  # noqa: PLR2004 - the HTTP status
            if not (exchange.websocket and is_websocket_answer(flow.request, response)):
                self.gate.refuse(flow, SWITCHED)
                self.gate.drop_server(flow.client_conn, flow.server_conn)
                if flow.client_conn.alpn != b"h2":  # there a stream of many; here what may come after it is anybody's
                    self.gate.end_within(flow.client_conn, LINGER_S)
            return
        begin_answer(self.gate, exchange, flow.request, response, cut=lambda: self.gate.drop_answer(flow))
        if exchange.stream is not None:
            response.stream = exchange.stream

    async def response(self, flow: http.HTTPFlow) -> None:
        """The whole answer is there, or all of the stream has passed: settle."""
        exchange, response = self.gate.exchanges.get(flow.id), flow.response
        if exchange is None or response is None:
            return
        if self.gate.refused(flow) or exchange.stream is not None or not exchange.sent:
            await let_go(self.gate, exchange, "refused")
        elif response.status_code == 101:  # noqa: PLR2004 - the HTTP status
            exchange.upgraded = True  # its permit stands until the channel ends
            exchange.clock.waits()  # an answer's bounds are over; the client's clock knows when nothing moves
            add_headers(response, exchange.forward.response_headers if exchange.forward else ())
        elif refuse := await settle(self.gate, exchange, response):
            self.gate.refuse(flow, refuse)

    async def error(self, flow: http.HTTPFlow) -> None:
        """There will be no answer."""
        if exchange := self.gate.exchanges.get(flow.id):
            await let_go(self.gate, exchange, "it was cut" if exchange.cut else "the client or the upstream ended it")

    async def client_disconnected(self, client: connection.Client) -> None:
        """Whatever of this client is still under way will have no answer; what is still judged must not leave."""
        for flow_id, exchange in self.gate.of_client(client.id):
            exchange.gone = True
            del self.gate.exchanges[flow_id]
            self.gate.over(exchange)
            await let_go(self.gate, exchange, "the client has gone")
