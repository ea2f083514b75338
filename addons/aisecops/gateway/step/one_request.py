"""What makes a request this one and no other: an approval is for it alone, however often a client sends it again."""

from __future__ import annotations

import hashlib

from aisecops.model.exchange import HttpRequest, names
from aisecops.model.of_short import of_short

_VOLATILE_HEADERS = frozenset(
    {
        *("host", "content-length", "connection", "proxy-connection", "keep-alive", "dpop", "user-agent", "date"),
        *("accept", "accept-encoding", "accept-language", "idempotency-key", "x-request-id"),
        *("traceparent", "tracestate", "sec-websocket-key"),
    }
)
_VOLATILE_PREFIXES = ("aisecops-", "proxy-", "x-stainless-")
"""Headers that say how and when a client sends, not what: a repeated request may differ in them."""


def request_digest(request: HttpRequest) -> str:
    """SHA-256 of what makes this request this one: method, target, headers but for the volatile ones, body."""
    named = zip(names(request.headers), request.headers, strict=True)
    shaping = sorted([f"{name}:{value}" for name, (_, value) in named if _shapes(name)])
    parts = (request.method, request.scheme, request.host, str(request.port), request.path, *shaping)
    digest = hashlib.sha256(b"".join([_with_length(part) for part in parts]))
    digest.update(request.body)
    return f"sha256:{digest.hexdigest()}"


def _with_length(part: str) -> bytes:
    return len(part).to_bytes(4) + part.encode("utf-8", "surrogateescape")


@of_short(most=1024)
def _shapes(name: str) -> bool:
    return name not in _VOLATILE_HEADERS and not name.startswith(_VOLATILE_PREFIXES)
