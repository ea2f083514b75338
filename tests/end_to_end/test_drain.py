"""A host that stops while work is under way, and one whose core breaks while bodies pass: nothing lost, nothing told."""

from __future__ import annotations

import contextlib
import json
import logging
import re
import socket
import time

import pytest
from mitmproxy.proxy.layers.http import HttpStream
from mitmproxy.proxy.layers.http._http1 import Http1Client, Http1Server

from aisecops.adapters.mitm.lane.answers import AnswerReader
from aisecops.adapters.mitm.lane.connection import LaneConnection
from aisecops.adapters.mitm.lane.request import LaneRequest
from support.h2_client import h2_secure
from support.proxy import running_proxy
from support.raw import secure

GET = b"GET /hello HTTP/1.1\r\nHost: api.test\r\n\r\n"
DRAIN_S, WITHIN_S = 90, 30  # who ends within the second did not wait for the first
HEAD = b"POST /hello HTTP/1.1\r\nHost: api.test\r\nContent-Length: 20\r\n\r\n"
PLACE = "api.test:443"
CANARY = b"canary-8e02"
MIB = 1024 * 1024


@pytest.fixture
def start(folder, authority, enforcer, upstreams):
    """A function that starts a host; returns it, its upstream and a way in."""
    with contextlib.ExitStack() as stack:

        def begin(**settings):
            upstreams[0].reset()
            proxy = stack.enter_context(
                running_proxy(folder / "certs", enforcer, upstream_trust=authority.file, **settings)
            )
            return proxy, upstreams[0], lambda: secure(proxy.port, PLACE, folder / "certs" / "mitmproxy-ca-cert.pem")

        yield begin


def heads_came(enforcer, count):
    """Wait until so many heads were judged."""
    until = time.monotonic() + WITHIN_S
    while enforcer.calls.count("head") < count:
        assert time.monotonic() < until


def test_an_upload_under_way_is_finished_and_what_comes_after_it_is_refused(start, enforcer):
    proxy, upstream, way = start(drain_s=DRAIN_S)
    with way() as uploading, way() as keeps_alive:
        assert keeps_alive.ask(GET).status == 200
        uploading.send(HEAD + b"a" * 10)
        heads_came(enforcer, 2)
        proxy.begin_stop()
        time.sleep(0.1)
        refused = keeps_alive.ask(GET)
        assert (refused.status, json.loads(refused.body)["detail"]) == (503, "the gateway is stopping; try again")
        uploading.send(b"b" * 10)
        assert uploading.read().status == 200
    assert upstream.received.endswith(b"a" * 10 + b"b" * 10)
    assert proxy.wait(WITHIN_S)
    assert proxy.failure is None


def test_connections_on_which_nothing_happens_hold_nobody_up(start):
    proxy, _, way = start(drain_s=DRAIN_S)
    with way() as first, way() as second:
        assert first.ask(GET).status == second.ask(GET).status == 200
        proxy.begin_stop()
        assert proxy.wait(WITHIN_S)


def test_http2_is_told_as_soon_as_nothing_is_under_way(start, folder, enforcer):
    proxy, upstream, _ = start(drain_s=DRAIN_S)
    ca = folder / "certs" / "mitmproxy-ca-cert.pem"
    with h2_secure(proxy.port, PLACE, ca) as idle, h2_secure(proxy.port, PLACE, ca) as busy:
        assert idle.ask("GET", "/hello").status == 200
        uploading = busy.start(busy.head("POST", "/hello"))
        busy.data(uploading, b"a" * 10)
        heads_came(enforcer, 2)
        proxy.begin_stop()
        idle.read_to_the_end()
        assert (idle.goaway, busy.goaway) == (0, None)
        busy.data(uploading, b"b" * 10, end=True)
        assert busy.read(uploading).status == 200
        busy.read_to_the_end()
        assert busy.goaway == 0
    assert upstream.received.endswith(b"a" * 10 + b"b" * 10)
    assert proxy.wait(WITHIN_S)


def test_http2_on_which_nothing_happens_is_told_before_it_ends(start, folder):
    proxy, _, _ = start(drain_s=DRAIN_S)
    with h2_secure(proxy.port, PLACE, folder / "certs" / "mitmproxy-ca-cert.pem") as idle:
        assert idle.ask("GET", "/hello").status == 200
        proxy.begin_stop()
        idle.read_to_the_end()
        assert idle.goaway == 0
    assert proxy.wait(WITHIN_S)


