"""The same requests in HTTP/1.1 and in HTTP/2 to a running installation: the same verdicts, and the same bytes upstream.

Each request is told once, as method, path, headers and body. A case sends it both ways and compares what the agent is
told, and what arrives: not one byte of a request may depend on the version that its client spoke.
"""

from __future__ import annotations

import contextlib
import gzip
import re
import ssl
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from support.h2_client import H2Wire, in_tls
from support.installation import Installation, fresh, shared_installation  # noqa: F401 - a fixture
from support.installation_rules import AGENTS, CARD, MAX_BODY
from support.raw import Wire, plain
from support.speaking import Run, Said

CLERK = AGENTS["clerk"]
OK = 200
READ = ("crm.read", "crm.customers.{mark}")
WRITE = ("orders.write", "orders.{mark}")


@dataclass(frozen=True)
class Case:
    """One request. `token`: what to get and show one for. `chunks`: in HTTP/1.1 the body comes in chunks."""

    name: str
    method: str = "GET"
    host: str = "crm.internal"
    path: str = "/v1/customers/{mark}"
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes | None = None
    token: tuple[str, str] | None = READ
    says_length: bool = True
    chunks: bool = False
    authority: str | None = None
    expect: str = ""


def writing(name: str, body: bytes, *headers: tuple[str, str], **more) -> Case:
    return Case(name, "POST", "db.internal", "/orders/{mark}", headers, body, WRITE, **more)


JSON = ("content-type", "application/json")
CASES = [
    Case("a read"),
    Case("a read of the trunk", path="/v1/customers/{mark}?a=b&c=%20d"),
    Case("a source", host="en.wiki.example", path="/wiki/{mark}", token=None),
    Case("without a token", token=None, expect="token_missing"),
    Case("another scope", path="/v1/customers/x{mark}", expect="scope_violation"),
    Case("an undeclared path", path="/v2/{mark}", expect="tool_undeclared"),
    Case("an undeclared method", "DELETE", expect="tool_undeclared"),
    Case("two of a header", headers=(("x-a", "1"), ("x-a", "2"))),
    Case("an empty header", headers=(("x-a", ""),)),
    Case("a header of high bytes", headers=(("x-a", "\xe4\xff"),)),
    Case("cookies", headers=(("cookie", "a=1; b=2"),)),
    Case("two tokens", headers=(("aisecops-capability", "x.y.z"),), expect="protocol_denied"),
    Case("a wrong token", headers=(("aisecops-capability", "x.y.z"),), token=None, expect="token_malformed"),
    Case("another run", headers=(("aisecops-run", "run_00000000000000000000000000"),), token=None, expect="run_unknown"),
    Case("two authorizations", headers=(("authorization", "a"), ("authorization", "b")), expect="protocol_denied"),
    Case("a method override", headers=(("x-http-method-override", "DELETE"),), expect="*"),
    Case("an underscore for a hyphen", headers=(("content_length", "5"),), expect="protocol_denied"),
    Case("a trailer announced", headers=(("trailer", "x"),), expect="protocol_denied"),
    Case("te", headers=(("te", "trailers"),)),
    Case("gRPC", headers=(("content-type", "application/grpc"),), expect="protocol_denied"),
    Case("a query for a token", path="/v1/customers/{mark}?token=" + "A" * 10),
    Case("a card in the path", path="/v1/customers/{mark}?card=4111111111111111", expect="egress_blocked"),
    Case("a card in a header", headers=(("x-note", CARD),), expect="egress_blocked"),
    Case("a fragment", path="/v1/customers/{mark}#x", expect="protocol_denied"),
    Case("a path up", path="/v1/customers/../customers/{mark}", expect="*"),
    Case("an encoded slash", path="/v1/customers%2F{mark}", expect="*"),
    Case("two slashes", path="//v1/customers/{mark}", expect="*"),
    Case("a lower-case method", "get", expect="protocol_denied"),
    Case("TRACE", "TRACE", expect="protocol_denied"),
    Case("another host", authority="evil.test", expect="protocol_denied"),
    Case("another port", authority="crm.internal:8443", expect="protocol_denied"),
    Case("the port said", authority="crm.internal:443"),
    Case("upper case in the host", authority="CRM.Internal"),
    Case("a user in the host", authority="crm.internal@evil.test", expect="protocol_denied"),
    Case("a get with a body", body=b'{"a": 1}', headers=(JSON,), expect="*"),
    writing("a write", b'{"a": 1}', JSON),
    writing("a write without a length", b'{"a": 1}', JSON, says_length=False, chunks=True),
    writing("a write in many pieces", b'{"a": "' + b"x" * 5000 + b'"}', JSON, says_length=False, chunks=True),
    writing("an empty write", b"", JSON, expect="*"),
    writing("an empty write without a length", b"", says_length=False, chunks=True, expect="*"),
    writing("no JSON", b'{"a": ', JSON, expect="*"),
    writing("a name twice", b'{"a": 1, "a": 2}', JSON, expect="*"),
    writing("a card", b'{"a": "%s"}' % CARD.encode(), JSON, expect="egress_blocked"),
    writing("a card without a length", b'{"a": "%s"}' % CARD.encode(), JSON, says_length=False, chunks=True,
            expect="egress_blocked"),
    writing("a card, zipped", gzip.compress(b'{"a": "%s"}' % CARD.encode(), mtime=0), JSON,
            ("content-encoding", "gzip"), expect="egress_blocked"),
    writing("zipped", gzip.compress(b'{"a": 1}', mtime=0), JSON, ("content-encoding", "gzip")),
    writing("zipped twice said", b"x", JSON, ("content-encoding", "gzip, gzip"), expect="unreadable"),
    writing("not zipped", b'{"a": 1}', JSON, ("content-encoding", "gzip"), expect="unreadable"),
    writing("an unknown coding", b'{"a": 1}', JSON, ("content-encoding", "rot13"), expect="unreadable"),
    writing("two content types", b'{"a": 1}', JSON, ("content-type", "text/plain"), expect="protocol_denied"),
    writing("a form", b"a=1&b=2", ("content-type", "application/x-www-form-urlencoded")),
    writing("as large as may be", b'"' + b"x" * (MAX_BODY - 2) + b'"', JSON),
    writing("too large", b'"' + b"x" * (MAX_BODY - 1) + b'"', JSON, expect="too_large"),
    writing("too large without a length", b"x" * 2 * MAX_BODY, JSON, says_length=False, chunks=True,
            expect="too_large"),
    writing("asked first", b'{"a": 1}', JSON, ("expect", "100-continue")),
    writing("another expectation", b'{"a": 1}', JSON, ("expect", "a-cake"), expect="protocol_denied"),
    writing("a request in a body", b"POST /orders/x HTTP/1.1\r\nHost: evil.test\r\n\r\n", ("content-type", "text/plain")),
]  # fmt: skip


