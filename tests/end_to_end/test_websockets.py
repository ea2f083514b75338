"""WebSockets through the host: real clients, real servers, every message asked about before it goes on."""

from __future__ import annotations

import asyncio
import json
import os
import threading
import time
from pathlib import Path

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus

from aisecops.adapters.mitm.websocket_layer import LINGER_S
from aisecops.gateway.enforcer import Pass
from aisecops.model.outcome import Refuse
from aisecops.model.refusals import Code
from support.proxy import raising
from support.raw import secure
from support.websockets import WITHIN_S, channel, talking

BLOCKED = Refuse(code=Code.EGRESS_BLOCKED, detail="the content must not leave")
HALTED = Refuse(code=Code.RUN_HALTED, detail="the run is halted")
PLACE = "api.test:443"
HANDSHAKE = (
    b"GET /feed HTTP/1.1\r\nHost: api.test\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
)
FRAME = b"\x82\xfe\x27\x10" + b"\0" * 10_004
"""One whole message of 10,000 bytes, masked with zeros."""
HELD_BYTES = 24 * 1024 * 1024
"""More than the buffers of the system on the way hold."""


@pytest.fixture
def talk(host, authority):
    with talking(authority.server_context("api.test")) as talk:
        host.enforcer.places = {("api.test", 443): ("127.0.0.1", talk.port)}
        yield talk


@pytest.fixture
def open_channel(host, talk):
    return lambda **settings: channel(host.port, PLACE, host.ca, **settings)


@pytest.mark.parametrize("compression", ["deflate", None])
def test_messages_go_both_ways_and_each_is_asked_about(host, talk, open_channel, compression):
    said = ["hello", b"\x00\x01", "", "é" * 70_000, "again"]
    with open_channel(compression=compression) as client:
        for message in said:
            client.send(message)
            assert client.recv(WITHIN_S) == message
        assert client.response.headers["AISecOps-Decision"] == "dec_1"
    assert talk.got == said
    raw = [one.encode() if isinstance(one, str) else one for one in said]
    assert host.enforcer.messages == [(mine, one) for one in raw for mine in (True, False)]
    assert talk.over.wait(WITHIN_S)
    assert talk.closed == [(1000, "")]
    deadline = time.monotonic() + WITHIN_S
    while not host.enforcer.hung_up and time.monotonic() < deadline:
        time.sleep(0.01)
    assert host.enforcer.hung_up == ["permit-1"]


def test_a_fragmented_message_is_asked_about_whole(host, talk, open_channel):
    with open_channel() as client:
        client.send(iter(["one ", "two ", "three"]))
        assert client.recv(WITHIN_S) == "one two three"
    assert host.enforcer.messages[0] == (True, b"one two three")


@pytest.mark.parametrize("text", [True, False])
def test_a_refused_message_never_leaves_and_both_ends_are_told(host, talk, open_channel, text):
    host.enforcer.refuses, host.enforcer.refuses_in = BLOCKED, "message"
    with open_channel() as client:
        client.send("secret" if text else b"secret")
        with pytest.raises(ConnectionClosed):
            while True:
                problem = client.recv(WITHIN_S)
                assert text
                assert json.loads(problem)["code"] == "egress_blocked"
        assert (client.close_code, client.close_reason) == (1008, "egress_blocked")
    assert talk.over.wait(WITHIN_S)
    assert (talk.got, talk.closed) == ([], [(1008, "egress_blocked")])


def test_what_was_read_behind_a_refused_message_never_leaves(host, talk, open_channel):
    async def judge(data: bytes) -> Pass | Refuse:
        await asyncio.sleep(0.05)
        return BLOCKED if data == b"3" else Pass(data=data)

    host.enforcer.judges_message = judge
    with open_channel() as client, pytest.raises(ConnectionClosed):
        for number in range(9):
            client.send(str(number))
        while True:
            client.recv(WITHIN_S)
    assert talk.over.wait(WITHIN_S)
    assert talk.got == ["0", "1", "2"]


def test_a_changed_message_leaves_as_it_was_changed(host, talk, open_channel):
    async def judge(data: bytes) -> Pass:
        return Pass(data=data.replace(b"secret", b"<SECRET>"))

    host.enforcer.judges_message = judge
    with open_channel() as client:
        client.send("a secret here")
        assert client.recv(WITHIN_S) == "a <SECRET> here"


