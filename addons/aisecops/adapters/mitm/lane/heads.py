"""Which heads the lane takes: those of ordinary clients, that can be read in one way only. All others are the core's.

Pure. Reads with the core's own functions, so that both lanes read a byte string in one way; what is strange, unfinished
or asks for something special is not judged here at all.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from mitmproxy import http
from mitmproxy.net.http import http1
from mitmproxy.net.http.validate import validate_headers

from aisecops.adapters.mitm.headers import asked
from aisecops.adapters.mitm.host_refusals import MAX_HEAD_BYTES

_END = b"\r\n\r\n"
_STRANGE = re.compile(rb"\r(?!\n)|(?<!\r)\n|\x00|\r\n[ \t]")
"""A line that does not end in CRLF, one that goes on in the next, a NUL."""
_SPECIAL = frozenset({b"transfer-encoding", b"upgrade", b"expect", b"http2-settings", b"proxy-connection"})


class Head(NamedTuple):
    """A head that the lane takes: what it says, how long it is, and how long the body after it."""

    request: http.Request
    head_bytes: int
    body_bytes: int


def connect_head(received: bytes) -> Head | None:
    """The CONNECT that `received` is, whole and alone; None for anything else."""
    if not received.startswith(b"CONNECT ") or not received.endswith(_END):
        return None
    head = _read(received, but=_SPECIAL - {b"proxy-connection"})
    return head if head is not None and head.body_bytes == 0 and head.head_bytes == len(received) else None


def request_head(received: bytes) -> Head | None:
    """The request within a tunnel that `received` begins with, and of which nothing but its body follows."""
    if received.startswith(b"CONNECT "):
        return None
    head = _read(received, but=_SPECIAL)
    if head is None or not head.request.data.path.startswith(b"/") or head.request.data.authority:
        return None
    return head if len(received) <= head.head_bytes + head.body_bytes else None


def _read(received: bytes, *, but: frozenset[bytes]) -> Head | None:
    end = received.find(_END, 0, MAX_HEAD_BYTES)
    if end < 0:
        return None
    text = received[:end]
    if _STRANGE.search(text):
        return None
    try:
        request = http1.read_request_head(text.split(b"\r\n"))
        asked(request)
        validate_headers(request)
        size = http1.expected_http_body_size(request)
    except ValueError:
        return None
    if request.data.http_version != b"HTTP/1.1" or size is None:
        return None
    if any(name.lower() in but for name, _ in request.headers.fields):
        return None
    return Head(request, end + len(_END), size)