def test_an_answer_is_drained_until_its_client_has_read_it(start, enforcer):
    proxy, upstream, way = start(drain_s=DRAIN_S)
    size = 14 * MIB
    upstream.answer = lambda _request, send: send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % size + b"z" * size)
    with way() as wire:
        wire.send(GET)
        until = time.monotonic() + WITHIN_S
        while not enforcer.settled:
            assert time.monotonic() < until
            time.sleep(0.02)
        proxy.begin_stop()
        time.sleep(0.3)
        got = 0
        while piece := wire.conn.recv(65536):
            got += len(piece)
            if got > size:
                break
        assert got > size
    assert proxy.wait(WITHIN_S)


def test_who_leaves_lets_idle_lines_go_and_ends_each_other_with_what_is_under_way(start, enforcer):
    proxy, upstream, way = start(drain_s=DRAIN_S)
    with way() as uploading, way() as idle:
        assert idle.ask(GET).status == 200
        uploading.send(HEAD + b"a" * 10)
        heads_came(enforcer, 2)
        proxy.begin_leave()
        assert idle.rest() == b""
        uploading.send(b"b" * 10)
        reply = uploading.read()
        assert (reply.status, reply.headers["connection"]) == (200, "close")
        assert uploading.rest() == b""
    assert upstream.received.endswith(b"a" * 10 + b"b" * 10)
    assert proxy.wait(WITHIN_S)
    assert proxy.failure is None


def test_who_leaves_still_serves_whoever_was_let_in(start):
    proxy, _, way = start(drain_s=DRAIN_S)
    with way() as fresh:
        proxy.begin_leave()
        until = time.monotonic() + WITHIN_S
        while listens(proxy.port):
            assert time.monotonic() < until
        reply = fresh.ask(GET)
        assert (reply.status, reply.headers["connection"]) == (200, "close")
    with pytest.raises(OSError, match="refused"), way():
        pass
    assert proxy.wait(WITHIN_S)


def listens(port):
    try:
        socket.create_connection(("127.0.0.1", port)).close()
    except ConnectionRefusedError:
        return False
    except ConnectionResetError:
        pass  # it waited in the queue of the listener that was just closed
    return True


def test_who_leaves_and_is_stopped_then_hurries(start, enforcer):
    proxy, _, way = start(drain_s=0.1)
    with way() as uploading:
        uploading.send(HEAD + b"a" * 10)
        heads_came(enforcer, 1)
        proxy.begin_leave()
        assert not proxy.wait(0.5)
        proxy.begin_stop()
        assert proxy.wait(WITHIN_S)
        assert uploading.rest() == b""


BREAKS = [
    (HttpStream, "state_wait_for_request_headers"),
    (HttpStream, "state_consume_request_body"),
    (HttpStream, "state_wait_for_response_headers"),
    (HttpStream, "state_consume_response_body"),
    (Http1Server, "read_body"),
    (Http1Client, "read_headers"),
    (LaneConnection, "_requested"),
    (LaneRequest, "_body"),
    (LaneRequest, "_answered"),
    (AnswerReader, "head"),
]


@pytest.mark.parametrize(("layer", "method"), BREAKS, ids=lambda value: getattr(value, "__name__", value))
def test_wherever_the_core_or_the_lane_breaks_no_byte_of_a_body_is_logged(start, monkeypatch, caplog, layer, method):
    def crash(*event, **_more):
        raise AssertionError(CANARY, event)

    _, upstream, way = start(fast_lane=layer in {LaneConnection, LaneRequest, AnswerReader})
    upstream.answer = lambda _request, send: send(b"HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\n" + CANARY)
    monkeypatch.setattr(layer, method, crash)
    caplog.set_level(logging.DEBUG)
    with contextlib.suppress(OSError, AssertionError), way() as wire:
        wire.ask(b"POST /hello HTTP/1.1\r\nHost: api.test\r\nContent-Length: 11\r\n\r\n" + CANARY)
    time.sleep(0.05)
    assert re.search("the proxy core failed|of the lane failed|in the lane failed", caplog.text)
    assert CANARY.decode() not in caplog.text
