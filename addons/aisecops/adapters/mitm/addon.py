"""The governance addon: each hook asks the enforcer and carries out its answer, in a few lines.

Refuses first and lets go last: from the head on, a request stands refused until judging has come to its end.
What escapes a hook is `guard.py`'s; what may reach the wire is `gate.py`'s.
"""

from __future__ import annotations

from mitmproxy import connection, http

from aisecops.adapters.mitm.apply import add_headers, apply_answer, apply_forward, clean_answer, frame_for_stream
from aisecops.adapters.mitm.doors import refused_head
from aisecops.adapters.mitm.framing import frame
from aisecops.adapters.mitm.gate import Exchange, Gate, Tunnel
from aisecops.adapters.mitm.handshake import is_websocket_answer, is_websocket_handshake, keep_known_extensions
from aisecops.adapters.mitm.host_refusals import BODY_TOO_LARGE, NO_ROOM_FOR_BODY, SWITCHED, TRAILERS
from aisecops.adapters.mitm.lateness import clock_for
from aisecops.adapters.mitm.load import Held, most_decoded
from aisecops.adapters.mitm.names import Place, normal
from aisecops.adapters.mitm.redirected import refused_within, take_place
from aisecops.adapters.mitm.streams import TappedStream
from aisecops.adapters.mitm.translate import request_of, response_of
from aisecops.adapters.mitm.tunnels import identify, told
from aisecops.model.errors import Fault
from aisecops.model.outcome import Refuse


