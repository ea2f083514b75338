"""Requests as the strictest server would read them; what it could read in another way is a mistake of the gateway."""

from __future__ import annotations

import re
from typing import NamedTuple

_LINE = re.compile(rb"[A-Z]+(?:-[A-Z]+)* /[!-~]* HTTP/1\.[01]")
_HEADER = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ ]?([\t -~\x80-\xff]*)")
_CHUNK = re.compile(rb"([0-9a-fA-F]{1,8})\r\n")


class Arrived(NamedTuple):
    """One request as it came over the wire."""

    line: bytes
    headers: tuple[tuple[bytes, bytes], ...]
    body: bytes


class Ambiguous(AssertionError):
    """Two servers could read these bytes differently."""


def requests_in(data: bytes) -> list[Arrived]:
    """Every request of one connection, in order; a last one may be cut. Raises `Ambiguous`."""
    found = []
    while data:
        head, end, rest = data.partition(b"\r\n\r\n")
        if not end:
            break
        line, *lines = head.split(b"\r\n")
        _want(_LINE.fullmatch(line), line)
        matched = [_HEADER.fullmatch(one) for one in lines]
        _want(all(matched), head)
        headers = tuple((one[1].lower(), one[2]) for one in matched if one)
        _want([name for name, _ in headers].count(b"host") == 1, head)
        body, data = _body(headers, rest, head)
        found.append(Arrived(line, headers, body))
    return found


def _body(headers: tuple[tuple[bytes, bytes], ...], rest: bytes, head: bytes) -> tuple[bytes, bytes]:
    framing = [(name, value) for name, value in headers if name in {b"content-length", b"transfer-encoding"}]
    _want(len(framing) <= 1, head)
    if not framing:
        return b"", rest
    name, value = framing[0]
    if name == b"content-length":
        _want(re.fullmatch(rb"0|[1-9][0-9]{0,9}", value), head)
        return rest[: int(value)], rest[int(value) :]
    _want(value.lower() == b"chunked", head)
    body = b""
    while size := _CHUNK.match(rest):
        length = int(size[1], 16)
        piece, rest = rest[size.end() : size.end() + length], rest[size.end() + length :]
        _want(rest.startswith(b"\r\n") or not rest, rest[:40])
        rest = rest[2:]
        if length == 0:
            return body, rest
        body += piece
    _want(not rest, rest[:40])
    return body, b""


def _want(holds: object, shown: bytes) -> None:
    if not holds:
        raise Ambiguous(shown)
