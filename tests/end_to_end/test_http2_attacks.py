"""Frames that no honest client sends, against the real host: nothing marked arrives, and the next client is served."""

from __future__ import annotations

import contextlib
import json

import pytest
from hpack import Encoder
from hyperframe.frame import (
    ExtensionFrame,
    GoAwayFrame,
    PingFrame,
    PriorityFrame,
    PushPromiseFrame,
    RstStreamFrame,
    SettingsFrame,
    WindowUpdateFrame,
)

from support.h2_client import H2Wire, h2_secure
from support.raw import Reply, plain, tunnel

PLACE = "api.test:443"
MARK = "marked-by-the-attacker"
PROTOCOL_ERROR = 1
ENHANCE_YOUR_CALM = 11


@pytest.fixture
def wire(host):
    with h2_secure(host.port, PLACE, host.ca) as opened:
        opened.more()
        yield opened


@pytest.fixture(autouse=True)
def _nothing_marked_arrives_and_the_next_is_served(host):
    yield
    assert MARK.encode() not in b"".join(bytes(data) for data in host.upstream.connections)
    with h2_secure(host.port, PLACE, host.ca) as opened:
        assert opened.ask("GET", "/after").body == b"ok"


def marked(wire: H2Wire, *headers) -> list:
    return wire.head("POST", f"/{MARK}", headers)


def unknown_frame() -> ExtensionFrame:
    frame = ExtensionFrame(0xAB, 0, body=b"?")
    frame.body_len = len(frame.body)
    return frame


def ended(wire: H2Wire) -> int | None:
    """The reason with which the connection was ended."""
    with contextlib.suppress(TimeoutError):
        wire.read_to_the_end()
    assert wire.closed
    return wire.goaway


def refused(wire: H2Wire, fields) -> str:
    return code(wire.say(fields))


def code(reply: Reply) -> str:
    assert reply.headers["content-type"] == "application/problem+json", reply
    return json.loads(reply.body)["code"]


@pytest.mark.parametrize(
    "change",
    [
        lambda f: [*f, f[0]],
        lambda f: [*f, (":authority", "evil.test")],
        lambda f: [*f, ("x", "y"), (":path", "/other")],
        lambda f: [*f, (":protocol", "websocket")],
        lambda f: f[1:],
        lambda f: [*f[:2], f[3]],
        lambda f: [f[0], (":scheme", "http"), *f[2:]],
        lambda f: [(":method", "CONNECT"), *f[1:]],
        lambda f: [*f, ("X-Upper", "y")],
        lambda f: [*f, ("x", "a\r\nhost: evil.test")],
        lambda f: [*f, ("x", "a\0b")],
        lambda f: [*f, ("x: y\r\nz", "b")],
        lambda f: [*f, ("transfer-encoding", "chunked")],
        lambda f: [*f, ("connection", "upgrade")],
        lambda f: [*f, ("upgrade", "websocket")],
        lambda f: [*f, ("te", "chunked")],
        lambda f: [*f, ("content-length", "1"), ("content-length", "1")],
        lambda f: [*f, ("content-length", "+1")],
        lambda f: [*f[:2], (":path", "https://evil.test/"), f[3]],
        lambda f: [*f[:2], (":path", "/a b"), f[3]],
        lambda f: [*f[:2], (":path", "/a HTTP/1.1\r\nHost: evil.test"), f[3]],
        lambda f: [*f[:2], (":path", "*"), f[3]],
        lambda f: [*f[:3], (":authority", "evil.test")],
        lambda f: [*f[:3], (":authority", "api.test@evil.test")],
        lambda f: [*f[:3], (":authority", "api.test"), ("host", "evil.test")],
        lambda f: [*f[:3], ("host", "api.test"), ("host", "api.test")],
        lambda f: f[:3],
        lambda f: [*f, ("content-type", "application/grpc+proto")],
    ],
)  # fmt: skip
def test_a_head_that_could_be_read_in_two_ways_is_refused_on_its_stream(host, wire, change):
    fields = change([(":method", "GET"), (":scheme", "https"), (":path", f"/{MARK}"), (":authority", "api.test")])
    beside = wire.start(wire.head("POST", "/beside"))
    assert refused(wire, [*fields, ("x-mark", MARK)]) == "protocol_denied"
    wire.data(beside, b"b", end=True)
    assert wire.read(beside).body == b"ok"


def test_a_head_over_the_bound_is_answered_and_a_bomb_is_not(host, wire):
    assert refused(wire, [*wire.head("GET", "/"), *((f"x-{n}", MARK + "v" * 1000) for n in range(70))]) == "too_large"
    encoder = Encoder()
    head = encoder.encode([*wire.head("GET", f"/{MARK}"), ("x-bomb", "b" * 3000)])
    bomb = head + encoder.encode([("x-bomb", "b" * 3000)]) * 5000
    frame = wire.raw_head(101, [], "END_HEADERS", "END_STREAM")
    frame.data = bomb
    wire.frames(frame)
    assert ended(wire) == ENHANCE_YOUR_CALM


