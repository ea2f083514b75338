"""The real host with short bounds in time, between clients and upstreams that are slow on purpose."""

from __future__ import annotations

import contextlib
import json
import socket
import threading
import time

import pytest

from aisecops.adapters.mitm.bounds import Bounds
from support.proxy import Echo, running_proxy
from support.raw import CREDENTIALS, plain, secure, tunnel

GET = b"GET /hello HTTP/1.1\r\nHost: api.test\r\n\r\n"
HEAD = b"POST /hello HTTP/1.1\r\nHost: api.test\r\nContent-Length: 100000\r\n\r\n"
PLACE = "api.test:443"
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\none\r\n"
EVENTS = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n3\r\none\r\n"
UNTIL_CLOSED = b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nhalf an ans"
WITHIN_S = 20.0


@pytest.fixture(params=["fast", pytest.param("mitmproxy", marks=pytest.mark.twice)])
def start(folder, authority, enforcer, upstreams, request):
    """A function that starts a host with bounds of the test's own; returns a way to it and its upstream."""
    with contextlib.ExitStack() as stack:

        def begin(**bounds):
            upstreams[0].reset()
            settings = {"bounds": Bounds(**bounds), "fast_lane": request.param == "fast"}
            proxy = stack.enter_context(
                running_proxy(folder / "certs", enforcer, upstream_trust=authority.file, **settings)
            )
            ca = folder / "certs" / "mitmproxy-ca-cert.pem"
            return proxy, upstreams[0], lambda: secure(proxy.port, PLACE, ca)

        yield begin


def detail(reply):
    return json.loads(reply.body)["detail"]


# towards the upstream


def test_an_upstream_that_says_nothing_is_told_with_its_bound(start, enforcer):
    _, upstream, way = start(first_byte_s=0.2)
    upstream.answer = lambda _request, _send: None
    with way() as wire:
        reply = wire.ask(GET)
    assert reply.status == 504
    assert json.loads(reply.body)["type"] == "about:blank"
    assert detail(reply) == (
        "`api.test:443` did not begin its answer within 0.2 s; try again, or raise `limits.first_byte_seconds`"
    )
    assert enforcer.abandoned == [("permit-1", True)]


