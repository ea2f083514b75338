"""The opening of a WebSocket (RFC 6455 4): whole on both sides, or it is none.

Pure. Half of one would become a raw tunnel in the proxy core.
"""

from __future__ import annotations

import base64
import binascii
import hashlib

from mitmproxy import http

from aisecops.adapters.mitm.deflate import agreed, known

_MAGIC = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
_KEY_BYTES = 16
_EXTENSIONS = "Sec-WebSocket-Extensions"
_PROTOCOL = "Sec-WebSocket-Protocol"


def is_websocket_handshake(request: http.Request) -> bool:
    """True for a complete one (RFC 6455 4.1)."""
    headers = request.headers
    return (
        request.method == "GET"
        and request.http_version == "HTTP/1.1"
        and _switches(headers)
        and headers.get_all("sec-websocket-version") == ["13"]
        and len(headers.get_all("sec-websocket-key")) == 1
        and _is_key(headers["sec-websocket-key"])
        and "content-length" not in headers
        and "transfer-encoding" not in headers
    )


def is_websocket_answer(request: http.Request, response: http.Response) -> bool:
    """True for a 101 that answers this very handshake and agrees to nothing that was not asked (RFC 6455 4.2.2)."""
    headers = response.headers
    key = request.headers.get("sec-websocket-key", "").strip().encode("ascii", "replace")
    accept = base64.b64encode(hashlib.sha1(key + _MAGIC, usedforsecurity=False).digest()).decode()
    extensions = ", ".join(headers.get_all(_EXTENSIONS))
    offered = {word.strip() for value in request.headers.get_all(_PROTOCOL) for word in value.split(",")}
    return (
        response.status_code == 101  # noqa: PLR2004 - the HTTP status
        and _switches(headers)
        and [value.strip() for value in headers.get_all("sec-websocket-accept")] == [accept]
        and agreed(extensions)
        and (not extensions or _EXTENSIONS in request.headers)
        and set(headers.get_all(_PROTOCOL)) <= offered
    )


def keep_known_extensions(request: http.Request) -> None:
    """Offer the upstream only what can be read here."""
    offers = known(", ".join(request.headers.get_all(_EXTENSIONS)))
    request.headers.pop(_EXTENSIONS, None)
    if offers:
        request.headers[_EXTENSIONS] = offers


def _switches(headers: http.Headers) -> bool:
    return [value.strip().lower() for value in headers.get_all("upgrade")] == ["websocket"] and "upgrade" in [
        token.strip().lower() for token in headers.get("connection", "").split(",")
    ]


def _is_key(key: str) -> bool:
    try:
        return len(base64.b64decode(key.strip(), validate=True)) == _KEY_BYTES
    except (binascii.Error, ValueError):
        return False
