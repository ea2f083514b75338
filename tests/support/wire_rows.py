"""Requests that try to get past, by the row of the table they belong to; beside each row, a twin that must pass.

Bytes alone: `HOST` stands for the host that may be gone to, `AUTH` for the line with the credentials, `MARK` for what
must not arrive. Sent by `end_to_end/test_wire_table_requests.py`, and mutated by `fuzz/`.
"""

# ruff: noqa: RUF001, RUF005 - look-alikes are what some rows are about; rows read as sums
from __future__ import annotations

from typing import NamedTuple

INNER, PLAIN = "inside TLS", "plain"
PIPELINED = "pipelined"


class Row(NamedTuple):
    """`form` says how it is sent; `codes` which refusals are right, "" being a connection that ends without one."""

    hostile: tuple[bytes, ...]
    twin: bytes
    form: str = INNER
    codes: frozenset[str] = frozenset({"protocol_denied"})


def get(*headers: bytes, target: bytes = b"/MARK", host: bytes = b"Host: HOST", body: bytes = b"") -> bytes:
    """A GET, or what looks like one."""
    lines = [b"GET " + target + b" HTTP/1.1", *([host] if host else []), *headers]
    return b"\r\n".join(lines) + b"\r\n\r\n" + body


def post(*headers: bytes, body: bytes = b"MARK", length: bool = True) -> bytes:
    """A POST with a length of its own, unless `headers` frame it."""
    framing = (b"Content-Length: %d" % len(body),) if length else ()
    return b"\r\n".join([b"POST /say HTTP/1.1", b"Host: HOST", *framing, *headers]) + b"\r\n\r\n" + body


def plain(target: bytes, host: bytes = b"Host: HOST", *headers: bytes, version: bytes = b"HTTP/1.1") -> bytes:
    """A request to the proxy itself."""
    return b"\r\n".join([b"GET " + target + b" " + version, *([host] if host else []), b"AUTH", *headers]) + b"\r\n\r\n"


def connect(target: bytes, host: bytes = b"", *headers: bytes) -> bytes:
    """A CONNECT."""
    return (
        b"\r\n".join([b"CONNECT " + target + b" HTTP/1.1", *([host] if host else []), b"AUTH", *headers]) + b"\r\n\r\n"
    )


CHUNKED = b"Transfer-Encoding: chunked"
BODY = b"4\r\nMARK\r\n0\r\n\r\n"
NOWHERE = frozenset({"destination_denied", "protocol_denied"})
OR_NOTHING = frozenset({"protocol_denied", ""})

ADDRESSES = (
    b"127.0.0.1",
    b"127.1",
    b"2130706433",
    b"0x7f000001",
    b"0177.0.0.1",
    b"0x7f.1",
    b"127.0.0.1.",
    b"0",
    b"0.0.0.0",
    b"[::1]",
    b"[::]",
    b"[::ffff:127.0.0.1]",
    b"[::ffff:7f00:1]",
    b"[64:ff9b::7f00:1]",
    b"[2002:7f00:1::]",
    b"[fe80::1%25lo]",
    b"[fe80::1%lo]",
    b"169.254.169.254",
    b"2852039166",
    b"0251.0376.0251.0376",
    b"0xa9fea9fe",
    b"[::ffff:169.254.169.254]",
    b"[fd00:ec2::254]",
    b"[2002:a9fe:a9fe::]",
    b"localhost",
    b"LOCALHOST.",
    b"x.localhost",
    b"localhost.localdomain",
    b"%31%32%37.0.0.1",
    b"127%2e0%2e0%2e1",
    b"HOST%2eevil.test",
    b"HOST%00.evil.test",
    b"xn--hst-5na",
    b"evil.test",
    b"HOST.evil.test",
    b"evil.test.HOST",
    b"metadata.google.internal",
)