def test_a_head_without_an_end_ends_the_connection(host, wire):
    wire.frames(wire.raw_head(1, marked(wire)))
    with contextlib.suppress(OSError):
        for _ in range(100):
            wire.frames(wire.more_head(1, b"\x00\x01x" + b"\x7f\x81\x06" + b"v" * 900))
    assert ended(wire) in {ENHANCE_YOUR_CALM, 1}


def test_a_flood_of_empty_continuations_ends_the_connection(host, wire):
    wire.frames(wire.raw_head(1, marked(wire)), *(wire.more_head(1, b"") for _ in range(2000)))
    assert ended(wire) in {ENHANCE_YOUR_CALM, 1}


def test_streams_opened_and_reset_at_once_end_the_connection(host, wire):
    pairs = [
        frame
        for n in range(1, 2001, 2)
        for frame in (wire.raw_head(n, marked(wire), "END_HEADERS", "END_STREAM"), RstStreamFrame(n, error_code=8))
    ]
    wire.frames(*pairs)
    assert ended(wire) == ENHANCE_YOUR_CALM


def test_making_us_reset_streams_ends_the_connection_too(host, wire):
    """The client never resets: it breaks a rule of each stream, so that we do."""
    for n in range(1, 601, 2):
        wire.frames(wire.raw_head(n, marked(wire), "END_HEADERS"), WindowUpdateFrame(n, window_increment=2**31 - 1))
    assert ended(wire) == ENHANCE_YOUR_CALM


@pytest.mark.parametrize(
    "frame",
    [
        PingFrame(0, opaque_data=b"12345678"),
        SettingsFrame(0, settings={4: 65535}),
        PriorityFrame(1, depends_on=0, stream_weight=1),
        WindowUpdateFrame(0, window_increment=1),
        unknown_frame(),
    ],
    ids=lambda frame: type(frame).__name__,
)
def test_a_flood_of_small_frames_ends_the_connection(host, wire, frame):
    wire.frames(*[frame] * 3000)
    assert ended(wire) == ENHANCE_YOUR_CALM


def test_a_few_of_them_disturb_nobody(host, wire):
    few = [
        PingFrame(0, opaque_data=b"12345678"), PriorityFrame(1, depends_on=0, stream_weight=1),
        unknown_frame(), WindowUpdateFrame(0, window_increment=1),
    ]  # fmt: skip
    wire.wire.send(b"".join(frame.serialize() for frame in few))
    assert wire.ask("GET", "/fine").body == b"ok"


def test_a_flood_of_empty_data_ends_the_connection(host, wire):
    wire.frames(wire.raw_head(1, marked(wire), "END_HEADERS"), *[wire.raw_data(1, b"")] * 3000)
    assert ended(wire) == ENHANCE_YOUR_CALM


def test_data_after_the_end_belongs_to_nothing(host, wire):
    wire.frames(
        wire.raw_head(1, wire.head("POST", "/first"), "END_HEADERS"),
        wire.raw_data(1, b"abc", "END_STREAM"),
        wire.raw_data(1, MARK.encode(), "END_STREAM"),
    )
    wire.frames(PushPromiseFrame(3, promised_stream_id=2, data=b"", flags=("END_HEADERS",)))  # ends it
    assert ended(wire) == PROTOCOL_ERROR


@pytest.mark.parametrize(
    "frames",
    [
        lambda w: [w.raw_data(1, MARK.encode())],
        lambda w: [w.raw_head(2, marked(w), "END_HEADERS", "END_STREAM")],
        lambda w: [w.raw_head(3, marked(w), "END_HEADERS"), w.raw_head(1, marked(w), "END_HEADERS")],
        lambda w: [w.raw_head(1, marked(w)), PingFrame(0, opaque_data=b"12345678")],
        lambda w: [PushPromiseFrame(1, promised_stream_id=2, data=b"", flags=("END_HEADERS",))],
        lambda w: [w.more_head(1, b"x", "END_HEADERS")],
        lambda w: [w.raw_head(1, marked(w), "END_HEADERS"), w.raw_data(1, b"x" * 20_000)],
        lambda w: [w.raw_head(1, marked(w), "END_HEADERS"), WindowUpdateFrame(1, window_increment=2**31 - 1),
                   WindowUpdateFrame(0, window_increment=2**31 - 1)],
        lambda w: [GoAwayFrame(0, last_stream_id=0), w.raw_head(1, marked(w), "END_HEADERS", "END_STREAM")],
    ],
)  # fmt: skip
def test_what_breaks_the_protocol_ends_the_connection(host, wire, frames):
    with contextlib.suppress(OSError):
        wire.frames(*frames(wire))
    ended(wire)


def test_a_window_that_stays_shut_holds_up_nobody_else(host):
    with h2_secure(host.port, PLACE, host.ca, window=0) as shut:
        held = shut.start(shut.head("GET", "/shut"), end=True)
        while not shut.streams[held].status:
            assert shut.more()
        assert not shut.streams[held].body
        with h2_secure(host.port, PLACE, host.ca) as other:
            assert other.ask("GET", "/open").body == b"ok"


def test_http2_without_tls_is_refused(host):
    preface = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
    for opened in (plain(host.port), tunnel(host.port, PLACE)):
        with opened as wire:
            assert wire.ask(preface).status in {0, 403}  # what was not read may overtake the answer
