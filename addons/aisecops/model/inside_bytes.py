"""What bytes say that came out of an encoding: text, also compressed, also in two bytes to the character.

Bounded by the room it is given. Does not open files (archives, documents): `Opener` is for whoever can.
"""

from __future__ import annotations

import codecs
import re
import zlib
from collections.abc import Callable

from aisecops.model.errors import WireError
from aisecops.model.refusals import Code

FREE_CHARACTERS = 1024 * 1024
MAX_GROWTH = 8
"""What is read out of a text is at most so many times as long as it is, or `FREE_CHARACTERS`, whichever is more."""

READABLE = 0.9
_STEP_BYTES = 64 * 1024
_MAX_SKINS = 4
_GZIP = b"\x1f\x8b\x08"
_ZLIB = tuple(bytes([window << 4 | 8]) for window in range(8))
_MIN_BARE = 24
_FOUR_WIDE = 16
"""Bytes from which on most may be zeros because each character has four."""
_CONTROLS = bytes(code for code in range(32) if code not in b"\t\n\r") + b"\x7f"
_STRETCH = re.compile(rb"[\t\n\r\x20-\x7e]{8,}")


class Room:
    """How many characters may still be read out of dresses. Shared by all that is read for one request."""

    def __init__(self, characters: int) -> None:
        self.left = max(FREE_CHARACTERS, MAX_GROWTH * characters)

    def take(self, characters: int) -> None:
        """Use some of it. Raises WireError `too_large` when there is not so much."""
        self.left -= characters
        if self.left < 0:
            raise WireError("what is encoded in the request unfolds to too much", Code.TOO_LARGE)


type Opener = Callable[[bytes, Room], str | None]
"""Gives the text in bytes that are a file it knows; None for what is none. Raises WireError for what cannot be read."""


def no_file(_data: bytes, _room: Room) -> None:
    """No file is known."""


def leniently(opener: Opener) -> Opener:
    """`opener` for bytes that may be more, or less, than a file: one that cannot be read is none."""

    def opened(data: bytes, room: Room) -> str | None:
        try:
            return opener(data, room)
        except WireError as error:
            if error.code is Code.TOO_LARGE:
                raise
            return None

    return opened


def said(data: bytes, room: Room, opener: Opener = no_file) -> str:
    """The text that `data` is; empty when it is none. Raises WireError when that is more than `room` allows."""
    for _ in range(_MAX_SKINS):
        known = opener(data, room)
        if known is not None:
            return known
        inner = _uncompressed(data, room)
        if inner is None:
            return _wide(data) or _readable(data) or _bare(data, room)
        data = inner
    raise WireError("bytes in the request are compressed more often than anything is")


def stretches(data: bytes) -> str:
    """The readable stretches of bytes that are no text as a whole, one a line."""
    return "\n".join(stretch.decode("ascii") for stretch in _STRETCH.findall(data))


def _uncompressed(data: bytes, room: Room) -> bytes | None:
    """What gzip or zlib made `data` from; None when neither did."""
    if data.startswith(_GZIP):
        return _inflated(data, 31, room)
    if data[:1] in _ZLIB and len(data) > len(_GZIP) and int.from_bytes(data[:2]) % 31 == 0:  # RFC 1950 2.2
        return _inflated(data, 15, room)
    return None


def _inflated(data: bytes, wbits: int, room: Room) -> bytes | None:
    """As much as can be inflated, also of a stream that was cut; None for what is no such stream."""
    found = bytearray()
    while data:
        stream = zlib.decompressobj(wbits)
        try:
            piece = stream.decompress(data, _STEP_BYTES)
            while piece:
                room.take(len(piece))
                found += piece
                piece = stream.decompress(stream.unconsumed_tail, _STEP_BYTES)
        except zlib.error:
            break
        # members of gzip stand in a row; what follows the last one is text like any other
        data = stream.unused_data
        if not data.startswith(_GZIP):
            found += data
            break
    return bytes(found) or None


def _bare(data: bytes, room: Room) -> str:
    """A deflate stream without head or checksum says so only by being one."""
    if len(data) < _MIN_BARE:
        return ""
    stream = zlib.decompressobj(-15)
    found = bytearray()
    try:
        piece = stream.decompress(data, _STEP_BYTES)
        while piece:
            if not found and not _readable(piece):
                return ""
            room.take(len(piece))
            found += piece
            piece = stream.decompress(stream.unconsumed_tail, _STEP_BYTES)
    except zlib.error:
        return ""
    return _readable(bytes(found)) if stream.eof else ""


def _wide(data: bytes) -> str:
    """Text in UTF-16 or UTF-32, with or without its mark."""
    if data.startswith((codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)):
        return _printable(data.decode("utf-32", "replace"))
    if len(data) > _FOUR_WIDE and data.count(0) >= len(data) * 7 // 10:
        order = "utf-32-be" if data[0] == 0 else "utf-32-le"
        return _printable(data[: len(data) // 4 * 4].decode(order, "replace"))
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return _printable(data.decode("utf-16", "replace"))
    zeros = data.count(0)
    if not len(data) * 2 // 5 <= zeros <= len(data) * 3 // 5 or not data:
        return ""
    order = "utf-16-be" if data[::2].count(0) > data[1::2].count(0) else "utf-16-le"
    return _printable(data.decode(order, "replace"))


def _readable(data: bytes) -> str:
    """UTF-8, if nearly all of it is text."""
    controls = len(data) - len(data.translate(None, _CONTROLS))
    if controls > (1 - READABLE) * len(data):
        return ""
    text = data.decode("utf-8", "replace")
    return text if text.count("\ufffd") + controls <= (1 - READABLE) * len(text) else ""


def _printable(text: str) -> str:
    unseen = text.count("\ufffd") + sum(text.count(chr(code)) for code in _CONTROLS)
    return text if unseen <= (1 - READABLE) * len(text) else ""
