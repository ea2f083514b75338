import pytest
from mitmproxy import http
from mitmproxy.test import tutils

from aisecops.adapters.mitm.framing import frame


def framed(method: bytes, body: bytes, *headers: tuple[bytes, bytes]) -> tuple[tuple[bytes, bytes], ...]:
    request = tutils.treq(method=method, content=body, headers=http.Headers([(b"Host", b"a"), *headers]))
    frame(request)
    return request.headers.fields[1:]


@pytest.mark.parametrize(
    ("method", "body", "headers", "expected"),
    [
        (b"GET", b"", [], []),
        (b"GET", b"", [(b"content-length", b"0")], [(b"content-length", b"0")]),
        (b"GET", b"", [(b"Transfer-Encoding", b"chunked")], []),
        (b"DELETE", b"", [], []),
        (b"POST", b"", [], [(b"Content-Length", b"0")]),
        (b"POST", b"", [(b"Transfer-Encoding", b"chunked")], [(b"Content-Length", b"0")]),
        (b"POST", b"abc", [], [(b"Content-Length", b"3")]),
        (
            b"POST",
            b"abc",
            [(b"transfer-encoding", b"chunked"), (b"x", b"y")],
            [(b"x", b"y"), (b"Content-Length", b"3")],
        ),
        (b"POST", b"abc", [(b"content-length", b"3"), (b"x", b"y")], [(b"content-length", b"3"), (b"x", b"y")]),
        (b"POST", b"abc", [(b"content-length", b"2")], [(b"Content-Length", b"3")]),
        (b"POST", b"abc", [(b"content-length", b"3"), (b"content-length", b"3")], [(b"Content-Length", b"3")]),
    ],
)
def test_a_request_leaves_with_one_length_its_bodys_own(method, body, headers, expected):
    assert framed(method, body, *headers) == tuple(expected)
