"""The real host with small bounds on connections, descriptors and memory; what is counted comes back to nothing."""

from __future__ import annotations

import contextlib
import json
import select
import socket
import threading
import time

import mitmproxy.ctx
import pytest

from aisecops.adapters.mitm import turned_away, unwritten
from aisecops.adapters.mitm.bounds import Bound, Bounds
from aisecops.adapters.mitm.lateness import end_late
from support.proxy import Echo, running_proxy
from support.raw import CREDENTIALS, plain, secure

GET = b"GET /hello HTTP/1.1\r\nHost: api.test\r\n\r\n"
PLACE = "api.test:443"
KIB = 1024
MIB = 1024 * KIB


@pytest.fixture(params=["fast", pytest.param("mitmproxy", marks=pytest.mark.twice)])
def start(folder, authority, enforcer, upstreams, request):
    """A function that starts a host with bounds of the test's own; at its end nothing may be held or counted."""
    with contextlib.ExitStack() as stack:
        proxies = []

        def begin(*, max_body_bytes=8 * MIB, turned_away=None, **bounds):
            upstreams[0].reset()
            enforcer.limit = max_body_bytes
            proxy = stack.enter_context(
                running_proxy(
                    folder / "certs",
                    enforcer,
                    upstream_trust=authority.file,
                    bounds=Bounds(**bounds),
                    max_body_bytes=max_body_bytes,
                    turned_away=turned_away,
                    fast_lane=request.param == "fast",
                )
            )
            proxies.append(proxy)
            return proxy, upstreams[0], lambda: secure(proxy.port, PLACE, folder / "certs" / "mitmproxy-ca-cert.pem")

        yield begin
        for proxy in proxies:
            settles(lambda proxy=proxy: load_of(proxy).room.used == 0, seconds=12)
            settles(lambda proxy=proxy: load_of(proxy).clients.count == 0)
            assert load_of(proxy).upstreams.count == 0
            assert not load_of(proxy).clients.by_source


def load_of(proxy):
    return proxy.call(lambda: mitmproxy.ctx.master.addons.get("aisecops-governance").gate.load)


def waits_for_room(proxy) -> bool:
    room = load_of(proxy).room
    return proxy.call(lambda: any(not one.done() for one in room._waiting))


def settles(true, seconds=5.0):
    until = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < until
        time.sleep(0.02)


def post(size: int, *headers: bytes) -> bytes:
    lines = b"".join(header + b"\r\n" for header in headers)
    return b"POST /hello HTTP/1.1\r\nHost: api.test\r\nContent-Length: %d\r\n%s\r\n" % (size, lines)


# connections


def test_more_connections_than_one_source_may_have_are_told_so(start):
    told = []
    proxy, _, way = start(connections_per_source=3, turned_away=told.append)
    with contextlib.ExitStack() as stack:
        first = [stack.enter_context(way()) for _ in range(3)]
        with plain(proxy.port) as wire:
            reply = wire.ask(b"CONNECT api.test:443 HTTP/1.1\r\nHost: api.test:443\r\n%s\r\n" % CREDENTIALS)
            assert (reply.status, reply.reason) == (429, "rate_limited")
            assert "`limits.connections_per_source`" in json.loads(reply.body)["detail"]
        assert told == ["source"]
        assert first[0].ask(GET).status == 200
        first[1].conn.close()
        settles(lambda: load_of(proxy).clients.count == 2)
        assert stack.enter_context(way()).ask(GET).status == 200


def test_a_crowd_is_turned_away_without_much_ado(start, caplog):
    proxy, _, way = start(connections=2)
    with way() as wire, contextlib.ExitStack() as stack:
        stack.enter_context(plain(proxy.port))
        settles(lambda: load_of(proxy).clients.count == 2)
        crowd = [stack.enter_context(plain(proxy.port)) for _ in range(3 * turned_away.MOST_TOLD)]
        said = [one.rest() for one in crowd]
        assert all(words.startswith(b"HTTP/1.1 429 ") or words == b"" for words in said)
        assert any(b"`limits.connections`, or file descriptors" in words for words in said)
        assert wire.ask(GET).status == 200
    assert caplog.text.count("connections were turned away") == 1


