"""The proxy's flows as our exchanges: copied, so that nothing below can touch a flow.

Header bytes become text one to one (latin-1), so that they can be written back as they were.
"""

from __future__ import annotations

import re

from mitmproxy import http

from aisecops.adapters.mitm.names import normal
from aisecops.model.exchange import Headers, HttpRequest, HttpResponse

UNCLEAN = re.compile(rb"[\r\n\x00]")
"""What no name and no value of a header may hold."""


def text_headers(headers: http.Headers) -> Headers:
    """Ordered pairs of text; each character is one byte of the wire."""
    return tuple((name.decode("latin-1"), value.decode("latin-1")) for name, value in headers.fields)


def byte_headers(headers: Headers) -> tuple[tuple[bytes, bytes], ...]:
    """The way back. Raises ValueError for what cannot stand in a header."""
    pairs = tuple((name.encode("latin-1"), value.encode("latin-1")) for name, value in headers)
    for name, value in pairs:
        if not name or UNCLEAN.search(name) or UNCLEAN.search(value):
            raise ValueError(f"header `{name.decode('latin-1')!r}` holds a line break, or no name")
    return pairs


def request_of(request: http.Request, *, whole: bool) -> HttpRequest:
    """Our copy of `request`; without `whole`, its head alone. Raises ValueError for a host that is none."""
    return HttpRequest(
        method=request.data.method.decode("latin-1"),
        scheme=request.data.scheme.decode("latin-1"),
        host=normal(request.data.host),
        port=request.data.port,
        path=request.data.path.decode("latin-1"),
        headers=text_headers(request.headers),
        body=(request.raw_content or b"") if whole else b"",
    )


def response_of(response: http.Response, *, whole: bool) -> HttpResponse:
    """Our copy of `response`; without `whole`, its head alone."""
    return HttpResponse(
        status=response.status_code,
        headers=text_headers(response.headers),
        body=(response.raw_content or b"") if whole else b"",
    )
