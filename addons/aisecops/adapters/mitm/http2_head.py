"""The head of an HTTP/2 request, read as strictly as HTTP/1.1's and written down as the HTTP/1.1 request it means.

From here on nobody needs to know which version a client spoke: judging, recording, sealing and sending see one form.
Pure. What may stand in a well-formed request (hosts that disagree, odd paths, odd methods) is `doors.py`'s to refuse.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from mitmproxy import http

Fields = Sequence[tuple[bytes, bytes]]

_NAME = re.compile(rb"[!#$%&'*+\-.^_`|~0-9a-z]+")
_PSEUDO = frozenset({b":method", b":scheme", b":authority", b":path"})
_NEEDED = (b":method", b":scheme", b":path")
# RFC 9113 8.2.2; `te` may only say `trailers`
_OF_THE_CONNECTION = frozenset(
    {b"connection", b"proxy-connection", b"keep-alive", b"transfer-encoding", b"upgrade", b"http2-settings"}
)
_UNCLEAN = frozenset(b"\r\n\0")
_LINE_OVERHEAD = len(": \r\n")


def size_of(fields: Fields) -> int:
    """How many bytes `fields` take as lines of HTTP/1.1, which is what bounds heads of either version."""
    return sum(len(name) + len(value) + _LINE_OVERHEAD for name, value in fields)


def fault_of(fields: Fields) -> str:
    """Why these are not the fields of a well-formed request (RFC 9113 8.2, 8.3), or empty."""
    pseudo: dict[bytes, bytes] = {}
    regular = False
    for name, value in fields:
        if not name.startswith(b":"):
            regular = True
            fault = _value_fault(value) or _regular_fault(name, value)
        elif name not in _PSEUDO or name in pseudo or regular:
            fault = "a pseudo-header is unknown, there twice or out of place"
        else:
            pseudo[name] = value
            fault = _value_fault(value)
        if fault:
            return fault
    return _pseudo_fault(pseudo)


def _pseudo_fault(pseudo: dict[bytes, bytes]) -> str:
    if any(not pseudo.get(name) for name in _NEEDED) or pseudo.get(b":authority") == b"":
        return "a pseudo-header is missing or empty"
    if pseudo[b":method"] == b"CONNECT":
        return "there is no CONNECT inside a tunnel"
    if pseudo[b":scheme"] != b"https":
        return "the scheme is not the connection's"
    return ""


def _value_fault(value: bytes) -> str:
    if _UNCLEAN & set(value):
        return "a value holds a line break or NUL"
    if value != value.strip(b" \t"):
        return "a value begins or ends with a blank"
    return ""


def _regular_fault(name: bytes, value: bytes) -> str:
    if not _NAME.fullmatch(name):
        return "a name is not a token in lower case"
    if name in _OF_THE_CONNECTION or (name == b"te" and value.lower() != b"trailers"):
        return "a header of the connection has no place here"
    return ""


def http1_request(fields: Fields) -> http.Request:
    """The HTTP/1.1 request that well-formed `fields` mean, without host and port: those are the tunnel's.

    `:authority` becomes the first header, `Host`; a `host` beside it stays when it differs, so that it is refused.
    Cookie crumbs are joined (RFC 9113 8.2.3).
    """
    pseudo = {name: value for name, value in fields if name.startswith(b":")}
    regular = [(name, value) for name, value in fields if not name.startswith(b":")]
    hosts = [value for name, value in regular if name == b"host"]
    authority = pseudo.get(b":authority")
    if authority is not None and hosts != [authority]:
        hosts.insert(0, authority)
    headers = [(b"Host", value) for value in hosts]
    headers += _with_one_cookie([field for field in regular if field[0] != b"host"])
    return http.Request(
        host="",
        port=0,
        method=pseudo[b":method"],
        scheme=pseudo[b":scheme"],
        authority=b"",
        path=pseudo[b":path"],
        http_version=b"HTTP/1.1",
        headers=http.Headers(headers),
        content=None,
        trailers=None,
        timestamp_start=0,
        timestamp_end=None,
    )


def _with_one_cookie(fields: list[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    crumbs = [value for name, value in fields if name == b"cookie"]
    if len(crumbs) < 2:  # noqa: PLR2004 - one is whole
        return fields
    joined: list[tuple[bytes, bytes]] = []
    for name, value in fields:
        if name != b"cookie":
            joined.append((name, value))
        elif crumbs:
            joined.append((name, b"; ".join(crumbs)))
            crumbs = []
    return joined


def declared_length(fields: Fields) -> int | None:
    """The one plain `content-length`; None when there is none, or none that could be obeyed."""
    lengths = [value for name, value in fields if name == b"content-length"]
    return int(lengths[0]) if len(lengths) == 1 and re.fullmatch(rb"[0-9]{1,18}", lengths[0]) else None