def test_order_is_kept_and_reading_stops_while_a_message_is_judged(host, talk, open_channel):
    async def judge(data: bytes) -> Pass:
        await asyncio.sleep(0.2 if data.startswith(b"000") else 0)
        return Pass(data=data)

    host.enforcer.judges_message = judge
    talk.says = lambda _conn, _message: None
    with open_channel(compression=None) as client:
        sent = [f"{number:03d}" + "x" * 100_000 for number in range(40)]
        for message in sent:
            client.send(message)
        deadline = time.monotonic() + WITHIN_S
        while len(talk.got) < len(sent) and time.monotonic() < deadline:
            time.sleep(0.02)
    assert talk.got == sent


def test_a_message_over_the_limit_is_cut_before_it_is_whole(host, talk, open_channel):
    host.enforcer.limit = 100_000
    with open_channel(compression=None) as client, pytest.raises(ConnectionClosed):
        client.send("x" * 100_001)
        client.recv(WITHIN_S)
        client.recv(WITHIN_S)
    assert (client.close_code, client.close_reason) == (1009, "too_large")
    assert (talk.got, host.enforcer.messages) == ([], [])


@pytest.mark.parametrize("why", ["too large", "refused"])
def test_a_client_that_is_still_sending_reads_why_it_was_cut(host, talk, open_channel, why):
    host.enforcer.limit = 200_000 if why == "refused" else 50_000
    if why == "refused":
        host.enforcer.refuses, host.enforcer.refuses_in = BLOCKED, "message"
    for _ in range(4):  # each may go wrong by chance alone
        with open_channel(compression=None) as client, pytest.raises(ConnectionClosed):
            for _ in range(100):
                client.send(b"x" * 100_000)
            client.recv(WITHIN_S)
        assert client.close_code == (1008 if why == "refused" else 1009)
    assert talk.got == []


def test_a_client_that_never_ends_what_it_sends_is_dropped(host, talk):
    host.enforcer.refuses, host.enforcer.refuses_in = BLOCKED, "message"
    with secure(host.port, PLACE, host.ca) as wire:
        assert wire.ask(HANDSHAKE).status == 101
        began = time.monotonic()
        with pytest.raises((ConnectionResetError, BrokenPipeError)):
            while time.monotonic() < began + WITHIN_S:
                wire.conn.sendall(FRAME)
        assert time.monotonic() - began > LINGER_S / 2
    assert talk.got == []


def test_no_more_is_read_while_a_message_is_judged(host, talk):
    may_go_on = threading.Event()

    async def judge(data: bytes) -> Pass:
        while not may_go_on.is_set():
            await asyncio.sleep(0.02)
        return Pass(data=data)

    host.enforcer.judges_message = judge
    with secure(host.port, PLACE, host.ca) as wire:
        assert wire.ask(HANDSHAKE).status == 101
        wire.conn.settimeout(0.5)
        taken = 0
        with pytest.raises(TimeoutError):
            while taken < 2 * HELD_BYTES:
                taken += wire.conn.send(FRAME)
        assert taken < HELD_BYTES
        assert (len(host.enforcer.messages), talk.got) == (1, [])
    may_go_on.set()
    assert talk.over.wait(WITHIN_S)


@pytest.mark.parametrize("upstream", [False, True])
def test_a_bomb_is_cut_before_it_is_inflated(host, talk, open_channel, upstream):
    host.enforcer.limit = 100_000
    bomb = b"\0" * 50_000_000
    if upstream:
        talk.opens = lambda conn: conn.send(bomb)
    with open_channel() as client, pytest.raises(ConnectionClosed):
        if not upstream:
            client.send(bomb)
        client.recv(WITHIN_S)
        client.recv(WITHIN_S)
    assert client.close_code == 1009
    assert (talk.got, host.enforcer.messages) == ([], [])


def test_pings_pass_both_ways_without_the_clients_words(host, talk, open_channel):
    seen, watching = [], threading.Event()
    talk.opens = lambda conn: _watched(conn, seen, watching)
    with open_channel() as client:
        assert watching.wait(WITHIN_S)
        assert client.ping(b"my own words").wait(WITHIN_S)
        client.send("x")
        client.recv(WITHIN_S)
        client.close(1000, "words of goodbye")
    assert talk.over.wait(WITHIN_S)
    assert seen
    assert not any(b"words" in one for one in seen)
    assert talk.closed == [(1000, "")]
    assert host.enforcer.messages == [(True, b"x"), (False, b"x")]


