"""What is done about who is late: an exchange over its bound, a client that does not get to its first request.

Before an answer has begun its agent is told in a document (`failures.py`); after that it is cut, in its own protocol's
form where that has one (`cuts.py`). Knows how a clock's ring gets to the right layer; the clocks are `deadlines.py`'s.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass

from mitmproxy import http, tls
from mitmproxy.proxy import events

from aisecops.adapters.mitm.bounds import Bound
from aisecops.adapters.mitm.cuts import cut_exchange
from aisecops.adapters.mitm.deadlines import ExchangeClock, Stage
from aisecops.adapters.mitm.failures import in_time
from aisecops.adapters.mitm.gate import Gate
from aisecops.model.outcome import Refuse
from aisecops.model.refusals import Code


@dataclass
class Overdue(events.Event):
    """The body of this flow's request did not come in time."""

    flow_id: str


def clock_for(gate: Gate, flow_id: str) -> ExchangeClock:
    """A clock that, when it rings, ends the exchange of the flow `flow_id`."""
    return ExchangeClock(gate.load.bounds, functools.partial(end_late, gate, flow_id))


def end_late(gate: Gate, flow_id: str, bound: Bound) -> None:
    """End the exchange of `flow_id`, which has crossed `bound`."""
    exchange = gate.exchanges.get(flow_id)
    connected = gate.connected.get(exchange.client_id) if exchange else None
    if exchange is None or connected is None:
        return
    if bound is Bound.BODY:
        connected.tell(Overdue(flow_id))
    elif exchange.stream is not None:
        # the status is out already; what is left to say is that this is no whole answer
        detail = f"the upstream {in_time(bound, gate.load.bounds)}"
        cut_exchange(gate, exchange, Refuse(code=Code.OUTPUT_INVALID, detail=detail))
    elif exchange.server is not None:
        connected.abort_server(exchange.server)
    else:
        connected.abort_upstream(only_for=flow_id)


class Stages:
    """An addon: tells the clock of a client connection how far it has come."""

    name = "aisecops-stages"

    def __init__(self, gate: Gate) -> None:
        self._gate = gate

    def requestheaders(self, flow: http.HTTPFlow) -> None:
        """It speaks."""
        self._reaches(flow.client_conn.id, Stage.SPEAKS)

    def http_connected(self, flow: http.HTTPFlow) -> None:
        """A tunnel is open, and nothing is in it yet."""
        self._reaches(flow.client_conn.id, Stage.IN_TUNNEL)

    def http_connect_error(self, flow: http.HTTPFlow) -> None:
        """A tunnel was refused; the client may try another."""
        self._reaches(flow.client_conn.id, Stage.SPEAKS)

    def tls_established_client(self, data: tls.TlsData) -> None:
        """TLS stands; before a proxy's own first head that alone earns no time."""
        if data.context.client.id in self._gate.tunnels:
            self._reaches(data.context.client.id, Stage.SPEAKS)

    def _reaches(self, client_id: str, stage: Stage) -> None:
        connected = self._gate.connected.get(client_id)
        if connected is not None:
            connected.reaches(stage)