def test_the_twin_that_thinks_and_then_answers_passes(start):
    _, upstream, way = start(first_byte_s=WITHIN_S, idle_s=0.2, keepalive_s=1.0, head_s=1.5)

    def answer(_request, send):
        time.sleep(2.0)
        send(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")

    upstream.answer = answer
    with way() as wire:
        assert wire.ask(GET).body == b"ok"


@pytest.mark.parametrize("begun", [CHUNKED, UNTIL_CLOSED])
def test_an_answer_that_stops_halfway_is_never_told_as_whole(start, begun):
    _, upstream, way = start(idle_s=0.2)
    upstream.answer = lambda _request, send: send(begun)
    with way() as wire:
        reply = wire.ask(GET)
    assert reply.status == 504
    assert "sent nothing more of its answer for 0.2 s" in detail(reply)
    assert "`limits.idle_seconds`" in detail(reply)


def test_an_answer_without_end_ends(start):
    _, upstream, way = start(idle_s=0.5, total_s=0.6)
    over = threading.Event()

    def answer(_request, send):
        send(CHUNKED)
        with contextlib.suppress(OSError):
            while not over.wait(0.05):
                send(b"1\r\n.\r\n")

    upstream.answer = answer
    with way() as wire:
        reply = wire.ask(GET)
    over.set()
    assert reply.status == 504
    assert "did not finish its answer within 0.6 s" in detail(reply)


def test_a_stream_that_stops_is_cut_and_says_why(start, enforcer):
    _, upstream, way = start(idle_s=0.2)
    enforcer.stream = Echo()
    upstream.answer = lambda _request, send: send(EVENTS)
    with way() as wire:
        reply = wire.ask(GET)
    assert reply.status == 200
    assert reply.body.startswith(b"one")
    assert b"output_invalid" in reply.body


@pytest.mark.parametrize("listens", ["without accepting", "without TLS"])
def test_an_upstream_that_cannot_be_connected_to_is_told(start, enforcer, listens):
    _, _, way = start(connect_s=0.3)
    with socket.create_server(("127.0.0.1", 0), backlog=0) as deaf, contextlib.ExitStack() as stack:
        if listens == "without accepting":
            for _ in range(3):  # fill the queue of those that wait to be accepted
                filler = stack.enter_context(socket.socket())
                filler.setblocking(False)
                with contextlib.suppress(BlockingIOError):
                    filler.connect(deaf.getsockname())
        enforcer.forward = {"addresses": (deaf.getsockname(),)}
        with way() as wire:
            reply = wire.ask(GET)
    assert reply.status == 504
    assert "could not be connected to within 0.3 s" in detail(reply)
    assert "`limits.connect_seconds`" in detail(reply)
    assert enforcer.abandoned == [("permit-1", False)]


def test_waiting_for_a_person_is_nobodys_lateness(start, enforcer):
    _, _, way = start(keepalive_s=1.0, head_s=1.5, body_s=0.2, handshake_s=1.5, first_byte_s=1.5)
    until = time.monotonic() + 2.0
    enforcer.go_on = lambda: time.monotonic() > until
    with way() as wire:
        assert wire.ask(GET).status == 200


# towards the client


def test_a_client_that_never_speaks_is_closed(start):
    proxy, _, _ = start(head_s=0.3)
    with plain(proxy.port) as wire:
        wire.rest()  # raises when it is not


def trickle(wire, *, piece: bytes = b"a", seconds: float = WITHIN_S):
    """Send a byte now and then until the peer closes; returns what it said."""
    wire.conn.settimeout(0.05)
    until = time.monotonic() + seconds
    said = b""
    while time.monotonic() < until:
        wire.send(piece)
        try:
            got = wire.conn.recv(65536)
        except TimeoutError:
            continue
        except OSError:
            return said, True
        if not got:
            return said, True
        said += got
    return said, False


def test_a_first_head_that_trickles_is_refused_when_its_time_is_up(start):
    proxy, _, _ = start(head_s=0.5)
    with plain(proxy.port) as wire:
        wire.send(b"GET http://plain.test/ HTTP/1.1\r\nX: ")
        said, closed = trickle(wire)
    assert closed
    assert b"the request head did not come in time" in said


def test_a_handshake_that_trickles_is_closed(start):
    proxy, _, _ = start(handshake_s=0.4)
    with tunnel(proxy.port, PLACE) as wire:
        wire.send(b"\x16\x03\x01\x02\x00\x01")
        assert trickle(wire, piece=b"\0")[1]


def test_a_connection_on_which_nothing_happens_is_closed(start):
    _, _, way = start(keepalive_s=1.0)
    with way() as wire:
        assert wire.ask(GET).status == 200
        wire.rest()


def test_the_twin_that_asks_again_in_time_stays(start):
    _, _, way = start(keepalive_s=1.5, head_s=1.5, handshake_s=1.5)
    with way() as wire:
        for _ in range(4):  # longer in all than any of them
            assert wire.ask(GET).status == 200
            time.sleep(0.5)


def test_a_body_that_trickles_is_refused(start):
    _, upstream, way = start(body_s=0.4)
    with way() as wire:
        wire.send(HEAD)
        said, closed = trickle(wire)
    assert closed
    assert b"`limits.body_seconds`" in said
    assert not upstream.received


def test_a_refused_body_may_not_trickle_for_ever_either(start, enforcer):
    enforcer.limit = 10
    proxy, upstream, _ = start(body_s=0.4)
    with plain(proxy.port) as wire:
        wire.send(
            b"POST http://plain.test/ HTTP/1.1\r\nHost: plain.test\r\nContent-Length: 9999\r\n%s\r\n" % CREDENTIALS
        )
        said, closed = trickle(wire)
    assert b"413" in said
    assert closed
    assert not upstream.received


def test_the_twin_that_sends_steadily_is_served(start):
    _, upstream, way = start(body_s=1.0)
    with way() as wire:
        wire.send(HEAD)
        for _ in range(10):  # longer in all
            wire.send(b"a" * 10_000)
            time.sleep(0.15)
        assert wire.read().status == 200
    assert upstream.received.endswith(b"a" * 100_000)
