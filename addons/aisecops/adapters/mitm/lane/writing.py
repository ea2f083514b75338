"""Answers as bytes, in the frame that their own head says. Pure."""

from __future__ import annotations

from mitmproxy import http
from mitmproxy.net.http import http1


def is_chunked(response: http.Response) -> bool:
    """True when its body goes out in chunks; read off the head as the core reads it."""
    return "chunked" in response.headers.get("transfer-encoding", "").lower()


def piece_of(data: bytes, *, chunked: bool) -> bytes:
    """`data` as it stands in the body. Nothing stays nothing: an empty chunk would be the end."""
    return b"%x\r\n%b\r\n" % (len(data), data) if chunked and data else data


def whole(response: http.Response, *, without_body: bool) -> bytes:
    """`response` with all its body; `without_body` to a HEAD."""
    head = http1.assemble_response_head(response)
    if without_body:
        return bytes(head)
    chunked = is_chunked(response)
    return b"".join([head, piece_of(response.data.content or b"", chunked=chunked), b"0\r\n\r\n" if chunked else b""])
