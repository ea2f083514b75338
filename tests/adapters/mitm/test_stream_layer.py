"""The one way out, fed events without a socket. With sockets: `end_to_end/test_doors.py`."""

from __future__ import annotations

import pytest
from mitmproxy.proxy.layers.http import GetHttpConnection
from mitmproxy.proxy.layers.http._events import ErrorCode, RequestProtocolError, ResponseHeaders

from aisecops.adapters.mitm.stream_layer import GovernedStream
from support.contexts import a_context
from support.flows import a_gate, admitted


async def a_stream(gate, **parts) -> GovernedStream:
    stream = GovernedStream(a_context(), 1, gate)
    stream.flow = admitted(gate, **parts)
    stream.flow.error = None
    stream.client_state, stream.server_state = stream.state_done, stream.state_wait_for_response_headers
    return stream


def status_of(commands: list) -> int:
    return next(
        c.event.response.status_code for c in commands if isinstance(getattr(c, "event", None), ResponseHeaders)
    )


async def test_an_admitted_request_asks_for_its_connection_and_is_sent():
    gate = a_gate()
    stream = await a_stream(gate)
    way = stream.make_server_connection()
    assert isinstance(next(way), GetHttpConnection)
    with pytest.raises(StopIteration) as ended:
        way.send((stream.context.server, None))
    assert ended.value.value is True
    assert gate.exchanges[stream.flow.id].sent


@pytest.mark.parametrize("when", ["before", "while it connects"])
async def test_a_changed_request_is_answered_instead_of_sent(when):
    gate = a_gate()
    stream = await a_stream(gate)
    exchange = gate.exchanges[stream.flow.id]
    way = stream.make_server_connection()
    if when != "before":
        next(way)
    stream.flow.request.path = "/elsewhere"
    said = list(way) if when == "before" else [way.send((stream.context.server, None)), *way]
    assert status_of(said) == 503
    assert not any(isinstance(command, GetHttpConnection) for command in said)
    assert not exchange.sent


async def test_a_client_that_left_while_it_connects_sends_nothing():
    gate = a_gate()
    stream = await a_stream(gate)
    exchange = gate.exchanges[stream.flow.id]
    way = stream.make_server_connection()
    next(way)
    stream._paused_event_queue.append(RequestProtocolError(1, "gone", ErrorCode.CLIENT_DISCONNECTED))
    list(way.send((stream.context.server, None)) and way)
    assert not exchange.sent
