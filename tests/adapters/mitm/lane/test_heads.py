"""What the lane takes and what it leaves to the core. Everything that can be read in two ways is left."""

from __future__ import annotations

import pytest

from aisecops.adapters.mitm.host_refusals import MAX_HEAD_BYTES
from aisecops.adapters.mitm.lane.heads import connect_head, request_head

CONNECT = b"CONNECT api.test:443 HTTP/1.1\r\nHost: api.test:443\r\n\r\n"


def post(*lines: bytes, first: bytes = b"POST /v1/messages HTTP/1.1", body: bytes = b"") -> bytes:
    return b"\r\n".join([first, b"Host: api.test", *lines]) + b"\r\n\r\n" + body


def test_an_ordinary_connect_is_taken():
    head = connect_head(CONNECT)
    assert head is not None
    assert (head.request.data.host, head.request.data.port, head.head_bytes) == ("api.test", 443, len(CONNECT))


@pytest.mark.parametrize(
    "received",
    [
        b"",
        b"CONNECT api.test:443 HTTP/1.1\r\nHost: api.t",
        CONNECT + b"\x16\x03\x01",
        CONNECT + CONNECT,
        CONNECT.replace(b"HTTP/1.1", b"HTTP/1.0"),
        CONNECT.replace(b"\r\n", b"\n"),
        CONNECT.replace(b"CONNECT", b"connect"),
        CONNECT.replace(b":443 ", b" "),
        CONNECT[:-2] + b"Content-Length: 4\r\n\r\n",
        CONNECT[:-2] + b"Transfer-Encoding: chunked\r\n\r\n",
        CONNECT[:-2] + b" folded: yes\r\n\r\n",
        b"GET http://api.test/ HTTP/1.1\r\nHost: api.test\r\n\r\n",
        b"\x16\x03\x01\x02\x00",
    ],
)
def test_any_other_beginning_is_the_cores(received):
    assert connect_head(received) is None


@pytest.mark.parametrize(("body", "size"), [(b"", 0), (b"hel", 5), (b"hello", 5)])
def test_an_ordinary_request_is_taken_with_what_has_come_of_its_body(body, size):
    received = post(b"Content-Length: 5", body=body) if size else post()
    head = request_head(received)
    assert head is not None
    assert (head.body_bytes, head.head_bytes) == (size, len(received) - len(body))
    assert head.request.data.path == b"/v1/messages"


@pytest.mark.parametrize(
    "received",
    [
        post()[:-1],
        post(b"Content-Length: 5", body=b"hello!"),
        post() + post(),
        post(b"Content-Length: 5", b"Transfer-Encoding: chunked"),
        post(b"Transfer-Encoding: chunked"),
        post(b"Content-Length: 5", b"Content-Length: 5"),
        post(b"Content-Length: 5", b"Content-Length: 6"),
        post(b"Content-Length: +5"),
        post(b"Content-Length: 5, 5"),
        post(b"Content-Length : 5"),
        post(b"X-A: 1", b" folded"),
        post(b"X-A: 1\nX-B: 2"),
        post(b"X-A: 1\rX-B: 2"),
        post(b"X-A: \x00"),
        post(b"X A: 1"),
        post(b": 1"),
        post(b"nothing"),
        post(b"Expect: 100-continue", b"Content-Length: 5"),
        post(b"Upgrade: websocket", b"Connection: Upgrade"),
        post(b"HTTP2-Settings: AAMAAABkAAQAAP__"),
        post(first=b"POST /v1/messages HTTP/1.0"),
        post(first=b"POST /v1/messages HTTP/2.0"),
        post(first=b"POST http://api.test/ HTTP/1.1"),
        post(first=b"OPTIONS * HTTP/1.1"),
        post(first=b"POST  /two HTTP/1.1 x"),
        b"\r\n" + post(),
        post(b"X-Long: " + b"a" * MAX_HEAD_BYTES),
        CONNECT,
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    ],
)
def test_whatever_is_strange_special_or_unfinished_is_the_cores(received):
    assert request_head(received) is None