def test_thousands_of_silent_lines_stand_and_who_works_is_served(start):
    proxy, _, way = start(connections_per_source=200, head_s=120, keepalive_s=120)
    with way() as wire, contextlib.ExitStack() as stack:
        lines = [
            stack.enter_context(
                socket.create_connection(
                    ("127.0.0.1", proxy.port), timeout=5, source_address=(f"127.0.3.{1 + source}", 0)
                )
            )
            for source in range(10)
            for _ in range(200)
        ]
        settles(lambda: load_of(proxy).clients.count == 2001, seconds=30)
        assert wire.ask(GET).status == 200
        poll = select.poll()
        for line in lines:
            poll.register(line, select.POLLIN)
        assert poll.poll(0) == []  # nobody was told anything, or dropped
        assert wire.ask(GET).status == 200


# memory


def test_bodies_beyond_the_room_are_refused_and_a_second_try_passes(start, enforcer):
    proxy, upstream, way = start(buffered_bytes=MIB, room_wait_s=0.1)
    goes_on = []
    enforcer.go_on = lambda: bool(goes_on)
    with way() as holder, way() as other:
        holder.send(post(900 * KIB) + b"a" * 900 * KIB)
        assert enforcer.admitting.wait(5)
        assert load_of(proxy).room.used == 900 * KIB
        reply = other.ask(post(400 * KIB) + b"b" * 400 * KIB)
        assert (reply.status, reply.reason) == (429, "rate_limited")
        assert "`limits.buffered_bytes`" in json.loads(reply.body)["detail"]
        assert b"b" not in upstream.received
        goes_on.append(1)
        assert holder.read().status == 200
    settles(lambda: load_of(proxy).room.used == 0)
    with way() as again:
        assert again.ask(post(400 * KIB) + b"b" * 400 * KIB).status == 200


def test_who_finds_no_room_waits_a_little_and_is_served_when_there_is_some(start, enforcer):
    proxy, _, way = start(buffered_bytes=4 * MIB, room_wait_s=5)
    goes_on = []
    enforcer.go_on = lambda: bool(goes_on)
    with way() as holder, way() as other:
        holder.send(post(3600 * KIB) + b"a" * 3600 * KIB)
        assert enforcer.admitting.wait(5)
        sender = threading.Thread(target=lambda: other.send(post(2 * MIB) + b"b" * 2 * MIB))
        sender.start()
        time.sleep(0.5)
        assert load_of(proxy).room.used < 4000 * KIB  # it is not read on
        goes_on.append(1)
        sender.join(5)
        assert other.read().status == 200
        assert holder.read().status == 200


def test_a_body_that_could_grow_is_counted_as_grown(start):
    proxy, upstream, way = start(buffered_bytes=2 * MIB, room_wait_s=0.1)
    small = b"\x1f\x8b" + b"a" * 30 * KIB  # may become three mebibytes
    with way() as wire:
        reply = wire.ask(post(len(small), b"Content-Encoding: gzip") + small)
        assert (reply.status, reply.reason) == (429, "rate_limited")
    assert not upstream.received
    assert load_of(proxy).room.used == 0


def test_an_answer_that_finds_no_room_is_no_answer(start, enforcer):
    _, upstream, way = start(buffered_bytes=MIB, room_wait_s=0.1)
    upstream.answer = lambda _request, send: send(
        b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % (2 * MIB) + b"z" * 2 * MIB
    )
    with way() as wire:
        reply = wire.ask(GET)
    assert reply.status == 503
    assert "no room for it (`limits.buffered_bytes`)" in json.loads(reply.body)["detail"]
    assert enforcer.abandoned == [("permit-1", True)]


def test_an_answer_is_counted_until_the_client_has_read_it(start, enforcer):
    proxy, upstream, way = start(buffered_bytes=64 * MIB)
    size = 14 * MIB
    upstream.answer = lambda _request, send: send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % size + b"z" * size)
    with way() as wire:
        wire.send(GET)
        settles(lambda: load_of(proxy).room.used > 0)
        settles(lambda: len(enforcer.settled) == 1)
        time.sleep(4 * unwritten._LOOK_EVERY_S)
        assert load_of(proxy).room.used > MIB
        got = 0
        while got < size:
            got += len(wire.conn.recv(65536))
        settles(lambda: load_of(proxy).room.used == 0)


