"""One request and its answer, judged: what is asked of the enforcer, in which order, and what is done about its word.

The decisions that both lanes share: the addon calls them from the core's hooks, the fast lane from its own loop, so
that neither has a copy of one. Knows no socket, no hook and no layer. What is raised here is a fault, and the caller
refuses.
"""

from __future__ import annotations

import logging
from collections.abc import Callable

from mitmproxy import connection, http
from msgspec.structs import replace

from aisecops.adapters.mitm.apply import add_headers, apply_answer, apply_forward, frame_for_stream
from aisecops.adapters.mitm.cuts import cut_exchange
from aisecops.adapters.mitm.doors import refused_connect, refused_head
from aisecops.adapters.mitm.exchange import Exchange, Tunnel
from aisecops.adapters.mitm.framing import frame
from aisecops.adapters.mitm.gate import Gate
from aisecops.adapters.mitm.handshake import is_websocket_handshake, keep_known_extensions
from aisecops.adapters.mitm.headers import asked
from aisecops.adapters.mitm.host_refusals import (
    BODY_TOO_LARGE,
    MISNAMED,
    NO_ROOM_FOR_BODY,
    TRAILERS,
    TWO_IDENTITIES,
)
from aisecops.adapters.mitm.lateness import clock_for
from aisecops.adapters.mitm.load import Held, most_decoded
from aisecops.adapters.mitm.names import Place, normal
from aisecops.adapters.mitm.redirected import NO_PROXY_HERE, refused_within, take_place
from aisecops.adapters.mitm.streams import TappedStream
from aisecops.adapters.mitm.translate import request_of, response_of
from aisecops.gateway.enforcer import Caller, Enforcer
from aisecops.model.errors import Fault, WireError
from aisecops.model.exchange import HttpRequest
from aisecops.model.outcome import Refuse
from aisecops.model.refusals import REFUSALS, Code

logger = logging.getLogger(__name__)


async def identify(gate: Gate, request: http.Request, client: connection.Client) -> Caller | Refuse:
    """Who sent `request`, by its own credentials."""
    values = request.headers.get_all("proxy-authorization")
    if len(values) > 1:
        return TWO_IDENTITIES
    return await gate.enforcer.identify(
        values[0] if values else None, source=client.peername[0], names=gate.names.get(client.id, frozenset())
    )


async def told(enforcer: Enforcer, caller: Caller, request: http.Request, refuse: Refuse) -> Refuse:
    """`refuse`, recorded; a head so broken that it cannot even be copied is refused as it is."""
    try:
        copied = request_of(request, whole=False)
    except ValueError:
        return refuse
    return await enforcer.refused(caller, copied, refuse)


async def judge_connect(gate: Gate, request: http.Request, client: connection.Client) -> Tunnel | Refuse:
    """May this CONNECT open its tunnel?"""
    if gate.closed is not None:
        return gate.closed
    caller = await identify(gate, request, client)
    if isinstance(caller, Refuse):
        return caller
    refuse = NO_PROXY_HERE if client.id in gate.redirected else refused_connect(request)
    if refuse:
        return await told(gate.enforcer, caller, request, refuse)
    place = Place(normal(request.data.host), request.data.port)
    return await gate.enforcer.connect(caller, place.host, place.port) or Tunnel(caller, place)


async def misnamed(gate: Gate, tunnel: Tunnel) -> None:
    """TLS in a tunnel was asked for another name. Whoever calls drops it; here it is recorded like every other no."""
    place = tunnel.place
    logger.warning("TLS in a tunnel to `%s` asked for another name, and was dropped", place.host)
    asked = HttpRequest(method="CONNECT", scheme="https", host=place.host, port=place.port, path="/", headers=())
    try:
        await gate.enforcer.refused(tunnel.caller, asked, MISNAMED)
    except Fault as fault:
        logger.warning("that could not be recorded: %s", fault)


async def judge_head(gate: Gate, flow_id: str, request: http.Request, client: connection.Client) -> Exchange | Refuse:
    """The head is there: refuse what can be refused, or keep an exchange under `flow_id` whose clock runs."""
    asked(request)
    tunnel = gate.tunnels.get(client.id)
    redirected = gate.redirected.get(client.id)
    if refuse := gate.closed or refused_within(redirected, client, tunnel):
        return refuse
    caller = tunnel.caller if tunnel else await identify(gate, request, client)
    if isinstance(caller, Refuse):
        return caller
    unfit = take_place(request, redirected) if redirected and tunnel is None else None
    if refuse := unfit or _refused_head(gate, request, client):
        return await told(gate.enforcer, caller, request, refuse)
    copied = request_of(request, whole=False)
    allowed = await gate.enforcer.head(caller, copied)
    if isinstance(allowed, Refuse):
        return allowed
    if int(request.headers.get("content-length", "0")) > allowed:
        return await gate.enforcer.refused(caller, copied, BODY_TOO_LARGE)
    exchange = gate.exchanges[flow_id] = Exchange(
        client_id=client.id,
        caller=caller,
        request=copied,
        head=_head(request),
        allowed=allowed,
        websocket="upgrade" in request.headers and is_websocket_handshake(request),
        clock=clock_for(gate, flow_id),
        held=Held(gate.load.room),
    )
    exchange.clock.reads_body()
    return exchange