class GovernanceAddon:
    """Between the proxy core and the enforcer. Its `gate` is where the listener and the layers find theirs."""

    name = "aisecops-governance"

    def __init__(self, gate: Gate) -> None:
        self.gate = gate

    async def requestheaders(self, flow: http.HTTPFlow) -> None:
        """The head is there: refuse what can be refused before a byte of body is read."""
        if flow.error is not None:
            return  # the core could not read it, answers so, and sends nothing anywhere
        self.gate.hold(flow)
        if refuse := await self._judge_head(flow):
            flow.request.headers.pop("expect", None)  # nobody is asked for a body that will not be judged
            self.gate.refuse(flow, refuse)

    async def request(self, flow: http.HTTPFlow) -> None:
        """All of it is there: let it be judged, and let go exactly what was admitted."""
        exchange = self.gate.exchanges.get(flow.id)
        if exchange is None or not self.gate.unjudged(flow):
            return
        exchange.clock.waits()
        with exchange.at_work():
            if refuse := await self._judge_whole(flow, exchange):
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
        elif exchange.permit is not None and _may_have_body(flow.request, response):
            tap = self.gate.enforcer.tap(exchange.permit, response_of(response, whole=False))
            # in HTTP/1.0 an answer that breaks off looks like one that is whole
            if tap is not None and (tap.has_words or flow.request.http_version != "HTTP/1.0"):
                exchange.stream = TappedStream(tap, cut=lambda: self.gate.drop_answer(flow))
                if not (tap.as_it_came and "content-length" in response.headers):
                    frame_for_stream(response, http_version=flow.request.http_version)
                add_headers(response, exchange.forward.response_headers if exchange.forward else ())
                response.stream = exchange.stream

    async def response(self, flow: http.HTTPFlow) -> None:
        """The whole answer is there, or all of the stream has passed: settle."""
        exchange, response = self.gate.exchanges.get(flow.id), flow.response
        if exchange is None or response is None:
            return
        if self.gate.refused(flow) or exchange.stream is not None or not exchange.sent:
            await self._let_go(exchange, "refused")
        elif response.status_code == 101:  # noqa: PLR2004 - the HTTP status
            exchange.upgraded = True  # its permit stands until the channel ends
            exchange.clock.waits()  # an answer's bounds are over; the client's clock knows when nothing moves
            add_headers(response, exchange.forward.response_headers if exchange.forward else ())
        elif permit := exchange.take_permit():
            answer = await self.gate.enforcer.settle(permit, response_of(response, whole=True))
            if isinstance(answer, Refuse):
                self.gate.refuse(flow, answer)
            else:
                apply_answer(response, answer)
                add_headers(response, exchange.forward.response_headers if exchange.forward else ())

    async def error(self, flow: http.HTTPFlow) -> None:
        """There will be no answer."""
        if exchange := self.gate.exchanges.get(flow.id):
            await self._let_go(exchange, "it was cut" if exchange.cut else "the client or the upstream ended it")

    async def client_disconnected(self, client: connection.Client) -> None:
        """Whatever of this client is still under way will have no answer; what is still judged must not leave."""
        for flow_id, exchange in self.gate.of_client(client.id):
            exchange.gone = True
            del self.gate.exchanges[flow_id]
            self.gate.over(exchange)
            await self._let_go(exchange, "the client has gone")

    async def _judge_head(self, flow: http.HTTPFlow) -> Refuse | None:
        tunnel = self.gate.tunnels.get(flow.client_conn.id)
        redirected = self.gate.redirected.get(flow.client_conn.id)
        if refuse := self.gate.closed or refused_within(redirected, flow.client_conn, tunnel):
            return refuse
        caller = tunnel.caller if tunnel else await identify(self.gate, flow)
        if isinstance(caller, Refuse):
            return caller
        unfit = take_place(flow.request, redirected) if redirected and tunnel is None else None
        if refuse := unfit or self._refused_head(flow, tunnel):
            return await told(self.gate.enforcer, caller, flow.request, refuse)
        request = request_of(flow.request, whole=False)
        allowed = await self.gate.enforcer.head(caller, request)
        if isinstance(allowed, Refuse):
            return allowed
        if int(flow.request.headers.get("content-length", "0")) > allowed:
            return await self.gate.enforcer.refused(caller, request, BODY_TOO_LARGE)
        self.gate.exchanges[flow.id] = Exchange(
            client_id=flow.client_conn.id,
            caller=caller,
            request=request,
            allowed=allowed,
            websocket="upgrade" in flow.request.headers and is_websocket_handshake(flow.request),
            clock=clock_for(self.gate, flow),
            held=Held(self.gate.load.room),
        )
        self.gate.exchanges[flow.id].clock.reads_body()
        return None

    async def _judge_whole(self, flow: http.HTTPFlow, exchange: Exchange) -> Refuse | None:
        """Admit `flow`, and change it into what was admitted; or say why not."""
        if flow.request.trailers:
            return await self.gate.enforcer.refused(exchange.caller, exchange.request, TRAILERS)
        # an addon before this one may have changed the head since it was looked at
        if refuse := self._refused_head(flow, self.gate.tunnels.get(flow.client_conn.id)):
            return refuse
        coding, size = flow.request.headers.get("content-encoding", ""), len(flow.request.raw_content or b"")
        if not exchange.held.take(most_decoded(coding, size, allowed=exchange.allowed)):
            return await self.gate.enforcer.refused(exchange.caller, exchange.request, NO_ROOM_FOR_BODY)
        frame(flow.request)
        exchange.request = request_of(flow.request, whole=True)
        outcome = await self.gate.enforcer.admit(exchange.caller, exchange.request)
        if isinstance(outcome, Refuse):
            return outcome
        exchange.forward, exchange.permit = outcome, outcome.permit
        if exchange.gone:
            await self._let_go(exchange, "the client has gone")
        if Place(normal(outcome.host), outcome.port) != Place(exchange.request.host, exchange.request.port):
            raise Fault("the request was admitted for another place than it goes to")
        apply_forward(flow.request, outcome)
        if exchange.websocket:
            keep_known_extensions(flow.request)
        return None

    def _refused_head(self, flow: http.HTTPFlow, tunnel: Tunnel | None) -> Refuse | None:
        return refused_head(flow.request, tunnel=tunnel, sni=flow.client_conn.sni, websockets=self.gate.websockets)

    async def _let_go(self, exchange: Exchange, why: str) -> None:
        """Give the permit back, if it is still here, in the one way that fits."""
        permit = exchange.take_permit()
        if permit is None:
            return
        if exchange.stream is not None:
            await self.gate.enforcer.finish(permit, exchange.stream.tap)
        elif exchange.upgraded:
            await self.gate.enforcer.hang_up(permit)
        else:
            await self.gate.enforcer.abandon(permit, why, left=exchange.sent)


def _may_have_body(request: http.Request, response: http.Response) -> bool:
    return (
        request.method != "HEAD"
        and response.status_code not in {204, 304}
        and response.headers.get("content-length") != "0"
    )