def _watched(conn, seen: list[bytes], watching: threading.Event) -> None:
    """Keeps the pings as the server gets them, and asks one itself."""

    def process(frame) -> None:
        if frame.opcode == 9:
            seen.append(bytes(frame.data))
        original(frame)

    original = conn.protocol.recv_frame
    conn.protocol.recv_frame = process
    watching.set()
    assert conn.ping(b"of the server").wait(WITHIN_S)


def test_the_servers_goodbye_reaches_the_client(host, talk, open_channel):
    talk.opens = lambda conn: conn.close(4001, "enough for today")
    with open_channel() as client, pytest.raises(ConnectionClosed):
        client.recv(WITHIN_S)
    assert (client.close_code, client.close_reason) == (4001, "enough for today")


def test_a_halt_cuts_an_idle_channel(host, talk, open_channel):
    with open_channel() as client:
        client.send("hello")
        assert client.recv(WITHIN_S) == "hello"
        host.proxy.call(lambda: host.enforcer.cut("permit-1", HALTED))
        assert json.loads(client.recv(WITHIN_S))["code"] == "run_halted"
        with pytest.raises(ConnectionClosed):
            client.recv(WITHIN_S)
        assert (client.close_code, client.close_reason) == (1008, "run_halted")
    assert talk.over.wait(WITHIN_S)


def test_a_halt_does_not_wait_for_a_slow_judgment(host, talk, open_channel):
    async def judge(data: bytes) -> Pass:
        await asyncio.Event().wait()  # for ever: whatever comes did not wait for it
        return Pass(data=data)

    host.enforcer.judges_message = judge
    with open_channel() as client:
        client.send("hello")
        deadline = time.monotonic() + WITHIN_S
        while not host.enforcer.messages and time.monotonic() < deadline:
            time.sleep(0.01)
        host.proxy.call(lambda: host.enforcer.cut("permit-1", HALTED))
        assert json.loads(client.recv(WITHIN_S))["code"] == "run_halted"
    assert talk.got == []


@pytest.mark.parametrize("hook", ["websocket_message", "websocket_start"])
def test_a_hook_that_fails_lets_nothing_through(host, talk, open_channel, hook):
    host.stranger.does[hook] = raising(KeyError("hook"))
    with pytest.raises(ConnectionClosed), open_channel() as client:
        client.send("hello")
        client.recv(WITHIN_S)
    assert talk.got == []


def test_an_enforcer_that_fails_lets_nothing_through(host, talk, open_channel):
    host.enforcer.raises, host.enforcer.raises_in = KeyError("message"), "message"
    with open_channel() as client, pytest.raises(ConnectionClosed):
        client.send("hello")
        client.recv(WITHIN_S)
    assert talk.got == []


def test_an_upstream_that_says_no_is_heard(host, talk, open_channel):
    host.enforcer.places = {("api.test", 443): ("127.0.0.1", host.upstream.port)}
    host.upstream.answer = lambda _request, send: send(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno")
    with pytest.raises(InvalidStatus) as refused, open_channel():
        pass
    assert refused.value.response.status_code == 403
    assert len(host.enforcer.settled) == 1


def test_an_upstream_that_only_pretends_to_switch_gets_nothing(host):
    switching = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    host.upstream.answer = lambda _request, send: send(switching + b"Sec-WebSocket-Accept: AAAA\r\n\r\n")
    key = b"dGhlIHNhbXBsZSBub25jZQ=="
    asked = b"GET /feed HTTP/1.1\r\nHost: api.test\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    with secure(host.port, PLACE, host.ca) as wire:
        reply = wire.ask(asked + b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: %s\r\n\r\n" % key)
        assert (reply.status, b'"protocol_denied"' in reply.body) == (403, True)
        assert wire.ask(b"raw words\r\n\r\n").status == 403
    assert b"raw words" not in host.upstream.received


@pytest.mark.slow
def test_memory_stays_flat_over_a_long_session(host, talk, open_channel):
    piece = os.urandom(15_000).hex()

    def rounds(count: int) -> int:
        for _ in range(count):
            client.send(piece)
            client.recv(WITHIN_S)
            talk.got.clear()
            host.enforcer.messages.clear()
        with Path("/proc/self/statm").open() as statm:
            return int(statm.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")

    with open_channel() as client:
        before = rounds(100)
        assert rounds(500) - before < 10_000_000
