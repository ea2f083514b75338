"""What the parts of the host share while it runs: who is connected, what is under way, what may leave.

Knows no hook and no byte of a protocol. Everything is closed until opened: a flow that is not here, or
is here and refused, cannot leave, whatever addons did or failed to do.
"""

from __future__ import annotations

import asyncio
import logging
import ssl
import weakref
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from mitmproxy import connection, http
from mitmproxy.proxy import events

from aisecops.adapters.mitm.apply import make_answer
from aisecops.adapters.mitm.deadlines import Stage
from aisecops.adapters.mitm.exchange import Exchange, Redirected, Tunnel
from aisecops.adapters.mitm.host_refusals import CHANGED, STARTING, STOPPING, UNJUDGED
from aisecops.adapters.mitm.load import Load
from aisecops.adapters.mitm.pauses import Pauses, Why
from aisecops.adapters.mitm.seal import sealed
from aisecops.gateway.enforcer import Enforcer
from aisecops.model.certificate import Names
from aisecops.model.exchange import HttpRequest, HttpResponse
from aisecops.model.outcome import Refuse
from aisecops.model.refusals import Code

logger = logging.getLogger(__name__)

Problem = Callable[[Refuse, HttpRequest | None], HttpResponse]
"""Writes a refusal as an RFC 9457 document."""


@dataclass
class Stopping(events.Event):
    """Nothing new is taken any more: who can tell its client so, does when nothing is under way for it."""


class Connected(Protocol):
    """A client connection, as far as the gate handles one."""

    def abort(self) -> None:
        """Drop the client's and every upstream transport of it, without another byte."""
        ...

    def abort_upstream(self, *, only_for: str | None = None) -> bool:
        """Drop its upstream transports, or those known to be for one flow; True when there were any."""
        ...

    @property
    def reading(self) -> asyncio.Event:
        """While it is clear, no more is read of the client or any upstream of it."""
        ...

    def abort_server(self, server: connection.Server) -> None:
        """Drop the transport of one upstream connection, if it still stands."""
        ...

    def reaches(self, stage: Stage) -> None:
        """It has come so far."""
        ...

    def tell(self, event: events.Event) -> None:
        """Hand `event` to its layers, as soon as they can take one."""
        ...

    def end_within(self, seconds: float) -> None:
        """It is of no more use: drop it after `seconds` if it is still there."""
        ...

    def close_connection(self, connection: connection.Connection, half_close: bool = False) -> None:
        """Close one transport, or only say that nothing more comes on it."""
        ...

    def unwritten(self) -> int:
        """Bytes that were handed over for the client and have not left yet."""
        ...


