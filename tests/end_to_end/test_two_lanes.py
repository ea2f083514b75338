"""Both lanes, asked the same: the same bytes to the upstream, the same bytes to the client, the same questions asked.

The core's lane goes first through everything, then the fast one; each case is compared by itself. That the fast lane
really took what is its own, and handed over the rest, is counted.
"""

from __future__ import annotations

import dataclasses
import logging
import ssl
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from aisecops.adapters.mitm.lane.connection import LaneConnection
from aisecops.adapters.mitm.lane.handover import HandedOver
from aisecops.model.outcome import Refuse
from aisecops.model.refusals import Code
from support.proxy import Echo, Lets, running_proxy
from support.raw import Wire, tunnel
from support.upstream import OK, Answer, Authority, Upstream, running_upstream, say

NO = Refuse(code=Code.POLICY_DENIED, detail="no")
HOST = b"Host: api.test"
BIG = b"b" * 300_000


def request(
    *lines: bytes, first: bytes = b"POST /v1/messages HTTP/1.1", body: bytes = b"", host: bytes = HOST
) -> bytes:
    return b"\r\n".join([first, *([host] if host else []), *lines]) + b"\r\n\r\n" + body


def post(body: bytes, *lines: bytes) -> bytes:
    return request(b"Content-Type: application/json", *lines, b"Content-Length: %d" % len(body), body=body)


GET = request(first=b"GET /hello HTTP/1.1")


def answer(*lines: bytes, first: bytes = b"HTTP/1.1 200 OK", body: bytes = b"") -> bytes:
    return b"\r\n".join([first, *lines]) + b"\r\n\r\n" + body


@dataclass(frozen=True)
class Case:
    """What a client sends in its tunnel, request by request, and what its upstream answers.

    `ends`: the upstream hangs up then. `lane`: whether it is the fast one's. `goes_on`: it makes sense to ask once more. `is_closed`: the fast lane closes
    the connection where the core does not, and says so.
    """

    sends: Sequence[bytes]
    says: Sequence[bytes] = (OK,)
    lane: bool = True
    ends: bool = False
    goes_on: bool = True
    is_closed: bool = False
    sni: str = "api.test"
    stream: bool = False
    refuses_in: str = ""
    raises_in: str = ""
    limit: int = 1_000_000
    forward: dict = field(default_factory=dict)


