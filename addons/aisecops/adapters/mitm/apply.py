"""Outcomes onto flows: what a `Forward` changes on the way out, what an answer looks like on the way back.

Knows which headers never leave and never come in, and keeps the framing right. Judges nothing.
"""

from __future__ import annotations

import http as status_phrases

from mitmproxy import http

from aisecops.adapters.mitm.headers import AskedHeaders
from aisecops.adapters.mitm.translate import byte_headers, text_headers
from aisecops.model.exchange import Headers, HttpResponse
from aisecops.model.outcome import Forward

_OURS = (b"aisecops-", b"proxy-")
_NEVER_LEAVES = frozenset({b"dpop", b"te", b"trailer", b"keep-alive", b"http2-settings"})
# `alt-svc` would lead the client to QUIC, past the proxy; a `proxy-*` from upstream would ask for our credentials.
# Trailers are left away, so nobody is told of any.
_NEVER_COMES_IN = frozenset({b"alt-svc", b"trailer"})
_FRAMING = frozenset({b"content-length", b"transfer-encoding"})
_NO_BODY_STATUS = frozenset({204, 304})


def apply_forward(request: http.Request, forward: Forward) -> None:
    """Change `request` into what `forward` lets out. Raises ValueError for what cannot be written."""
    if forward.path is not None:
        request.data.path = _target(forward.path)
    gone = {name.lower().encode("latin-1") for name in forward.remove_headers}
    replaced = byte_headers(forward.set_headers)
    gone |= {name.lower() for name, _ in replaced}
    named = [(field[0].lower(), field) for field in request.headers.fields]
    fields = [field for name, field in named if name not in gone and _may_leave(name)]
    if forward.body is not None:
        fields = [field for field in fields if field[0].lower() not in _FRAMING | {b"content-encoding"}]
        fields.append((b"Content-Length", b"%d" % len(forward.body)))
        request.raw_content = forward.body
    request.headers = AskedHeaders([*_without_hop_names(fields), *replaced])


def _target(path: str) -> bytes:
    if not path.startswith("/") or not all("!" <= character <= "~" for character in path):
        raise ValueError("path and query hold what cannot stand in a request line")
    return path.encode("ascii")


def _may_leave(name: bytes) -> bool:
    return name not in _NEVER_LEAVES and not name.startswith(_OURS)


def _without_hop_names(fields: list[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    """`Connection` may say close, keep-alive or upgrade; naming another header would have the next hop drop it."""
    kept = []
    for name, value in fields:
        if name.lower() == b"connection":
            tokens = [token.strip() for token in value.split(b",")]
            value = b", ".join(t for t in tokens if t.lower() in {b"close", b"keep-alive", b"upgrade"})  # noqa: PLW2901
            if not value:
                continue
        kept.append((name, value))
    return kept


def clean_answer(response: http.Response) -> None:
    """Remove what an upstream may not tell the agent: our own headers, and ways around the proxy."""
    response.headers = AskedHeaders(
        [
            (name, value)
            for name, value in response.headers.fields
            if (lower := name.lower()) not in _NEVER_COMES_IN and not lower.startswith(_OURS)
        ]
    )


def add_headers(response: http.Response, headers: Headers) -> None:
    """Put `headers` on `response`, in place of any of the same name."""
    added = byte_headers(headers)
    names = {name.lower() for name, _ in added}
    kept = [field for field in response.headers.fields if field[0].lower() not in names]
    response.headers = AskedHeaders([*kept, *added])


def apply_answer(response: http.Response, answer: HttpResponse) -> None:
    """Make `response` say what `answer` says, with its framing right again when the body changed."""
    if answer.status != response.status_code:
        response.status_code = answer.status
        response.reason = _phrase(answer.status)
    if answer.headers != text_headers(response.headers):
        response.headers = AskedHeaders(byte_headers(answer.headers))
    if answer.body != (response.raw_content or b""):
        kept = [field for field in response.headers.fields if field[0].lower() not in _FRAMING]
        response.headers = AskedHeaders([*kept, (b"Content-Length", b"%d" % len(answer.body))])
        response.raw_content = answer.body


def make_answer(answer: HttpResponse, *, reason: str = "") -> http.Response:
    """A response of our own making. `reason` is the words after the status; clients that hide bodies show them."""
    kept = [field for field in byte_headers(answer.headers) if field[0].lower() not in _FRAMING]
    if answer.status == status_phrases.HTTPStatus.PROXY_AUTHENTICATION_REQUIRED and not any(
        name.lower() == b"proxy-authenticate" for name, _ in kept
    ):
        kept.append((b"Proxy-Authenticate", b'Basic realm="aisecops"'))
    if answer.status not in _NO_BODY_STATUS:
        kept.append((b"Content-Length", b"%d" % len(answer.body)))
    return http.Response(
        http_version=b"HTTP/1.1",
        status_code=answer.status,
        reason=(reason or _phrase(answer.status)).encode("ascii"),
        headers=AskedHeaders(kept),
        content=answer.body,
        trailers=None,
        timestamp_start=0,
        timestamp_end=0,
    )


def frame_for_stream(response: http.Response, *, http_version: str) -> None:
    """Frame a streamed answer so that a cut one cannot be taken for a whole one.

    What passes a tap may change its length, so a length promised by the upstream is taken away.
    """
    kept = [field for field in response.headers.fields if field[0].lower() not in _FRAMING]
    if http_version == "HTTP/1.1" and response.status_code not in _NO_BODY_STATUS:
        kept.append((b"Transfer-Encoding", b"chunked"))
    response.headers = AskedHeaders(kept)


def _phrase(status: int) -> str:
    try:
        return status_phrases.HTTPStatus(status).phrase
    except ValueError:
        return "Unknown"
