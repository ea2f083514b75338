"""What the other side saw: whether a value is in what came, plainly or in the encodings that anybody undoes.

Written without the gateway's own detectors and readers, so that each keeps the other honest.
"""

from __future__ import annotations

import base64
import binascii
import gzip
import html
import re
import zlib
from collections.abc import Callable, Iterable, Iterator
from urllib.parse import unquote_to_bytes

_B64 = re.compile(rb"[A-Za-z0-9+/_-]{16,}={0,2}")
_HEX = re.compile(rb"(?:[0-9a-fA-F]{2}){8,}")
_ESCAPED = re.compile(rb"\\u([0-9a-fA-F]{4})")
_KEPT = re.compile(r"[^0-9a-z@]+")
_DEEPEST = 3
_MOST_BYTES = 4_000_000


def holds(data: bytes, value: str) -> bool:
    """True when `value` can be read out of `data`. Case, blanks and punctuation make no difference."""
    wanted = _bare(value)
    if not wanted:
        return False
    return any(wanted in _bare(layer.decode("utf-8", "replace")) for layer in _layers(data, 0))


def _bare(text: str) -> str:
    narrow = "".join(chr(ord(char) - 0xFEE0) if "\uff01" <= char <= "\uff5e" else char for char in text)
    return _KEPT.sub("", narrow.lower())


def _layers(data: bytes, depth: int) -> Iterator[bytes]:
    data = data[:_MOST_BYTES]
    yield data
    if depth == _DEEPEST:
        return
    for inner in _undone(data):
        if inner and inner != data:
            yield from _layers(inner, depth + 1)


def _undone(data: bytes) -> Iterator[bytes]:
    if b"%" in data:
        yield unquote_to_bytes(data)
    if b"&" in data:
        yield html.unescape(data.decode("utf-8", "replace")).encode()
    if b"\\u" in data:
        yield _ESCAPED.sub(lambda found: chr(int(found[1], 16)).encode("utf-8", "replace"), data)
    if data[:2] == b"\x1f\x8b":
        yield from _tried(gzip.decompress, data)
    if data[:1] == b"\x78":
        yield from _tried(zlib.decompress, data)
    yield from _decoded(_B64.findall(data), _base64)
    yield from _decoded(_HEX.findall(data), binascii.unhexlify)


def _decoded(found: Iterable[bytes], undo: Callable[[bytes], bytes]) -> Iterator[bytes]:
    for piece in found:
        yield from _tried(undo, piece)


def _tried(undo: Callable[[bytes], bytes], data: bytes) -> Iterator[bytes]:
    try:
        yield undo(data)
    except (ValueError, OSError, EOFError, zlib.error, binascii.Error):
        return


def _base64(piece: bytes) -> bytes:
    plain = piece.rstrip(b"=").translate(bytes.maketrans(b"-_", b"+/"))
    return base64.b64decode(plain + b"=" * (-len(plain) % 4))
