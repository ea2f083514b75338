"""The dresses a text may wear, outermost first: what tells each, and how it is taken off piece by piece.

A piece is a stretch of the text and what it says without the dress. Telling is cheap; taking off is done only where
something tells. Of one and the same dress worn many times over all are taken off at once where that is possible.
"""

from __future__ import annotations

import quopri
import re
import string
import sys
from collections.abc import Callable, Iterator
from typing import NamedTuple
from urllib.parse import unquote_to_bytes

from aisecops.model.encodings import BASE32, BASE64, HEX, MIN_RUN, from_base32, from_base64, from_hex
from aisecops.model.inside_bytes import Opener, Room
from aisecops.model.joints import is_in_pieces, put_together
from aisecops.model.kinds import kinds, of_kind
from aisecops.model.references import unescaped
from aisecops.model.spelled import spelled, spells
from aisecops.model.wrapped import goes_on_in_lines, is_wrapped, unwrapped, without_line_ends

type Piece = tuple[int, int, str]
"""From where to where in the text, and what it says."""

LINES = "lines"
"""The dress of what goes on in the next line; its pieces may be more, or less, than what was written."""

_REPEATS = 8
_LINE = re.compile(r"[^\n]+")
_WORD = re.compile(r"\S+")
_ESCAPED = re.compile(
    r"\\+(?:0{2,4}[2-7][0-9a-fA-F](?![0-9a-fA-F])|u[0-9a-fA-F]{4}(?:\\+u[dD][c-fC-F][0-9a-fA-F]{2})?|u\{[0-9a-fA-F]{1,6}\}|U[0-9a-fA-F]{8}|x[0-9a-fA-F]{2}"
    r"|x\{[0-9a-fA-F]{1,6}\}"
    r"|[0-3][0-7]{2}|[nrtbf\"'/\\])"
)
_PERCENT = re.compile(r"%(?:25)*(?:[0-9A-Fa-f]{2}|u[0-9A-Fa-f]{4})")
_PERCENT_U = re.compile(r"%u([0-9A-Fa-f]{4})")
_ENTITY = re.compile(r"&(?:amp;)*(?:#0{0,32}[0-9]{1,7};?|#[xX]0{0,32}[0-9a-fA-F]{1,6};?|[A-Za-z][A-Za-z0-9]{1,31};)")
_QUOTED = re.compile(r"=\r?\n|(?:=[2-7][0-9A-F]){2}|=(?:3D|40|2D|2E|2F|3A|5F)(?=[0-9A-Za-z])")
_PARAGRAPH = re.compile(r"(?:[^\n]|(?<==)\n)+")
_UTF7 = re.compile(r"\+A[A-Za-z0-9+/]{2,}-?")
_APART = re.compile(r"(?<![0-9A-Za-z])\S([ .,;:|/*~_+\t\n-]{1,3})\S(?:\1\S){6,}")
# what stands between characters is a mark, and not the sign of another encoding
_ALONE = re.compile(r"(?<![0-9A-Za-z])[0-9A-Za-z](?:[^0-9A-Za-z%\\=&#]{1,3}[0-9A-Za-z]){9,}(?![0-9A-Za-z])")
_GROUPED = re.compile(
    r"(?<![0-9A-Za-z])[0-9A-Z]{4}(?![ -][0-9A-Z])([^0-9A-Za-z%\\=&#]{1,3})[0-9A-Z]{4}(?:\1[0-9A-Z]{4}){1,7}"
    r"(?:\1[0-9A-Z]{1,3})?(?![0-9A-Za-z])"
    r"|(?<![0-9A-Za-z])[0-9]{4}(?![ -][0-9])([^0-9A-Za-z%\\=&#]{1,3})[0-9]{6}\2[0-9]{5}(?![0-9A-Za-z])"
)
_MARKS = re.compile(r"[^0-9A-Za-z]+")
_ALNUM = string.ascii_letters + string.digits
_BY_WORD = kinds(("a", _ALNUM))
_BY_GROUP = kinds(("x", string.ascii_lowercase), ("d", string.ascii_uppercase + string.digits))
_BY_BASE64 = kinds(("a", _ALNUM + "+/_-"))
_BY_BASE32 = kinds(("U", string.ascii_uppercase + "234567"))
_BY_LOWER_BASE32 = kinds(("l", string.ascii_lowercase + "234567"))
_BY_HEX = kinds(("h", string.hexdigits), ("s", " :,.;+/|_\n\t-"), ("x", "xX"))
_STANDS_APART = (b"a.a.a.a", b"a..a..a..a", b"a...a...a...a")
_STANDS_IN_GROUPS = tuple(
    form.replace(b"_", b"." * marks) for marks in (1, 2, 3) for form in (b"dddd_dddd_dddd", b"dddd_dddddd_ddddd")
)
_HEX_PAIRS = (
    *(b"h" * MIN_RUN, b"hhs" * 6, b"hhss" * 6, b"hxhhs" * 6, b"hxhhss" * 6),
    *((b"h" * digits + marks) * 2 + b"hh" for digits in (4, 8, 12, 16) for marks in (b"s", b"ss")),
)


class Dress(NamedTuple):
    """`tells` is false only where nothing wears it; `off` gives the pieces that do.

    It is no dress of what one of `not_under` left, whose pieces stand on lines of their own.
    """

    name: str
    tells: Callable[[str], bool]
    off: Callable[[str, Room, Opener], Iterator[Piece]]
    not_under: frozenset[str] = frozenset()


