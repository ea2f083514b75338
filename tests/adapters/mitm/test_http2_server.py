"""What only time shows: the server alone, driven by its events, with a clock that the test turns."""

from __future__ import annotations

import time

import h2.config
import h2.connection
import h2.events
import pytest
from mitmproxy import http
from mitmproxy.options import Options
from mitmproxy.proxy import commands, events
from mitmproxy.proxy.context import Context
from mitmproxy.proxy.layers.http._base import ReceiveHttp
from mitmproxy.proxy.layers.http._events import (
    RequestProtocolError,
    ResponseData,
    ResponseEndOfMessage,
    ResponseHeaders,
)
from mitmproxy.test import tflow

from aisecops.adapters.mitm import http2_server
from aisecops.adapters.mitm.gate import Gate, Stopping
from aisecops.adapters.mitm.http2_server import MAX_UNSENT_BYTES, STALL_S, GovernedHttp2Server
from support.proxy import problem

HEAD = [(":method", "GET"), (":scheme", "https"), (":path", "/"), (":authority", "a")]


class Pair:
    """A server layer and a client; `said` is everything the server asked for, `heard` what reached the client."""

    def __init__(self, window: int) -> None:
        gate = Gate(problem, max_body_bytes=1000)
        self.context = Context(tflow.tclient_conn(), Options())
        self.server = GovernedHttp2Server(self.context, gate, under_way=lambda: 0)
        self.client = h2.connection.H2Connection(h2.config.H2Configuration(client_side=True))
        self.client.local_settings.initial_window_size = window
        self.client.local_settings.acknowledge()
        self.client.initiate_connection()
        self.said: list[commands.Command] = []
        self.heard: list[h2.events.Event] = []
        self.tell(events.Start())
        self.pass_on()

    def tell(self, event: events.Event) -> None:
        for command in self.server.handle_event(event):
            self.said.append(command)
            if isinstance(command, commands.SendData):
                self.heard += self.client.receive_data(command.data)

    def pass_on(self) -> None:
        while data := self.client.data_to_send():
            self.tell(events.DataReceived(self.context.client, data))

    def ring(self) -> None:
        wakeup = next(one for one in reversed(self.said) if isinstance(one, commands.RequestWakeup))
        self.tell(events.Wakeup(wakeup))

    def given_up(self) -> list[int]:
        received = [one.event for one in self.said if isinstance(one, ReceiveHttp)]
        return [event.stream_id for event in received if isinstance(event, RequestProtocolError)]

    def answer_begins(self) -> None:
        self.client.send_headers(1, HEAD, end_stream=True)
        self.pass_on()
        response = http.Response.make(200)
        del response.headers["content-length"]
        self.tell(ResponseHeaders(1, response, end_stream=False))

    def was_reset(self) -> bool:
        return any(isinstance(event, h2.events.StreamReset) for event in self.heard)

    def is_closed(self) -> bool:
        return any(isinstance(command, commands.CloseConnection) for command in self.said)


@pytest.fixture
def clock(monkeypatch):
    now = [time.monotonic()]
    monkeypatch.setattr(http2_server.time, "monotonic", lambda: now[0])
    return now


def test_an_answer_that_nobody_takes_ends_its_stream(clock):
    pair = Pair(window=10)
    pair.answer_begins()
    pair.tell(ResponseData(1, b"x" * 100))
    pair.ring()
    clock[0] += STALL_S - 1
    pair.ring()
    assert not pair.was_reset()
    clock[0] += 2
    pair.ring()
    assert pair.was_reset()
    assert pair.given_up() == [1]
    assert not pair.is_closed()


def test_the_client_is_told_of_the_end_when_nothing_is_under_way():
    pair = Pair(window=1000)
    pair.answer_begins()
    pair.tell(Stopping())
    assert not pair.is_closed()
    pair.tell(ResponseEndOfMessage(1))
    (said,) = [event for event in pair.heard if isinstance(event, h2.events.ConnectionTerminated)]
    assert (said.error_code, said.last_stream_id) == (0, 1)
    assert any(isinstance(event, h2.events.StreamEnded) for event in pair.heard)
    assert pair.is_closed()


def test_an_answer_that_is_taken_slowly_is_not_ended(clock):
    pair = Pair(window=10)
    pair.answer_begins()
    pair.tell(ResponseData(1, b"x" * 100))
    for _ in range(5):
        pair.ring()
        clock[0] += STALL_S - 1
        pair.client.increment_flow_control_window(5, 1)
        pair.pass_on()
    pair.ring()
    assert not pair.was_reset()


def test_an_answer_in_pieces_does_not_pile_up(clock):
    pair = Pair(window=0)
    pair.answer_begins()
    for _ in range(MAX_UNSENT_BYTES // 1_000_000 + 2):
        assert not pair.was_reset()
        pair.tell(ResponseData(1, b"x" * 1_000_000))
    assert pair.was_reset()
    assert pair.given_up() == [1]


def test_a_head_that_does_not_end_ends_the_connection(clock):
    pair = Pair(window=10)
    pair.tell(events.DataReceived(pair.context.client, b"\x00\x00\x01\x01\x00\x00\x00\x00\x01\x82"))
    pair.ring()
    assert not pair.is_closed()
    clock[0] += 31
    pair.ring()
    assert pair.is_closed()


def test_the_end_of_the_connection_gives_up_every_request(clock):
    pair = Pair(window=10)
    pair.client.send_headers(1, HEAD)
    pair.client.send_headers(3, HEAD)
    pair.pass_on()
    pair.tell(events.ConnectionClosed(pair.context.client))
    assert pair.given_up() == [1, 3]
    assert pair.is_closed()


def test_a_body_that_still_comes_long_after_its_answer_is_reset(clock):
    pair = Pair(window=1000)
    pair.client.send_headers(1, HEAD)
    pair.pass_on()
    pair.tell(ResponseHeaders(1, http.Response.make(403), end_stream=True))
    pair.client.send_data(1, b"still")
    pair.pass_on()
    clock[0] += 59
    pair.ring()
    assert not pair.was_reset()
    clock[0] += 2
    pair.ring()
    assert pair.was_reset()
    assert not pair.is_closed()
