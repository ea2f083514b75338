"""The frame of a request body on its way out: one length, the body's own, whatever frame it came in.

A body is judged whole, so its length is known; the chunks or frames it came in are nobody's business upstream, and a
server that reads chunks or lengths in a way of its own finds one plain number.
"""

from __future__ import annotations

from mitmproxy import http

from aisecops.adapters.mitm.headers import AskedHeaders

_FRAMING = frozenset({b"content-length", b"transfer-encoding"})
_EXPECTED_WITH_A_BODY = frozenset({b"POST", b"PUT", b"PATCH"})


def frame(request: http.Request) -> None:
    """Give `request` exactly one `Content-Length`, its body's; none to one without body that needs none."""
    body = request.raw_content or b""
    length = b"%d" % len(body)
    framing = [(name.lower(), value) for name, value in request.headers.fields if name.lower() in _FRAMING]
    declared = any(name == b"content-length" for name, _ in framing)
    needed = bool(body) or declared or request.data.method in _EXPECTED_WITH_A_BODY
    if framing == ([(b"content-length", length)] if needed else []):
        return
    kept = [field for field in request.headers.fields if field[0].lower() not in _FRAMING]
    request.headers = AskedHeaders([*kept, *([(b"Content-Length", length)] if needed else [])])