async def judge_whole(
    gate: Gate, exchange: Exchange, request: http.Request, client: connection.Client
) -> Refuse | None:
    """Admit `request`, which is whole, and change it into what was admitted; or say why not."""
    if request.trailers:
        return await gate.enforcer.refused(exchange.caller, exchange.request, TRAILERS)
    # an addon before this one may have changed the head since it was looked at
    if _head(request) != exchange.head and (refuse := _refused_head(gate, request, client)):
        return refuse
    coding, size = request.headers.get("content-encoding", ""), len(request.raw_content or b"")
    if not exchange.held.take(most_decoded(coding, size, allowed=exchange.allowed)):
        return await gate.enforcer.refused(exchange.caller, exchange.request, NO_ROOM_FOR_BODY)
    frame(request)
    if _head(request) == exchange.head:
        exchange.request = replace(exchange.request, body=request.raw_content or b"")
    else:
        exchange.request = request_of(request, whole=True)
    outcome = await gate.enforcer.admit(exchange.caller, exchange.request)
    if isinstance(outcome, Refuse):
        return outcome
    exchange.forward, exchange.permit = outcome, outcome.permit
    if exchange.gone:
        await let_go(gate, exchange, "the client has gone")
    if Place(normal(outcome.host), outcome.port) != Place(exchange.request.host, exchange.request.port):
        raise Fault("the request was admitted for another place than it goes to")
    apply_forward(request, outcome)
    if exchange.websocket:
        keep_known_extensions(request)
    return None


def begin_answer(
    gate: Gate, exchange: Exchange, request: http.Request, response: http.Response, *, cut: Callable[[], None]
) -> None:
    """The head of an answer is there and clean: where it shall be streamed, give the exchange its stream.

    `cut` ends the connection that the answer goes out on, when its tap breaks.
    """
    if exchange.permit is None or not _may_have_body(request, response):
        return
    tap = gate.enforcer.tap(exchange.permit, response_of(response, whole=False))
    # in HTTP/1.0 an answer that breaks off looks like one that is whole
    if tap is None or not (tap.has_words or request.http_version != "HTTP/1.0"):
        return

    def unreadable(error: WireError) -> None:
        cut_exchange(gate, exchange, _unread(exchange, error))

    exchange.stream = TappedStream(tap, cut=cut, unreadable=unreadable)
    if not (tap.as_it_came and "content-length" in response.headers):
        frame_for_stream(response, http_version=request.http_version)
    add_headers(response, exchange.forward.response_headers if exchange.forward else ())


def _unread(exchange: Exchange, error: WireError) -> Refuse:
    forward = exchange.forward
    return Refuse(
        code=Code.OUTPUT_INVALID,
        detail=f"the answer cannot be read: {error.detail}; {REFUSALS[Code.OUTPUT_INVALID].mend}",
        decision_id=forward.decision_id if forward else None,
        run_id=forward.run_id if forward else None,
    )


async def settle(gate: Gate, exchange: Exchange, response: http.Response) -> Refuse | None:
    """The whole answer is there: settle, and make of it what the agent may see; or say why it may not."""
    permit = exchange.take_permit()
    if permit is None:
        return None
    answer = await gate.enforcer.settle(permit, response_of(response, whole=True))
    if isinstance(answer, Refuse):
        return answer
    apply_answer(response, answer)
    add_headers(response, exchange.forward.response_headers if exchange.forward else ())
    return None


async def let_go(gate: Gate, exchange: Exchange, why: str) -> None:
    """Give the permit back, if it is still here, in the one way that fits."""
    permit = exchange.take_permit()
    if permit is None:
        return
    if exchange.stream is not None:
        await gate.enforcer.finish(permit, exchange.stream.tap)
    elif exchange.upgraded:
        await gate.enforcer.hang_up(permit)
    else:
        await gate.enforcer.abandon(permit, why, left=exchange.sent)


def _head(request: http.Request) -> tuple[object, ...]:
    """All that a head is looked at for. Where nobody touched it, one equals the other by being it.

    Kept so that nobody can change it later: an addon may have put a list where the core has a tuple.
    """
    data = request.data
    target = (data.method, data.scheme, data.authority, data.host, data.port, data.path)
    return tuple(data.headers.fields), data.http_version, target


def _refused_head(gate: Gate, request: http.Request, client: connection.Client) -> Refuse | None:
    tunnel = gate.tunnels.get(client.id)
    return refused_head(request, tunnel=tunnel, sni=client.sni, websockets=gate.websockets)


def _may_have_body(request: http.Request, response: http.Response) -> bool:
    return (
        request.method != "HEAD"
        and response.status_code not in {204, 304}
        and response.headers.get("content-length") != "0"
    )