CHUNKED = answer(b"Transfer-Encoding: chunked", body=b"5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n")
CASES = {
    # what the fast lane is for
    "get": Case([GET]),
    "head": Case([request(first=b"HEAD /hello HTTP/1.1")], [answer(b"Content-Length: 5")], goes_on=False),
    "post": Case([post(b'{"a": 1}')]),
    "post without body": Case([request()]),
    "post of nothing": Case([post(b"")]),
    "large both ways": Case([post(BIG)], [answer(b"Content-Length: 300000", body=BIG)]),
    "three on one connection": Case([GET, post(b"two"), GET]),
    "closed by the client": Case([request(b"Connection: close", first=b"GET / HTTP/1.1")]),
    "closed by the upstream": Case([GET], [answer(b"Connection: close", b"Content-Length: 2", body=b"ok")]),
    "names of hops": Case([request(b"Connection: keep-alive, X-Hop", b"Keep-Alive: 5", b"TE: trailers", b"X-Hop: 1")]),
    "our own names": Case([request(b"AISecOps-Run: run_1", b"DPoP: x", b"Proxy-Authorization: Basic x")]),
    "odd bytes in values": Case([request(b"X-Latin: \xe9\xff", b"X-Empty:", b"X-Spaces:   a  b  ")]),
    "an encoded body": Case([post(b"abc", b"Content-Encoding: br")]),
    "chunks": Case([GET], [CHUNKED]),
    "chunks with trailers": Case([GET], [CHUNKED.replace(b"0\r\n\r\n", b"0\r\nX-T: 1\r\n\r\n")]),
    "interim answers": Case([GET], [answer(first=b"HTTP/1.1 103 Early Hints"), OK]),
    "no content": Case([GET], [answer(first=b"HTTP/1.1 204 No Content")]),
    "not modified": Case([GET], [answer(b"ETag: x", first=b"HTTP/1.1 304 Not Modified")]),
    "an answer of HTTP/1.0": Case([GET], [answer(b"Content-Length: 2", first=b"HTTP/1.0 200 OK", body=b"ok")]),
    "no reason": Case([GET], [answer(b"Content-Length: 2", first=b"HTTP/1.1 200 ", body=b"ok")]),
    "names of upstreams": Case(
        [GET], [answer(b"Alt-Svc: h3", b"AISecOps-Decision: x", b"Trailer: x", b"X-A: 1", b"Content-Length: 0")]
    ),
    "a stream": Case([GET, GET], [CHUNKED], stream=True),
    "a stream with a length": Case([GET], [answer(b"Content-Length: 5", body=b"hello")], stream=True),
    "a stream that breaks": Case([GET], [CHUNKED[:-5]], stream=True, ends=True),
    "changed on its way": Case(
        [post(b"secret")], forward={"body": b"changed", "set_headers": (("X-Added", "1"),), "path": "/other?a=b"}
    ),
    # refused by both
    "refused by its head": Case([GET, GET], refuses_in="head"),
    "refused by its head with a body": Case([post(b"body")], refuses_in="head"),
    "refused when whole": Case([post(b"body"), GET], refuses_in="admit"),
    "an answer refused": Case([GET, GET], refuses_in="settle"),
    "a fault at the head": Case([GET], raises_in="head"),
    "a fault when whole": Case([post(b"body")], raises_in="admit"),
    "a fault at the answer": Case([GET], raises_in="settle"),
    "a fault before a stream": Case([GET], raises_in="tap", is_closed=True),
    "a body too large": Case([post(b"a" * 20)], limit=10),
    "another host": Case([request(host=b"Host: other.test")]),
    "no host": Case([request(host=b"")]),
    "two hosts": Case([request(HOST)]),
    "a method nobody has": Case([request(first=b"get / HTTP/1.1")]),
    "a path with a fragment": Case([request(first=b"GET /#a HTTP/1.1")]),
    "a name for another": Case([request(b"Content_Length: 5")]),
    "gRPC": Case([request(b"Content-Type: application/grpc")]),
    # answers that are none
    "an answer to nothing": Case([GET], ends=True, says=[]),
    "an answer with two lengths": Case([GET], [answer(b"Content-Length: 2", b"Content-Length: 3", body=b"ok")]),
    "an answer with length and chunks": Case(
        [GET], [CHUNKED.replace(b"\r\n\r\n", b"\r\nContent-Length: 5\r\n\r\n", 1)]
    ),
    "an answer in gzip and chunks": Case([GET], [CHUNKED.replace(b"chunked", b"gzip, chunked")]),
    "an answer with a bad name": Case([GET], [answer(b"X A: 1", b"Content-Length: 2", body=b"ok")]),
    "an answer with a NUL": Case([GET], [answer(b"X-A: \x00", b"Content-Length: 2", body=b"ok")]),
    "an answer with a fold": Case([GET], [answer(b"X-A: a", b" b", b"Content-Length: 2", body=b"ok")]),
    "an answer of junk": Case([GET], [b"SSH-2.0-OpenSSH\r\n\r\n"]),
    "a switch of protocols": Case(
        [GET], [answer(b"Upgrade: foo", first=b"HTTP/1.1 101 Switching Protocols")], is_closed=True
    ),
    # the core's own
    "pipelined": Case([GET + GET, b""], lane=False, goes_on=False),
    "a request in chunks": Case([request(b"Transfer-Encoding: chunked", body=b"3\r\nabc\r\n0\r\n\r\n")], lane=False),
    "length and chunks": Case(
        [request(b"Content-Length: 3", b"Transfer-Encoding: chunked", body=b"0\r\n\r\n")], lane=False
    ),
    "two lengths": Case([request(b"Content-Length: 3", b"Content-Length: 3", body=b"abc")], lane=False),
    "a folded header": Case([request(b"X-A: a", b" b")], lane=False),
    "bare line feeds": Case([GET.replace(b"\r\n", b"\n")], lane=False),
    "a space before the colon": Case([request(b"Content-Length : 0")], lane=False),
    "a NUL": Case([request(b"X-A: \x00")], lane=False),
    "HTTP/1.0": Case([request(first=b"GET / HTTP/1.0")], lane=False),
    "a whole address": Case([request(first=b"GET https://api.test/ HTTP/1.1")], lane=False),
    "a CONNECT in a tunnel": Case([b"CONNECT api.test:443 HTTP/1.1\r\nHost: api.test\r\n\r\n"], lane=False),
    "an upgrade": Case([request(b"Upgrade: foo", b"Connection: upgrade")], lane=False),
    "HTTP/2 without being asked": Case([b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"], lane=False),
    "a head too large": Case([request(b"X-A: " + b"a" * 70_000)], lane=False),
    "TLS in TLS": Case([b"\x16\x03\x01\x02\x00\x01\x00\r\n\r\n"], lane=False),
    "an ordinary one first": Case([GET, request(b"Transfer-Encoding: chunked", body=b"0\r\n\r\n"), GET], lane=False),
}


class Fixed(Echo):
    """A tap that keeps an upstream's word on the length."""

    as_it_came = True


class Broken(logging.Handler):
    """Keeps what is said of a core that failed where it takes a connection over."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.said: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        if "core failed" in record.getMessage() and "server.py" in record.getMessage():
            self.said.append(record.getMessage())


class Taped:
    """A connection that keeps what came on it."""

    def __init__(self, conn: ssl.SSLSocket) -> None:
        self._conn = conn
        self.tape = b""

    def recv(self, size: int) -> bytes:
        piece = self._conn.recv(size)
        self.tape += piece
        return piece

    def __getattr__(self, name: str):
        return getattr(self._conn, name)


@dataclass(frozen=True)
class Seen:
    """All that can be seen from outside, and of what was asked."""

    downstream: bytes
    upstream: bytes
    calls: list[str]
    settled: list
    abandoned: list
    finished: list
    closed: bool


def one(case: Case, port: int, lets: Lets, upstream: Upstream, ca: Path) -> Seen:
    lets_places = lets.places
    lets.reset()
    lets.places, lets.limit, lets.forward = lets_places, case.limit, case.forward
    lets.stream = (Fixed() if b"Content-Length" in b"".join(case.says) else Echo()) if case.stream else None
    lets.refuses, lets.refuses_in = NO, case.refuses_in
    lets.raises, lets.raises_in = KeyError("a test"), case.raises_in
    upstream.reset()
    upstream.answer = hangs_up(*case.says) if case.ends else say(*case.says)
    context = ssl.create_default_context(cafile=str(ca))
    with tunnel(port, "api.test:443") as outer, context.wrap_socket(outer.conn, server_hostname=case.sni) as conn:
        conn.settimeout(5)
        taped = Taped(conn)
        wire = Wire(taped)
        for sent in case.sends:
            try:
                reply = wire.ask(sent, head=sent.startswith(b"HEAD"))
            except OSError:
                break  # which both have to do
            if not reply.status:
                break
        closed = not case.goes_on or goes_no_further(wire)
    until(
        lambda: not lets.admitted or len(lets.settled) + len(lets.abandoned) + len(lets.finished) >= len(lets.admitted)
    )
    calls = [call for call in lets.calls if call != "identify"]
    received = upstream.received
    return Seen(taped.tape, received, calls, lets.settled, lets.abandoned, lets.finished, closed)


def hangs_up(*pieces: bytes) -> Answer:
    """Says `pieces` and ends."""

    def answer(_request: bytes, send: Callable[[bytes], None]) -> None:
        for piece in pieces:
            send(piece)
        raise ConnectionError

    return answer


def goes_no_further(wire: Wire) -> bool:
    """True when the connection has no answer to one more request."""
    try:
        return not wire.ask(GET).status
    except OSError:
        return True


def until(condition, seconds: float = 5.0) -> None:
    end = time.monotonic() + seconds
    while not condition() and time.monotonic() < end:
        time.sleep(0.005)


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp("lanes")


@pytest.fixture(scope="module")
def seen(folder) -> dict[str, tuple[Seen, Seen, int]]:
    """For each case what the core made of it and what the fast lane did, and how often that handed over."""
    authority = Authority(folder)
    handed_over: list[HandedOver] = []
    broken = Broken()
    logging.getLogger("aisecops").addHandler(broken)
    results: dict[bool, dict[str, tuple[Seen, int]]] = {False: {}, True: {}}
    with running_upstream(authority.server_context("api.test")) as upstream, pytest.MonkeyPatch.context() as patch:
        hand_over = LaneConnection._hand_over

        def counted(of: LaneConnection) -> HandedOver:
            handed_over.append(hand_over(of))
            return handed_over[-1]

        patch.setattr(LaneConnection, "_hand_over", counted)
        for fast in (False, True):
            lets = Lets({("api.test", 443): ("127.0.0.1", upstream.port)})
            certs = folder / "certs"
            with running_proxy(certs, lets, upstream_trust=authority.file, fast_lane=fast) as proxy:
                for name, case in CASES.items():
                    before = len(handed_over)
                    ca = certs / "mitmproxy-ca-cert.pem"
                    results[fast][name] = one(case, proxy.port, lets, upstream, ca), len(handed_over) - before
    logging.getLogger("aisecops").removeHandler(broken)
    assert broken.said == []
    return {name: (results[False][name][0], *results[True][name]) for name in CASES}


@pytest.mark.parametrize("name", CASES)
def test_both_lanes_do_the_same(seen, name):
    core, fast, _ = seen[name]
    if CASES[name].is_closed:
        assert (core.closed, fast.closed) == (False, True)
        core = dataclasses.replace(core, closed=True, upstream=core.upstream[: len(fast.upstream)])
        core = dataclasses.replace(core, calls=core.calls[: len(fast.calls)], abandoned=core.abandoned[:1])
        assert core.downstream.startswith(fast.downstream.replace(b"Connection: close\r\n", b""))
        core = dataclasses.replace(core, downstream=fast.downstream)
    assert fast == core


@pytest.mark.parametrize("name", CASES)
def test_each_takes_what_is_its_own(seen, name):
    assert seen[name][2] == (not CASES[name].lane)
