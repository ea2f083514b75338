"""Characters that are written as numbers: lists of codes, calls that make a character of one, dumps of bytes.

Each stretch of a text that spells something, and what. Few numbers side by side are codes by chance, so it takes a row
of them; digits alone come out of numbers near fifty, and count only where a call or a dump says what the numbers are,
or where they are as many as a card has.
"""

from __future__ import annotations

import base64
import binascii
import re
import string
import sys
from collections.abc import Iterable, Iterator

from aisecops.model.inside_bytes import Opener, Room, said
from aisecops.model.kinds import kinds
from aisecops.model.one_pass import prepared, which_match

_MARK = r"[ ,;|/\t\r\n+-]{1,3}"
_DECIMAL = r"(?:3[2-9]|[4-9][0-9]|1[01][0-9]|12[0-6])"
_OCTAL = r"(?:0?[4-7][0-7]|1[0-7]{2})"
_ROW = 9
_AS_LONG_AS_A_CARD = (15, 16)
_DECIMALS = re.compile(rf"(?<![0-9.]){_DECIMAL}(?:{_MARK}{_DECIMAL}){{{_ROW},}}(?![0-9])")
_OCTALS = re.compile(rf"(?<![0-9.]){_OCTAL}(?:{_MARK}{_OCTAL}){{{_ROW},}}(?![0-9])")
_BITS = re.compile(rf"(?<![0-9])[01]{{8}}(?:[ ,_-]?[01]{{8}}){{{_ROW},}}(?![0-9])")
_POINTS = re.compile(rf"[uU]\+[0-9a-fA-F]{{4,6}}(?:{_MARK}[uU]\+[0-9a-fA-F]{{4,6}}){{{_ROW},}}")
_CALLS = re.compile(r"(?i:(?:chr|char)[bw]?\(\s{0,2}(?:0x[0-9a-f]{2}|[0-9]{2,3})\s{0,2}\)[ .+&|,\r\n\t]{0,4}){5,}")
_ARGUMENTS = re.compile(
    r"(?i:char(?:code)?s?|bytes|bytearray|codes?)\(?\[?\s{0,2}([0-9]{2,3}(?:\s{0,2},\s{0,2}[0-9]{2,3}){7,})"
)
_DUMP = re.compile(
    r"(?:^[0-9a-fA-F]{4,8}:?[ \t]+((?:[0-9a-fA-F]{2,8}[ \t]{1,2}){1,17}|[0-9a-fA-F]{2,8})(?:[ \t|].{0,24})?(?:\n|\Z))+",
    re.MULTILINE,
)
_UU = re.compile(r"^begin [0-7]{3,4} [^\n]{1,200}\n((?:[ -`]{1,62}\r?\n){1,4096})", re.MULTILINE)
_ASCII85 = re.compile(r"<~([!-uz\s]{10,65536}?)~>")
_DUMP_LINE = re.compile(r"^[0-9a-fA-F]{4,8}:?[ \t]+((?:[0-9a-fA-F]{2,8}[ \t])*[0-9a-fA-F]{2,8})", re.MULTILINE)
_NUMBER = re.compile(r"[0-9]+")
_CALLED = re.compile(r"(?i)0x[0-9a-f]+|[0-9]+")


_BETWEEN = b" ,;|/\t\r\n+-:"
_HEX = kinds(("h", string.hexdigits))
_RUN = b"h" * 16
"""The digits of the shortest row: eight numbers of two."""
_BEGUN = prepared(r"(?i)u\+|ha?r[bw]?\(|begin |<~", r"(?m)^[0-9a-fA-F]{4,8}:?[ \t]+[0-9a-fA-F]{2}")
"""How all that is no list begins."""


def spells(text: str) -> bool:
    """False only where nothing is spelled in numbers."""
    data = text.encode("ascii", "replace")
    return bool(which_match(data, _BEGUN)) or _RUN in data.translate(_HEX, _BETWEEN)


def spelled(text: str, room: Room, opener: Opener) -> Iterator[tuple[int, int, str]]:
    """From where to where something is spelled, and what."""
    yield from _in_lists(text)
    for match in _BITS.finditer(text):
        bits = re.sub("[^01]", "", match[0])
        yield match.start(), match.end(), said(int(bits, 2).to_bytes(len(bits) // 8), room, opener)
    for match in _UU.finditer(text):
        yield match.start(), match.end(), said(b"".join(map(_uu, match[1].splitlines())), room, opener)
    for match in _ASCII85.finditer(text):
        yield match.start(), match.end(), said(_ascii85(match[1]), room, opener)
    for match in _DUMP.finditer(text):
        digits = "".join(re.sub(r"\s", "", line) for line in _DUMP_LINE.findall(match[0]))
        yield match.start(), match.end(), said(bytes.fromhex(digits[: len(digits) // 2 * 2]), room, opener)


def _in_lists(text: str) -> Iterator[tuple[int, int, str]]:
    for pattern, base in ((_DECIMALS, 10), (_OCTALS, 8)):
        for match in pattern.finditer(text):
            word = "".join(chr(int(number, base)) for number in _NUMBER.findall(match[0]))
            if not word.isdigit() or len(word) in _AS_LONG_AS_A_CARD:
                yield match.start(), match.end(), word
    for match in _POINTS.finditer(text):
        yield (
            match.start(),
            match.end(),
            _characters(int(point, 16) for point in re.findall("[0-9a-fA-F]{4,6}", match[0])),
        )
    for match in _CALLS.finditer(text):
        yield match.start(), match.end(), _characters(int(number, 0) for number in _CALLED.findall(match[0]))
    for match in _ARGUMENTS.finditer(text):
        yield match.start(1), match.end(1), _characters(map(int, _NUMBER.findall(match[1])))


def _uu(line: str) -> bytes:
    try:
        return binascii.a2b_uu(line)
    except binascii.Error:
        return b""


def _ascii85(text: str) -> bytes:
    try:
        return base64.a85decode(text)
    except ValueError:
        return b""


def _characters(codes: Iterable[int]) -> str:
    return "".join(chr(code) for code in codes if code <= sys.maxunicode)
