"""What the host does when the enforcer cuts an exchange: nothing more passes, the agent is told, the upstream is gone."""

from __future__ import annotations

import asyncio
import threading
import time

import pytest

from aisecops.gateway.watch import StreamWatch
from aisecops.model.outcome import Refuse
from aisecops.model.refusals import Code
from support.proxy import Echo
from support.raw import secure

pytestmark = pytest.mark.parametrize(
    "shared", ["fast", pytest.param("mitmproxy", marks=pytest.mark.twice)], indirect=True, scope="module"
)

GET = b"GET /stream HTTP/1.1\r\nHost: api.test\r\n\r\n"
HALTED = Refuse(code=Code.RUN_HALTED, detail="the run is halted")
CHUNKED = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
TO_THE_END = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n"
WITHIN_S = 5.0


class Dripping:
    """An upstream that says `head` and then goes on until its connection breaks, or for ever says nothing."""

    def __init__(self, *pieces: bytes, drip: bytes = b"") -> None:
        self.pieces, self.drip = pieces, drip
        self.begun, self.broke = threading.Event(), threading.Event()

    def __call__(self, _request: bytes, send) -> None:
        for piece in self.pieces:
            send(piece)
        self.begun.set()
        ends = time.monotonic() + WITHIN_S
        try:
            while time.monotonic() < ends:
                time.sleep(0.01)
                if self.drip:
                    send(self.drip)
        except OSError:
            self.broke.set()


def cut(host) -> None:
    host.proxy.call(lambda: host.enforcer.cut("permit-1", HALTED))


@pytest.mark.parametrize(
    ("head", "drip"),
    [(CHUNKED, b"4\r\nmore\r\n"), (TO_THE_END, b"more")],
    ids=["chunked", "until the connection closes"],
)
def test_a_stream_that_is_cut_ends_with_the_refusal_and_its_upstream_is_dropped(host, head, drip):
    host.enforcer.stream = Echo()
    host.upstream.answer = upstream = Dripping(head, drip=drip)
    with secure(host.port, "api.test:443", host.ca) as wire:
        wire.send(GET)
        while b"more" not in wire.more():
            pass
        cut(host)
        reply = wire.read()
        assert (reply.status, reply.cut) == (200, False)
        assert reply.body.endswith(b"[cut: run_halted]")
        assert reply.body.removesuffix(b"[cut: run_halted]").replace(b"more", b"") == b""
        assert upstream.broke.wait(WITHIN_S)
        assert host.enforcer.finished == ["permit-1"]
        # the connection of the agent goes on
        host.upstream.reset()
        host.enforcer.stream = None
        assert wire.ask(GET).status == 200


@pytest.mark.parametrize("ends", [False, True], ids=["goes on", "ends with it"])
def test_a_stream_that_cannot_be_read_ends_with_words_in_the_providers_form(host, ends):
    event = b'data: {"choices": [], "choices": []}\n\n'
    unreadable = b"%x\r\n%s\r\n" % (len(event), event) + (b"0\r\n\r\n" if ends else b"")
    host.enforcer.stream = StreamWatch(status=200, dialect="openai")
    host.upstream.answer = Dripping(CHUNKED, unreadable, drip=b"" if ends else b"4\r\nmore\r\n")
    with secure(host.port, "api.test:443", host.ca) as wire:
        reply = wire.ask(GET)
        assert (reply.status, reply.cut) == (200, False)
        assert event not in reply.body
        assert b"a name stands twice" in reply.body
        assert b'"code":"output_invalid"' in reply.body
        assert host.enforcer.finished == ["permit-1"]


@pytest.mark.parametrize("dialect", [None, "openai"])
def test_an_event_is_with_the_client_before_the_next_one_is_sent(host, dialect):
    events = [b'data: {"choices": []}\n\n', b": still here\n\n", b"data: [DONE]\n\n"]
    has_it = [threading.Event() for _ in events]
    in_time = []

    def answer(_request: bytes, send) -> None:
        send(CHUNKED)
        for event, with_the_client in zip(events, has_it, strict=True):
            send(b"%x\r\n%s\r\n" % (len(event), event))
            in_time.append(with_the_client.wait(WITHIN_S))
        send(b"0\r\n\r\n")

    host.enforcer.stream = StreamWatch(status=200, dialect=dialect)
    host.upstream.answer = answer
    with secure(host.port, "api.test:443", host.ca) as wire:
        wire.send(GET)
        seen = b""
        for event, with_the_client in zip(events, has_it, strict=True):
            while event not in seen:
                piece = wire.more()
                assert piece
                seen += piece
            with_the_client.set()
        assert wire.read().body == b"".join(events)
    assert in_time == [True, True, True]


def test_a_request_that_waits_for_its_answer_is_refused(host):
    host.upstream.answer = upstream = Dripping()
    with secure(host.port, "api.test:443", host.ca) as wire:
        wire.send(GET)
        assert upstream.begun.wait(WITHIN_S)
        cut(host)
        reply = wire.read()
    assert (reply.status, b'"run_halted"' in reply.body) == (403, True)
    assert host.enforcer.abandoned == [("permit-1", True)]


@pytest.mark.parametrize(
    "head",
    [b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\nhalf", b"HTTP/1.1 200 OK\r\n\r\nhalf"],
    ids=["length", "end"],
)
def test_half_an_answer_is_never_delivered(host, head):
    host.upstream.answer = upstream = Dripping(head)
    with secure(host.port, "api.test:443", host.ca) as wire:
        wire.send(GET)
        assert upstream.begun.wait(WITHIN_S)
        time.sleep(0.1)  # the half is with the proxy
        cut(host)
        reply = wire.read()
    assert (reply.status, b'"run_halted"' in reply.body) == (403, True)
    assert host.enforcer.settled == []


def test_what_is_cut_before_it_left_never_leaves(host):
    def admits() -> bool:  # and in the next turn of the loop, when nothing stands to send it on, it is cut
        asyncio.get_running_loop().call_soon(host.enforcer.cut, "permit-1", HALTED)
        return True

    host.enforcer.go_on = admits
    with secure(host.port, "api.test:443", host.ca) as wire:
        reply = wire.ask(GET)
    assert (reply.status, b'"run_halted"' in reply.body) == (403, True)
    assert host.upstream.requests == 0


def test_a_permit_nobody_has_is_cut_in_vain(host):
    host.proxy.call(lambda: host.enforcer.cut("permit-9", HALTED))
    with secure(host.port, "api.test:443", host.ca) as wire:
        assert wire.ask(GET).status == 200