ROWS: dict[str, Row] = {
    "absolute form names another host than Host": Row(
        (
            plain(b"http://HOST/MARK", b"Host: other.test"),
            plain(b"http://HOST/MARK", b"Host: HOST:8080"),
            plain(b"http://HOST:80/MARK", b"Host: HOST.evil.test"),
            plain(b"http://HOST/MARK", b"Host: "),
        ),
        plain(b"http://HOST/MARK", b"Host: HOST:80"),
        PLAIN,
    ),
    "two Hosts, or none": Row(
        (
            get(b"Host: HOST"),
            get(b"Host: other.test"),
            get(b"hoSt: evil.test", host=b"host: HOST"),
            get(host=b""),
            get(host=b"Host: HOST, HOST"),
            get(host=b"Host: HOST other.test"),
            get(host=b"Host: HOST#x"),
            get(host=b"Host: HOST/x"),
            get(host=b"Host: x@HOST"),
            get(host=b"Host: HOST:443:443"),
            get(host=b"Host: HOST:0443x"),
        ),
        get(host=b"hOST: HOST"),
    ),
    "a plain request without one Host": Row(
        (plain(b"http://HOST/MARK", b""), plain(b"http://HOST/MARK", b"Host: HOST", b"Host: HOST")),
        plain(b"http://HOST/MARK"),
        PLAIN,
    ),
    "origin form to the explicit proxy": Row(
        (plain(b"/MARK", b"Host: evil.test"), plain(b"/MARK", b""), plain(b"*"), plain(b"MARK")),
        plain(b"/MARK"),
        PLAIN,
        NOWHERE | {"tool_undeclared"},
    ),
    "absolute form inside a tunnel": Row(
        tuple(
            get(target=scheme + host + b"/MARK", host=b"Host: " + said)
            for scheme in (b"http://", b"https://", b"HTTP://")
            for host, said in (
                (b"HOST", b"HOST"),
                (b"other.test", b"HOST"),
                (b"other.test", b"other.test"),
                (b"169.254.169.254", b"HOST"),
                (b"169.254.169.254", b"169.254.169.254"),
            )
        )
        + (get(target=b"//other.test/MARK//"), get(target=b"HOST/MARK")),
        get(),
        codes=frozenset({"protocol_denied", "200"}),  # `//x` is a path; the rules refuse it, the host alone does not
    ),
    "the Host inside differs from the tunnel": Row(
        (get(host=b"Host: other.test"), get(host=b"Host: HOST:8443"), get(host=b"Host: HOST:80")),
        get(host=b"Host: HOST:443"),
    ),
    "a CONNECT under two names": Row(
        (
            connect(b"HOST:443", b"Host: other.test:443"),
            connect(b"HOST:443", b"Host: HOST:80"),
            connect(b"HOST:443", b"Host: HOST:443", b"Host: HOST:443"),
            connect(b"other.test:443", b"Host: HOST:443"),
            connect(b"HOST"),
            connect(b"HOST:0"),
            connect(b"HOST:65536"),
            connect(b"HOST:443/MARK"),
            connect(b"http://HOST:443"),
            connect(b"HOST:443", b"", b"Content-Length: 4"),
            connect(b"HOST:443", b"", b"Transfer-Encoding: chunked"),
        ),
        connect(b"HOST:443", b"Host: HOST:443"),
        PLAIN,
    ),
    "addresses instead of names, in a CONNECT": Row(
        tuple(connect(address + b":443") for address in ADDRESSES), connect(b"HOST:443"), PLAIN, NOWHERE
    ),
    "addresses instead of names, in an absolute form": Row(
        tuple(plain(b"http://" + address + b"/MARK", b"Host: " + address) for address in ADDRESSES),
        plain(b"http://HOST/MARK"),
        PLAIN,
        NOWHERE,
    ),
    "look-alike hosts": Row(
        (
            plain("http://ΗOST/MARK".encode(), b"Host: HOST"),
            plain("http://h\u2024test/MARK".encode(), b"Host: HOST"),
            plain("http://ｈost.test/MARK".encode(), "Host: ｈost.test".encode()),
            plain(b"http://HOST\xff/MARK", b"Host: HOST\xff"),
            connect("ΗOST:443".encode()),
            connect(b"xn--ost-zob:443"),
        ),
        plain(b"http://HOST/MARK"),
        PLAIN,
        NOWHERE,
    ),
    "a user before the host, other schemes, older HTTP": Row(
        (
            plain(b"http://user@HOST/MARK"),
            plain(b"http://HOST\\@evil.test/MARK"),
            plain(b"http://HOST:80@evil.test/MARK"),
            plain(b"ftp://HOST/MARK"),
            plain(b"gopher://HOST:70/MARK"),
            plain(b"ws://HOST/MARK"),
            plain(b"file:///MARK"),
            b"GET http://HOST/MARK\r\nAUTH\r\n\r\n",
            b"GET /MARK\r\n\r\n",
            plain(b"http://HOST/MARK", version=b"HTTP/0.9"),
            plain(b"http://HOST/MARK", version=b"HTTP/2.0"),
            plain(b"http://HOST/MARK", version=b"HTTP/1.2"),
            plain(b"http://HOST/a\tMARK"),
            plain(b"http://HOST/a MARK"),
        ),
        plain(b"http://HOST/MARK", version=b"HTTP/1.0"),
        PLAIN,
    ),
    "lengths that can be read in two ways": Row(
        (
            post(b"Content-Length: 4", CHUNKED, body=BODY, length=False),
            post(CHUNKED, b"Content-Length: 4", body=BODY, length=False),
            post(b"Content-Length: 4", b"Content-Length: 4", length=False),
            post(b"Content-Length: 4", b"Content-Length: 0", length=False),
            *(
                post(b"Content-Length: " + value, length=False)
                for value in (b"+4", b"-4", b"4, 4", b"4,4", b"0x4", b"4_0", b"4.0", b"04", b"4 4", "٤".encode(), b"")
            ),
            post(b"Content-Length : 4", length=False),
            post(b"Content_Length: 4"),
            post(b"Content-Length: 9" * 1 + b"9" * 40, length=False),
        ),
        post(),
        codes=frozenset({"protocol_denied", "too_large", "200"}),
    ),
    "transfer codings": Row(
        tuple(
            post(b"Transfer-Encoding: " + value, body=BODY, length=False)
            for value in (
                b"gzip, chunked",
                b"chunked, chunked",
                b"identity",
                b"identity, chunked",
                b"chunked, identity",
                b"xchunked",
                b"chunkedx",
                b"chunked;q=1",
                b'"chunked"',
                b"\x0bchunked",
                b"chunked\x00",
                b"gzip",
                b",chunked",
                "chunKed".replace("K", "\u212a").encode(),
                b"",
            )
        )
        + (
            post(CHUNKED, CHUNKED, body=BODY, length=False),
            post(b"Transfer-Encoding : chunked", body=BODY, length=False),
            post(b"Transfer-Encoding:\r\n chunked", body=BODY, length=False),
            post(b" Transfer-Encoding: chunked", body=BODY, length=False),
            post(b"X: y", b" Transfer-Encoding: chunked", body=BODY),
            post(b"Transfer_Encoding: chunked", body=BODY),
            b"POST /say HTTP/1.0\r\nHost: HOST\r\nTransfer-Encoding: chunked\r\n\r\n" + BODY,
        ),
        post(b"transfer-encoding:CHUNKED", body=BODY, length=False),
        codes=frozenset({"protocol_denied", "200"}),  # a stripped or empty value is written anew as it was judged
    ),
    "chunks": Row(
        tuple(
            post(CHUNKED, body=body, length=False)
            for body in (
                b"4 \nMARK\r\n0\r\n\r\n",
                b"0x4\r\nMARK\r\n0\r\n\r\n",
                b"+4\r\nMARK\r\n0\r\n\r\n",
                b"-4\r\nMARK\r\n0\r\n\r\n",
                b"4\nMARK\n0\n\n",
                b"4\r\nMARK0\r\n\r\n",
                b"4\r\nMARKxx0\r\n\r\n",
                b"ffffffffffffffffffff1\r\nMARK",
                b"4\r\nMARK\r\n0\r\nX-Late: MARK\r\n\r\n",
                b"\r\n4\r\nMARK\r\n0\r\n\r\n",
                b"g\r\nMARK\r\n0\r\n\r\n",
                b"4;" + b"x" * 2_000_000,
            )
        ),
        post(CHUNKED, body=b'2;ext="a"\r\nMA\r\n2\r\nRK\r\n0\r\n\r\n', length=False),
        codes=frozenset({"protocol_denied", "too_large", ""}),
    ),
    "line breaks and NUL in a head": Row(
        (
            get(b"X-Note: MARK\rX-Injected: b"),
            get(b"X-Note: a\0b"),
            get(b"X-Note: a", b" folded"),
            get(b"X-Note: a", b"\tfolded"),
            get(b"X-Note: a\r"),
            get(b"X-Note\0: a"),
            get(b"X\rNote: a"),
            get(b": nameless"),
            get(b"no colon"),
            get(b"X-Note : a"),
            get(b"X Note: a"),
            get("X-Nöte: a".encode()),
            b" GET /MARK HTTP/1.1\r\n folded\r\n\r\n",
            b"GET /MARK HTTP/1.1\r\n Host: HOST\r\n\r\n",
            b"GET\r/MARK HTTP/1.1\r\nHost: HOST\r\n\r\nX",
        ),
        b"GET /MARK HTTP/1.1\nHost: HOST\nX-Note: bare line feeds are written anew\n\n",
        codes=frozenset({"protocol_denied", "200", ""}),
    ),
    "the same header twice, or in another spelling": Row(
        (
            get(b"AISecOps-Capability: one", b"aisecops-capability: two"),
            get(b"AISecOps_Capability: MARK"),
            get(b"AISecOps-Run: one", b"AISECOPS-RUN: two"),
            get(b"AISecOps_Run: MARK"),
            get(b"DPoP: one", b"dpop: two"),
            get(b"Authorization: one", b"authorization: MARK"),
            get(b"Proxy_Authorization: MARK"),
            get(b"Proxy-Authorization: a", b"Proxy-Authorization: b"),
            get(b"Content-Encoding: gzip", b"Content-Encoding: gzip"),
            get(b"Content_Encoding: gzip"),
            get(b"Content_Type: application/json"),
            get(b"Content-Type: text/plain", b"content-type: application/json"),
            get(b"Expect: 100-continue", b"Expect: 100-continue"),
        ),
        get(b"X_Note: a", b"Accept: a", b"Accept: b"),
    ),
    "paths": Row(
        tuple(
            get(target=target)
            for target in (
                b"/MARK\x7f",
                b"/MARK#x",
                b"/a\tMARK",
                b"/MARK\xff",
                b"/MARK\0",
                b"*",
                b"MARK",
                b"?MARK",
                b"\\MARK",
                b"/a MARK",
                b"/MARK\x0bx",
                b"http:/MARK",
                b"//",
            )
        ),
        get(target=b"/a%20MARK?x=%2F"),
        codes=frozenset({"protocol_denied", "200", ""}),
    ),
    "methods": Row(
        tuple(
            method + b" /MARK HTTP/1.1\r\nHost: HOST\r\n\r\n"
            for method in (b"get", b"TRACE", b"PRI", b"G\0T", b"GE T", b"G,T", b"*", b"X" * 70_000)
        )
        + (connect(b"other.test:443", b"Host: other.test:443"), b"CONNECT HOST:443 HTTP/1.1\r\nHost: HOST:443\r\n\r\n"),
        b"PATCH /MARK HTTP/1.1\r\nHost: HOST\r\nContent-Length: 0\r\n\r\n",
        codes=frozenset({"protocol_denied", "too_large", ""}),
    ),
    "another protocol asked for": Row(
        (
            get(b"Upgrade: h2c", b"Connection: Upgrade, HTTP2-Settings", b"HTTP2-Settings: AAMAAABkAAQAAP__"),
            get(b"HTTP2-Settings: AAMAAABkAAQAAP__"),
            get(b"HTTP2_Settings: AAMAAABkAAQAAP__"),
            get(b"Upgrade: h2C", b"Connection: upgrade"),
            get(b"Upgrade: foo", b"Connection: Upgrade"),
            get(b"Upgrade: TLS/1.0", b"Connection: Upgrade"),
            get(b"Upgrade: websocket, h2c", b"Connection: Upgrade"),
            get(b"Upgrade: websocket", b"Connection: Upgrade"),
            get(b"Upgrade: "),
            b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\nMARK",
        ),
        get(b"Connection: keep-alive"),
        codes=OR_NOTHING,
    ),
    "what is not HTTP": Row(
        (
            b"SSH-2.0-OpenSSH_9.9\r\nMARK\r\n\r\n",
            b"EHLO MARK\r\n\r\n",
            b"\x05\x01\x00MARK\r\n\r\n",
            b"\x00" * 64 + b"MARK\r\n\r\n",
            b"MARK\r\n\r\n",
            b"\x16\x03\x01\x00\x05MARK\r\n\r\n",
            b"*1\r\n$4\r\nPING\r\n\r\nMARK",
        ),
        get(),
        codes=OR_NOTHING,
    ),
    "what a client expects": Row(
        (post(b"Expect: 100-continue, x"), post(b"Expect: MARK"), post(b"Expect: 200-ok")),
        post(b"Expect: 100-Continue"),
    ),
    "trailers announced": Row((post(b"Trailer: X-Late"), get(b"Trailer: Content-Length")), post(b"TE: trailers")),
}
"""Every row that is about the bytes of a request; `end_to_end/test_wire_table_rows.py` says where the others are."""


def filled(raw: bytes, *, host: bytes, auth: bytes, mark: bytes) -> bytes:
    """`raw` with the words replaced; `auth` is a whole header line without its end."""
    return raw.replace(b"HOST", host).replace(b"AUTH", auth).replace(b"MARK", mark)
