"""The seal: what leaves is exactly what was admitted, or nothing leaves (`sealing.py`)."""

from __future__ import annotations

from typing import NamedTuple

from mitmproxy import http


class Sealed(NamedTuple):
    """Everything of a request that reaches the wire. Compared whole: stricter than a digest, and cheaper."""

    method: bytes
    scheme: bytes
    authority: bytes
    host: str
    port: int
    path: bytes
    http_version: bytes
    headers: tuple[tuple[bytes, bytes], ...]
    body: bytes
    trailers: bool
    streamed: bool
    via: object


def sealed(flow: http.HTTPFlow) -> Sealed:
    """The seal of `flow` as it stands."""
    data = flow.request.data
    return Sealed(
        method=data.method,
        scheme=data.scheme,
        authority=data.authority,
        host=data.host,
        port=data.port,
        path=data.path,
        http_version=data.http_version,
        headers=flow.request.headers.fields,
        body=data.content or b"",
        trailers=bool(data.trailers),
        streamed=bool(flow.request.stream),
        via=flow.server_conn.via,
    )