class Both:
    """One tunnel for each version, opened anew for each request."""

    def __init__(self, house: Installation) -> None:
        self._house = house

    @contextlib.contextmanager
    def _tls(self, host: str, *alpn: str) -> Iterator[ssl.SSLSocket]:
        context = ssl.create_default_context(cafile=str(self._house.folder / "certs" / "bundle.pem"))
        context.set_alpn_protocols(list(alpn))
        connect = f"CONNECT {host}:443 HTTP/1.1\r\nHost: {host}:443\r\nProxy-Authorization: {CLERK.basic}\r\n\r\n"
        with plain(self._house.proxy_port) as outer:
            assert outer.ask(connect.encode()).status == 200
            outer.conn.settimeout(20)
            with context.wrap_socket(outer.conn, server_hostname=host) as conn:
                yield conn

    def http1(self, case: Case, path: str, headers: list[tuple[str, str]]) -> Said:
        body = case.body or b""
        lines = [f"Host: {case.authority or case.host}", *(f"{name}: {value}" for name, value in headers)]
        if case.chunks:
            lines.append("transfer-encoding: chunked")
            body = b"".join(b"%x\r\n%s\r\n" % (len(p), p) for p in pieces(body)) + b"0\r\n\r\n"
        head = f"{case.method} {path} HTTP/1.1\r\n" + "\r\n".join(lines) + "\r\n\r\n"
        with self._tls(case.host, "http/1.1") as conn:
            wire = Wire(conn)
            reply = wire.ask(head.encode("latin-1") + body)
            while reply.status == 100:
                reply = wire.read()
            return Said(reply.status, reply.headers, reply.body)

    def http2(self, case: Case, path: str, headers: list[tuple[str, str]]) -> Said:
        with self._tls(case.host, "h2") as conn:
            wire: H2Wire = in_tls(conn, case.authority or case.host)
            fields = [(n.encode("latin-1"), v.encode("latin-1")) for n, v in wire.head(case.method, path, headers)]
            stream_id = wire.start(fields, end=case.body is None)
            if case.body is not None:
                for piece in pieces(case.body):
                    wire.data(stream_id, piece)
                wire.data(stream_id, b"", end=True)
            reply = wire.read(stream_id)
            return Said(reply.status, reply.headers, reply.body)


def pieces(body: bytes) -> list[bytes]:
    return [body[at : at + 1000] for at in range(0, len(body), 1000)]


def said_as_it_compares(said: Said, mark: str) -> tuple[int, str, bytes, dict[str, str]]:
    """An answer without what is different each time: ids, and the headers of a connection."""
    plain = {
        name: re.sub(r"(dec|run|prv|apr)_\w+|total=[\d.]+", "_", value)
        for name, value in said.headers.items()
        if name not in {"connection", "transfer-encoding", "content-length"}
    }
    body = said.body.replace(mark.encode(), b"MARK") if said.status == OK else b""
    return said.status, said.code, body, plain


def arrived(house: Installation, mark: str) -> bytes:
    """The one request that came with this mark; empty when none did."""
    found = house.received(mark)
    assert len(found) <= 1
    return found[0].replace(mark.encode(), b"MARK") if found else b""


@pytest.fixture(scope="module")
def runs() -> dict[Installation, Run]:
    return {}


@pytest.fixture
def run(house, runs):
    """One run for all of them: nothing in it is ever heavy."""
    return runs[house] if house in runs else runs.setdefault(house, house.run("clerk"))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_request_is_treated_alike_in_both_versions(house, run, case):
    told, came = [], []
    for version in ("http1", "http2"):
        mark = fresh("alike") + "z"
        headers = [("aisecops-run", run.run_id)] if "aisecops-run" not in dict(case.headers) else []
        if case.token is not None:
            tool, scope = case.token
            headers.append(("aisecops-capability", house.token(run, tool, scope.format(mark=mark))))
        headers += case.headers
        if case.body is not None and case.says_length and not case.chunks:
            headers.append(("content-length", str(len(case.body))))
        said = getattr(Both(house), version)(case, case.path.replace("{mark}", mark), headers)
        told.append(said_as_it_compares(said, mark))
        came.append(arrived(house, mark))
    assert told[0] == told[1]
    assert came[0] == came[1]
    if case.expect == "":
        assert told[0][0] == OK
        assert came[0] != b""
    elif case.expect != "*":
        assert (told[0][1], came[0]) == (case.expect, b"")
    assert b"transfer-encoding" not in came[0].lower()