def test_a_client_that_reads_nothing_is_dropped(start):
    proxy, upstream, way = start(idle_s=0.5, keepalive_s=30)
    upstream.answer = lambda _request, send: send(
        b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % (14 * MIB) + b"z" * 14 * MIB
    )
    with way() as wire:
        wire.send(GET)
        settles(lambda: load_of(proxy).room.used > 0)
        settles(lambda: load_of(proxy).clients.count == 0)
        assert load_of(proxy).room.used == 0


@pytest.mark.parametrize("ends", ["by the client", "by a fault", "by a refusal", "by the upstream"])
def test_counts_come_back_however_it_ends(start, enforcer, ends):
    proxy, upstream, way = start(buffered_bytes=16 * MIB)
    if ends == "by a fault":
        enforcer.raises_in, enforcer.raises = "admit", KeyError("x")
    if ends == "by a refusal":
        enforcer.limit = 10_000
    if ends == "by the upstream":
        upstream.answer = lambda _request, send: send(
            b"HTTP/1.1 200 OK\r\nContent-Length: 9999999\r\n\r\n" + b"x" * MIB
        )
    with way() as wire:
        wire.send(post(MIB) + b"a" * (MIB if ends != "by the client" else KIB))
        if ends == "by the client":
            settles(lambda: load_of(proxy).room.used > 0)
        elif ends == "by the upstream":
            settles(lambda: load_of(proxy).room.used > MIB)
        else:
            assert wire.read().status in {413, 503}


def test_who_leaves_while_it_is_judged_is_counted_until_the_judging_ends(start, enforcer):
    proxy, upstream, way = start(buffered_bytes=16 * MIB)
    goes_on = []
    enforcer.go_on = lambda: bool(goes_on)
    with way() as wire:
        wire.send(post(MIB) + b"a" * MIB)
        assert enforcer.admitting.wait(5)
    settles(lambda: load_of(proxy).clients.count == 0)
    assert load_of(proxy).room.used == MIB
    goes_on.append(1)
    settles(lambda: load_of(proxy).room.used == 0)
    assert not upstream.received


def test_what_is_sent_before_its_turn_is_not_kept(start, enforcer):
    proxy, _, way = start()
    enforcer.go_on = lambda: False
    with way() as wire:
        wire.send(GET)
        assert enforcer.admitting.wait(5)
        wire.send(post(4 * MIB) + b"a" * 4 * MIB)
        assert wire.rest() == b""
    enforcer.go_on = None
    assert load_of(proxy).room.used == 0


def test_a_stream_is_not_held_up_by_others_bodies(start, enforcer):
    proxy, upstream, way = start(buffered_bytes=MIB, room_wait_s=6)
    go = threading.Event()

    def answer(request, send):
        if request.startswith(b"GET /stream"):
            send(
                b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n3\r\none\r\n"
            )
            assert go.wait(5)
            for _ in range(20):
                send(b"3\r\ntwo\r\n")
                time.sleep(0.01)
            send(b"0\r\n\r\n")
        else:
            send(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")

    upstream.answer = answer
    with way() as streamed, way() as holder:
        enforcer.stream = Echo()
        streamed.send(b"GET /stream HTTP/1.1\r\nHost: api.test\r\n\r\n")
        while b"one" not in streamed.more():
            pass
        holder.send(post(1000 * KIB) + b"a" * 950 * KIB)
        settles(lambda: waits_for_room(proxy))
        go.set()
        assert streamed.read().body == b"one" + b"two" * 20
        assert waits_for_room(proxy)  # whoever reads for the other one: the stream did not wait with it


def test_a_clock_that_rings_for_a_flow_that_is_gone_does_nothing(start):
    proxy, _, way = start()
    gate = proxy.call(lambda: mitmproxy.ctx.master.addons.get("aisecops-governance").gate)
    proxy.call(lambda: end_late(gate, "gone", Bound.IDLE))
    with way() as wire:
        assert wire.ask(GET).status == 200