class Gate:
    """One per host, closed until `open`. Lives on the proxy's event loop, in one thread."""

    enforcer: Enforcer

    def __init__(
        self,
        problem: Problem,
        *,
        max_body_bytes: int,
        websockets: bool = False,
        http2: bool = True,
        load: Load | None = None,
    ) -> None:
        self.load = load or Load()
        self.max_body_bytes = max_body_bytes
        self.websockets = websockets
        self.http2 = http2
        self.tunnels: dict[str, Tunnel] = {}
        self.redirected: dict[str, Redirected] = {}
        self.connected: dict[str, Connected] = {}
        self.names: dict[str, Names] = {}
        self.listener_tls: ssl.SSLContext | None = None
        self.exchanges: dict[str, Exchange] = {}
        self.dials: dict[str, dict[str, str]] = {}
        self.pauses = Pauses()
        self._problem = problem
        self._refused: weakref.WeakKeyDictionary[http.HTTPFlow, Refuse] = weakref.WeakKeyDictionary()
        self._closed: Refuse | None = STARTING
        self.is_leaving = False

    # the wire as a whole

    @property
    def closed(self) -> Refuse | None:
        """Why nothing passes any more, or None."""
        return self._closed

    def open(self, enforcer: Enforcer) -> None:
        """Let `enforcer` judge from now on. A gate that was tripped stays closed."""
        self.enforcer = enforcer
        if self._closed is STARTING:
            self._closed = None

    def trip(self, why: str) -> None:
        """Refuse everything from now on, for good: what this host runs on is no longer what was checked."""
        if self._closed in (None, STARTING, STOPPING):
            logger.critical("the gateway refuses everything from now on: %s", why)
            self._closed = Refuse(code=Code.INTERNAL, detail=f"the gateway refuses everything: {why}; restart it")

    def stop_admitting(self, *, leaving: bool = False) -> None:
        """What is under way may finish; what comes new is refused, or when `leaving` served as its line's last."""
        self.is_leaving = leaving
        self._closed = self._closed or (None if leaving else STOPPING)
        for connected in list(self.connected.values()):
            connected.tell(Stopping())

    # one flow

    def hold(self, flow: http.HTTPFlow) -> None:
        """Until it is judged to its end `flow` is refused. Its answer is not made for that: `write_refusal` makes it.

        INVARIANT: what is held does not leave, whatever stands in the place of its answer; `may_leave` says so.
        """
        self._refused[flow] = UNJUDGED
        flow.request.stream = False
        flow.response = None

    def refuse(self, flow: http.HTTPFlow, refuse: Refuse) -> None:
        """From now on `flow` is refused with `refuse`, and its answer says so."""
        self._refused[flow] = refuse
        flow.request.stream = False
        self.write_refusal(flow)

    def write_refusal(self, flow: http.HTTPFlow) -> None:
        """Put the refusal of `flow`, if it has one, in the place of any other answer."""
        refuse = self._refused.get(flow)
        if refuse is not None:
            exchange = self.exchanges.get(flow.id)
            flow.response = self.answer(refuse, exchange.request if exchange else None)

    def answer(self, refuse: Refuse, request: HttpRequest | None = None) -> http.Response:
        """The response that says `refuse`. Its reason phrase is the code: some clients show nothing else."""
        return make_answer(self._problem(refuse, request), reason=refuse.code.value)

    def refuse_changed(self, flow: http.HTTPFlow) -> None:
        """Refuse a request that is not what was admitted, or was never admitted."""
        unjudged = flow in self._refused or flow.id not in self.exchanges
        self.refuse(flow, self._closed or (self._refused.get(flow, UNJUDGED) if unjudged else CHANGED))

    def refused(self, flow: http.HTTPFlow) -> Refuse | None:
        """The refusal in force for `flow`."""
        return self._refused.get(flow)

    def unjudged(self, flow: http.HTTPFlow) -> bool:
        """True while the only refusal of `flow` is the one set before judging."""
        return self._refused.get(flow) is UNJUDGED

    def admit(self, flow: http.HTTPFlow, exchange: Exchange) -> None:
        """Open the gate for `flow` exactly as it stands now."""
        del self._refused[flow]
        flow.response = None
        exchange.seal = sealed(flow)

    def let_connect(self, flow: http.HTTPFlow, tunnel: Tunnel) -> None:
        """Let the client of `flow` open its tunnel."""
        del self._refused[flow]
        flow.response = None
        self.tunnels[flow.client_conn.id] = tunnel

    def may_leave(self, flow: http.HTTPFlow) -> bool:
        """True when `flow` was admitted, stands as it was admitted, and nobody refused or answered it since."""
        exchange = self.exchanges.get(flow.id)
        return (
            flow not in self._refused
            and flow.response is None
            and exchange is not None
            and self.may_go(exchange)
            and exchange.seal == sealed(flow)
        )

    def may_go(self, exchange: Exchange) -> bool:
        """True when `exchange` was admitted, and nothing has come up since that ends it."""
        return (
            (self._closed is None or self._closed is STOPPING)
            and exchange.forward is not None
            and not exchange.gone
            and not exchange.failed
            and exchange.cut is None
        )

    def allowed_body(self, flow: http.HTTPFlow) -> int:
        """How many body bytes may be read for `flow`."""
        exchange = self.exchanges.get(flow.id)
        return exchange.allowed if exchange else 0

    def bound(self, client: connection.Client) -> int:
        """How many body bytes a client connection may have sent before it gets an answer."""
        return max([self.max_body_bytes, *(exchange.allowed for _, exchange in self.of_client(client.id))])

    def forget(self, flow: http.HTTPFlow) -> Exchange | None:
        """`flow` is over; returns its exchange if it had one."""
        self._refused.pop(flow, None)
        exchange = self.exchanges.pop(flow.id, None)
        if exchange is not None:
            self.over(exchange)
        return exchange

    def over(self, exchange: Exchange) -> None:
        """Nothing of `exchange` comes any more, and what brought it may be read for others."""
        exchange.over()
        self.read_on(exchange)

    def read_on(self, exchange: Exchange, why: Why | None = None) -> None:
        """Its answer is read again, as far as `why` kept it; without one, whatever did."""
        if exchange.server is not None:
            self.pauses.end(exchange.server.id, why)

    def untaken(self, client: connection.Client, stream_id: int, *, much: bool) -> None:
        """The client of a stream leaves `much` of its answer untaken: then no more of it is read."""
        for _, exchange in self.of_client(client.id):
            if exchange.stream_id == stream_id and exchange.server is not None:
                if much:
                    self.pauses.begin(exchange.server.id, Why.UNTAKEN)
                else:
                    self.read_on(exchange, Why.UNTAKEN)

    # one client connection

    def of_client(self, client_id: str) -> list[tuple[str, Exchange]]:
        """What is under way for one client connection."""
        return [(flow_id, item) for flow_id, item in self.exchanges.items() if item.client_id == client_id]

    def bearer(self, client: connection.Client) -> tuple[str, str] | None:
        """Agent and run of the request of this client that is about to leave."""
        for _, exchange in self.of_client(client.id):
            if exchange.forward is not None and not exchange.sent:
                return exchange.caller.agent_id, exchange.forward.run_id
        return None

    def dialled_by(self, client_id: str, server_id: str | None) -> str | None:
        """The one flow that an upstream connection of this client is opened for; None when that is not known."""
        return self.dials.get(client_id, {}).get(server_id or "")

    def fail(self, client: connection.Client, server: connection.Server | None = None) -> None:
        """A check of an upstream connection failed: whatever of this client is under way must not use it.

        Where it is known whose connection `server` is to be, that is this one request.
        """
        only = self.dialled_by(client.id, server.id) if server is not None else None
        for flow_id, exchange in self.of_client(client.id):
            if only in {None, flow_id}:
                exchange.failed = True

    def abort(self, client: connection.Client) -> None:
        """Drop everything of a client connection at once."""
        connected = self.connected.get(client.id)
        if connected is not None:
            connected.abort()

    def end_within(self, client: connection.Client, seconds: float) -> None:
        """Nothing of worth comes on a client connection any more: drop it after `seconds`."""
        connected = self.connected.get(client.id)
        if connected is not None:
            connected.end_within(seconds)

    def drop_answer(self, flow: http.HTTPFlow) -> None:
        """Drop an answer that has begun: on a connection with others this one alone, else the connection."""
        connected, exchange = self.connected.get(flow.client_conn.id), self.exchanges.get(flow.id)
        if exchange is not None:
            self.read_on(exchange)
        if connected is not None and flow.client_conn.alpn == b"h2":
            connected.abort_server(flow.server_conn)
        elif connected is not None:
            connected.abort()

    def drop_server(self, client: connection.Client, server: connection.Server) -> None:
        """Drop one upstream connection of a client; the client can still be answered."""
        connected = self.connected.get(client.id)
        if connected is not None:
            connected.abort_server(server)

    def abort_upstream(self, client: connection.Client) -> None:
        """Drop the upstream side of a client connection; the client can still be answered."""
        connected = self.connected.get(client.id)
        if connected is not None:
            connected.abort_upstream()
