"""What a text says under its dress: JSON strings in it, base64, percent signs, HTML entities; nested a few times.

Every reading knows which stretch of the text each of its own came from. Bounded in depth and in size: readings never
add up to more than a few times the text. Does not know what is looked for.
"""

from __future__ import annotations

import base64
import binascii
import html
import json
import re
from bisect import bisect_right
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from urllib.parse import unquote_to_bytes

from aisecops.model.provenance import Span

MAX_DEPTH = 3
MAX_GROWTH = 4
"""Readings of a text are together at most so many times as long as it is."""

_ESCAPED = re.compile(r'(?:\\u[0-9a-fA-F]{4})+|\\[nrt\\"/bf]')
_PERCENT = re.compile(r"%[0-9A-Fa-f]{2}")
_ENTITY = re.compile(r"&(?:#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});")
_WORD = re.compile(r"\S+")
_BASE64 = re.compile(r"[A-Za-z0-9+/_-]{24,}(?:\r?\n[A-Za-z0-9+/_-]{4,})*={0,2}")
_URL_SAFE = str.maketrans("-_", "+/", "\r\n")
_READABLE = 0.9


@dataclass(frozen=True, slots=True)
class Reading:
    """One way to read a text. `starts` are where its pieces begin, `origins` which stretch each came from."""

    text: str
    starts: tuple[int, ...] = ()
    origins: tuple[Span, ...] = ()

    def place(self, span: Span) -> Span:
        """Where in the text as it stands the reading's `span` comes from."""
        if not self.origins:
            return span
        first = max(bisect_right(self.starts, span.start) - 1, 0)
        last = max(bisect_right(self.starts, max(span.start, span.end - 1)) - 1, 0)
        return Span(start=self.origins[first].start, end=self.origins[last].end)


def readings(text: str) -> Iterator[Reading]:
    """The text as it stands first, then what it says with dresses taken off, from the outermost in."""
    left = MAX_GROWTH * max(len(text), 1)
    waiting = [(0, Reading(text))]
    while waiting:
        depth, reading = waiting.pop(0)
        yield reading
        if depth == MAX_DEPTH:
            continue
        for opened in _opened(reading):
            left -= len(opened.text)
            if left < 0:
                return
            waiting.append((depth + 1, opened))


def _opened(reading: Reading) -> Iterator[Reading]:
    for trigger, pattern, open_one in _DRESSES:
        if trigger.search(reading.text) is None:
            continue
        pieces = [(match, open_one(match[0])) for match in pattern.finditer(reading.text)]
        opened = _reading(reading, pieces)
        if opened is not None:
            yield opened


def _reading(outer: Reading, pieces: list[tuple[re.Match[str], str]]) -> Reading | None:
    """The pieces in a row, with a line break between them; None when nothing was dressed."""
    texts, starts, origins, length = [], [], [], 0
    for match, piece in pieces:
        if piece and piece != match[0]:
            texts.append(piece)
            starts.append(length)
            origins.append(outer.place(Span(start=match.start(), end=match.end())))
            length += len(piece) + 1
    return Reading("\n".join(texts), tuple(starts), tuple(origins)) if texts else None


def _without_escapes(line: str) -> str:
    if _ESCAPED.search(line) is None:
        return ""
    return _ESCAPED.sub(_unescaped, line)


def _unescaped(match: re.Match[str]) -> str:
    try:
        return str(json.loads(f'"{match[0]}"'))
    except ValueError:
        return ""


def _without_percents(word: str) -> str:
    if _PERCENT.search(word) is None:
        return ""
    return unquote_to_bytes(word.replace("+", " ").encode("utf-8", "surrogatepass")).decode("utf-8", "replace")


def _without_entities(line: str) -> str:
    return html.unescape(line) if _ENTITY.search(line) else ""


def _without_base64(run: str) -> str:
    body = run.translate(_URL_SAFE).rstrip("=")
    body = body[:-1] if len(body) % 4 == 1 else body
    try:
        data = base64.b64decode(body + "=" * (-len(body) % 4), validate=True)
    except (binascii.Error, ValueError):
        return ""
    text = data.decode("utf-8", "replace")
    readable = sum(character.isprintable() or character in "\r\n\t" for character in text) - text.count("\ufffd")
    return text if readable >= _READABLE * len(text) else ""


type _Opening = tuple[re.Pattern[str], re.Pattern[str], Callable[[str], str]]  # what tells, its pieces, how to open
_LINE = re.compile(r"[^\n]+")
_DRESSES: tuple[_Opening, ...] = (
    (_ESCAPED, _LINE, _without_escapes),
    (_PERCENT, _WORD, _without_percents),
    (_ENTITY, _LINE, _without_entities),
    (_BASE64, _BASE64, _without_base64),
)
