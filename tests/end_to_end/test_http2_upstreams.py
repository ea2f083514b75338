"""Upstream connections behind one client's parallel requests, on the real host."""

from __future__ import annotations

import threading

import pytest

from aisecops.model.ids import RunId
from support.h2_client import h2_secure
from support.upstream import OK, say

PLACE = "api.test:443"


@pytest.fixture
def wire(host):
    with h2_secure(host.port, PLACE, host.ca) as opened:
        yield opened


def test_many_requests_use_one_upstream_connection(host, wire):
    for number in range(20):
        assert wire.ask("GET", f"/{number}").status == 200
    assert len(host.upstream.connections) == 1


def test_parallel_requests_use_connections_of_their_own(host, wire):
    together = threading.Barrier(6)

    def meet(_request, send):
        together.wait(5)
        send(OK)

    host.upstream.answer = meet
    started = [wire.start(wire.head("GET", f"/{number}"), end=True) for number in range(6)]
    assert [wire.read(stream_id).body for stream_id in started] == [b"ok"] * 6
    assert len(host.upstream.connections) == 6


def test_a_connection_is_not_used_again_for_another_run(host, wire):
    assert wire.ask("GET", "/one").status == 200
    host.enforcer.forward = {"run_id": RunId("run_2")}
    assert wire.ask("GET", "/two").status == 200
    assert len(host.upstream.connections) == 2


def test_a_connection_is_not_used_again_for_another_address(host, wire):
    assert wire.ask("GET", "/one").status == 200
    host.enforcer.forward = {"addresses": (("127.0.0.2", host.upstream.port),)}
    assert wire.ask("GET", "/two").status == 502
    assert len(host.upstream.connections) == 1


def test_a_connection_that_the_upstream_closed_is_opened_anew(host, wire):
    host.upstream.answer = say(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok")
    for number in range(3):
        assert wire.ask("GET", f"/{number}").body == b"ok"
    assert len(host.upstream.connections) == 3


def test_an_upstream_that_could_not_be_reached_is_tried_again(host, wire):
    places = dict(host.enforcer.places)
    host.enforcer.places["api.test", 443] = ("127.0.0.1", 1)
    assert wire.ask("GET", "/away").status == 502
    host.enforcer.places.update(places)
    assert wire.ask("GET", "/back").body == b"ok"