def _each(pieces: re.Pattern[str], open_one: Callable[[str], str]) -> Callable[[str, Room, Opener], Iterator[Piece]]:
    def off(text: str, _room: Room, _opener: Opener) -> Iterator[Piece]:
        for match in pieces.finditer(text):
            yield match.start(), match.end(), open_one(match[0])

    return off


def _runs(
    pieces: re.Pattern[str], open_one: Callable[[str, Room, Opener], str]
) -> Callable[[str, Room, Opener], Iterator[Piece]]:
    def off(text: str, room: Room, opener: Opener) -> Iterator[Piece]:
        for match in pieces.finditer(text):
            yield match.start(), match.end(), open_one(match[0], room, opener)

    return off


def _without_escapes(line: str) -> str:
    return _ESCAPED.sub(_unescaped, line) if "\\" in line else ""


_OCTAL_DIGITS = 3
_SHORT = {"n": "\n", "r": "\r", "t": "\t", "b": "\b", "f": "\f"}


def _unescaped(match: re.Match[str]) -> str:
    body = match[0].lstrip("\\")
    if not body:
        return "\\"
    kind, rest = body[0], body[1:]
    if kind == "u" and "\\" in rest:
        pair = chr(int(rest[:4], 16)) + chr(int(rest[-4:], 16))
        return pair.encode("utf-16", "surrogatepass").decode("utf-16", "surrogatepass")
    if kind == "0" and len(body) > _OCTAL_DIGITS:  # as style sheets do
        return chr(int(body, 16))
    if kind in "uUx":
        point = int(rest.strip("{}"), 16)
        return chr(point) if point <= sys.maxunicode else ""
    if kind.isdigit():
        return chr(int(body, 8))
    return _SHORT.get(kind, kind)


def _without_percents(word: str) -> str:
    if _PERCENT.search(word) is None:
        return ""
    word = _PERCENT_U.sub(lambda found: chr(int(found[1], 16)), word).replace("+", " ")
    for _ in range(_REPEATS):
        word = unquote_to_bytes(word.encode("utf-8", "surrogatepass")).decode("utf-8", "replace")
        if _PERCENT.search(word) is None:
            break
        word = word.replace("+", " ")
    return word


def _without_entities(line: str) -> str:
    if _ENTITY.search(line) is None:
        return ""
    for _ in range(_REPEATS):
        plain = unescaped(line)
        if plain == line:
            break
        line = plain
    return line


def _unquoted(paragraph: str) -> str:
    if _QUOTED.search(paragraph) is None:
        return ""
    return quopri.decodestring(paragraph.encode("utf-8", "surrogatepass")).decode("utf-8", "replace")


def _from_utf7(line: str) -> str:
    return _UTF7.sub(lambda found: found[0].encode().decode("utf-7", "ignore"), line) if _UTF7.search(line) else ""


def _put_together(text: str, _room: Room, _opener: Opener) -> Iterator[Piece]:
    """Characters that stand alone, and groups of four, without what stands between them."""
    if _stands_apart(text):
        for match in _APART.finditer(text):
            yield match.start(), match.end(), match[0][:: 1 + len(match[1])]
    for pattern, tells in ((_ALONE, _stands_apart), (_GROUPED, _stands_in_groups)):
        for match in pattern.finditer(text) if tells(text) else ():
            yield match.start(), match.end(), _MARKS.sub("", match[0])


def _with(mark: str, pattern: re.Pattern[str]) -> Callable[[str], bool]:
    def tells(text: str) -> bool:
        return mark in text and pattern.search(text) is not None

    return tells


_stands_apart = of_kind(_BY_WORD, *_STANDS_APART)
_stands_in_groups = of_kind(_BY_GROUP, *_STANDS_IN_GROUPS)
_in_base32 = of_kind(_BY_BASE32, b"U" * MIN_RUN)
_in_lower_base32 = of_kind(_BY_LOWER_BASE32, b"l" * 24)

DRESSES: tuple[Dress, ...] = (
    Dress("escapes", _with("\\", _ESCAPED), _each(_LINE, _without_escapes)),
    Dress("percent", _with("%", _PERCENT), _each(_WORD, _without_percents)),
    Dress("entities", _with("&", _ENTITY), _each(_LINE, _without_entities)),
    Dress("quoted", _with("=", _QUOTED), _each(_PARAGRAPH, _unquoted)),
    Dress("utf7", _with("+A", _UTF7), _each(_LINE, _from_utf7)),
    Dress("base64", of_kind(_BY_BASE64, b"a" * MIN_RUN), _runs(BASE64, from_base64)),
    Dress("base32", lambda text: _in_base32(text) or _in_lower_base32(text), _runs(BASE32, from_base32)),
    Dress("hex", of_kind(_BY_HEX, *_HEX_PAIRS), _runs(HEX, from_hex)),
    Dress("codes", spells, spelled),
    Dress("wrapped", is_wrapped, unwrapped, frozenset({LINES})),
    Dress(LINES, goes_on_in_lines, without_line_ends, frozenset({LINES, "wrapped"})),
    Dress("pieces", is_in_pieces, put_together),
    Dress("apart", lambda text: _stands_apart(text) or _stands_in_groups(text), _put_together),
)
