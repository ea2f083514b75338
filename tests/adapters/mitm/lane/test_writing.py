"""Answers as bytes; a reader that knows nothing of us must find their end where it is."""

from __future__ import annotations

import h11
import pytest
from mitmproxy import http

from aisecops.adapters.mitm.lane.writing import is_chunked, piece_of, whole


def read(data: bytes, method: str) -> tuple[bytes, bool]:
    """The body that h11 reads, and whether the answer is whole with nothing after it."""
    client = h11.Connection(h11.CLIENT)
    client.send(h11.Request(method=method, target="/", headers=[("Host", "api.test")]))
    client.send(h11.EndOfMessage())
    client.receive_data(data)
    body = b""
    while not isinstance(event := client.next_event(), h11.EndOfMessage):
        assert event is not h11.NEED_DATA
        body += bytes(event.data) if isinstance(event, h11.Data) else b""
    return body, client.trailing_data == (b"", False)


@pytest.mark.parametrize("body", [b"", b"hello"])
@pytest.mark.parametrize("frame", [b"Transfer-Encoding", b"Content-Length"])
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_every_frame_ends_where_its_reader_thinks(body, frame, method):
    value = b"chunked" if frame == b"Transfer-Encoding" else b"%d" % len(body)
    response = http.Response.make(200, body, http.Headers([(frame, value)]))
    response.headers = http.Headers([(frame, value)])
    assert is_chunked(response) is (value == b"chunked")
    assert read(whole(response, without_body=method == "HEAD"), method) == (b"" if method == "HEAD" else body, True)


def test_nothing_is_no_chunk_because_that_would_be_the_end():
    assert piece_of(b"", chunked=True) == b""
    assert piece_of(b"hello", chunked=False) == b"hello"
    assert piece_of(b"0123456789abcdef", chunked=True) == b"10\r\n0123456789abcdef\r\n"
