"""One HTTP request and its response, ours: free of any host program, copied so that nobody can touch them."""

from __future__ import annotations

from aisecops.model.of_short import OfShort
from aisecops.model.value import Value

Headers = tuple[tuple[str, str], ...]


_NAMES_KEPT = 4096


_small = OfShort(str.lower, most=_NAMES_KEPT)
"""Names of headers in small letters: few are sent again and again."""


def names(headers: Headers) -> list[str]:
    """The name of each header, in small letters."""
    return [_small[name] for name, _ in headers]


def values(headers: Headers, name: str) -> list[str]:
    """All values of header `name` (any case), in order."""
    wanted = _small[name]
    return [value for key, value in headers if _small[key] == wanted]


class HttpRequest(Value):
    """A whole request as the proxy read it. `path` is the raw request target with its query, starting with `/`.

    `host` is where it would really go (the tunnel's or the absolute target's host), lower case, without port.
    `body` is the wire's bytes, still in their content encoding.
    """

    method: str
    scheme: str
    host: str
    port: int
    path: str
    headers: Headers
    body: bytes = b""


class HttpResponse(Value):
    """A response; `body` is empty for one that is streamed."""

    status: int
    headers: Headers
    body: bytes = b""
