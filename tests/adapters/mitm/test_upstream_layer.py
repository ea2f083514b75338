"""The upstream's side, fed bytes without a socket. With sockets: `wire_table/test_answers.py`."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mitmproxy import http
from mitmproxy.connection import ConnectionState
from mitmproxy.proxy import commands, events
from mitmproxy.proxy.layers.http._events import (
    RequestEndOfMessage,
    RequestHeaders,
    ResponseData,
    ResponseEndOfMessage,
    ResponseHeaders,
    ResponseProtocolError,
)

from aisecops.adapters.mitm.host_refusals import MAX_HEAD_BYTES
from aisecops.adapters.mitm.upstream_layer import MAX_INTERIM, GovernedHttp1Client
from support.contexts import a_context

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


def answer(*pieces: bytes) -> list:
    """The events that a GET gets when the upstream sends `pieces`."""
    context = a_context()
    context.server.state = ConnectionState.OPEN
    client = GovernedHttp1Client(context)
    request = http.Request.make("GET", "https://api.test/")
    told: list = []
    sent = [events.Start(), RequestHeaders(1, request, end_stream=True), RequestEndOfMessage(1)]
    for event in [*sent, *(events.DataReceived(context.server, piece) for piece in pieces)]:
        told += list(client.handle_event(event))
    return [getattr(command, "event", command) for command in told if not isinstance(command, commands.SendData)]


def body_of(told: list) -> bytes | None:
    """What a client would be given; None when the answer failed."""
    if any(isinstance(event, ResponseProtocolError) for event in told):
        return None
    assert isinstance(told[0], ResponseHeaders), told
    assert any(isinstance(event, ResponseEndOfMessage) for event in told), told
    return b"".join(event.data for event in told if isinstance(event, ResponseData))


def test_an_answer_passes():
    assert body_of(answer(OK)) == b"ok"
    assert body_of(answer(*(OK[at : at + 1] for at in range(len(OK))))) == b"ok"


def test_interim_answers_are_taken_off_and_bounded():
    hints = b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"
    assert body_of(answer(hints * MAX_INTERIM + OK)) == b"ok"
    assert body_of(answer(hints, b"HTTP/1.1 100 Continue\r\n\r\n", OK)) == b"ok"
    assert body_of(answer(hints * (MAX_INTERIM + 1) + OK)) is None


def test_trailers_are_left_away():
    chunked = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\nX-Late: 1\r\n\r\n"
    assert body_of(answer(chunked)) == b"ok"


@pytest.mark.parametrize(
    "head",
    [
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nX: a\rSet-Cookie: b\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nX: a\r\n folded\r\n\r\n",
        b"HTTP/1.1 200 O\0K\r\n\r\n",
        b"HTTP/1.1 20000 OK\r\n\r\n",
        b"HTTP/1.1 -20 OK\r\n\r\n",
    ],
)
def test_a_head_that_can_be_read_otherwise_is_no_answer(head):
    assert body_of(answer(head)) is None


@pytest.mark.parametrize("start", [b"", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2;ext="])
def test_lines_without_an_end_are_not_collected(start):
    assert body_of(answer(start, b"a" * (MAX_HEAD_BYTES + 1))) is None


@given(st.binary(max_size=200))
def test_any_bytes_are_an_answer_or_a_failure_or_waited_for(data):
    told = answer(data)
    assert all(
        isinstance(e, (ResponseHeaders, ResponseData, ResponseEndOfMessage, ResponseProtocolError, commands.Command))
        for e in told
    )
