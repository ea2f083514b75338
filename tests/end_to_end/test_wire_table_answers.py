"""Rows of the bypass table about answers: what a hostile or sloppy upstream sends, and what the agent gets of it."""

from __future__ import annotations

import json

import pytest

from support.raw import NOTHING, Reply, secure
from support.upstream import OK, say

PLACE = "api.test:443"
GET = b"GET /hello HTTP/1.1\r\nHost: api.test\r\n\r\n"
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"


def ask(host, *pieces: bytes, request: bytes = GET) -> Reply:
    host.upstream.answer = say(*pieces)
    with secure(host.port, PLACE, host.ca) as wire:
        return wire.ask(request)


@pytest.mark.parametrize(
    "head",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: +2\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 2, 2\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: identity\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: xchunked\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding : chunked\r\n\r\n",
        b"HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nX: a\rSet-Cookie: MARK=1\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nX: a\0b\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nX: a\r\n folded\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nno colon\r\n\r\n",
        b"HTTP/1.1 2000 OK\r\n\r\n",
        b"HTTP/2.0 200 OK\r\n\r\n",
        b"SSH-2.0-OpenSSH_9.9\r\n\r\n",
        b"\x00\x01\x02\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nX: " + b"a" * 200_000,
    ],
)
def test_an_answer_that_can_be_read_in_two_ways_is_a_bad_gateway(host, head):
    reply = ask(host, head, b"2\r\nok\r\n0\r\n\r\n")
    assert (reply.status, json.loads(reply.body)["type"]) == (502, "about:blank")
    assert b"MARK" not in reply.body
    assert host.enforcer.abandoned == [("permit-1", True)]


def test_a_plain_chunked_answer_passes(host):
    assert ask(host, CHUNKED, b"2;x=y\r\nok\r\n0\r\n\r\n").body == b"ok"


@pytest.mark.parametrize("interim", [b"HTTP/1.1 100 Continue\r\n\r\n", b"HTTP/1.1 103 Early\r\nLink: </x>\r\n\r\n"])
def test_interim_answers_are_passed_over_up_to_a_bound(host, interim):
    assert ask(host, interim, interim + OK) == ask(host, OK)
    assert ask(host, interim * 100, OK).status == 502


def test_trailers_of_an_answer_are_left_away_and_not_announced(host):
    announced = CHUNKED.replace(b"\r\n\r\n", b"\r\nTrailer: X-Late\r\n\r\n")
    reply = ask(host, announced, b"2\r\nok\r\n0\r\nX-Late: MARK\r\nAISecOps-Decision: dec_forged\r\n\r\n")
    assert (reply.status, reply.body, reply.cut) == (200, b"ok", False)
    assert "trailer" not in reply.headers
    assert reply.headers["aisecops-decision"] == "dec_1"


def test_what_follows_an_answer_is_not_handed_over(host):
    split = OK + b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nMARK"
    host.upstream.answer = say(split)
    with secure(host.port, PLACE, host.ca) as wire:
        assert wire.ask(GET).body == b"ok"
        host.upstream.answer = say(OK)
        assert wire.ask(GET).body == b"ok"
    assert len(host.upstream.connections) == 2


def test_a_redirect_is_the_agents_to_follow_and_judged_when_it_does(host):
    reply = ask(host, b"HTTP/1.1 302 Found\r\nLocation: http://169.254.169.254/latest\r\nContent-Length: 0\r\n\r\n")
    assert reply.status == 302
    assert len(host.upstream.connections) == 1


@pytest.mark.parametrize("version", [b"HTTP/1.0", b"HTTP/1.1"])
def test_an_answer_that_ends_with_its_connection_passes(host, version):
    def answer(_request, send):
        send(version + b" 200 OK\r\n\r\nto the end")
        raise OSError

    host.upstream.answer = answer
    with secure(host.port, PLACE, host.ca) as wire:
        assert wire.ask(GET).body == b"to the end"


def test_an_answer_without_its_whole_body_is_not_handed_over_as_whole(host):
    def answer(_request, send):
        send(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nMARK")
        raise OSError

    host.upstream.answer = answer
    with secure(host.port, PLACE, host.ca) as wire:
        reply = wire.ask(GET)
    assert reply == NOTHING or reply.status == 502
    assert b"MARK" not in reply.body


def test_a_head_request_has_no_body_whatever_the_upstream_says(host):
    host.upstream.answer = say(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n")
    with secure(host.port, PLACE, host.ca) as wire:
        reply = wire.ask(b"HEAD /hello HTTP/1.1\r\nHost: api.test\r\n\r\n", head=True)
        assert (reply.status, reply.body) == (200, b"")
        assert wire.ask(b"HEAD /hello HTTP/1.1\r\nHost: api.test\r\n\r\n", head=True).status == 200
