"""Encoded runs and keys that are cut by marks: lines of a fixed width, quoted lines, blanks and points between.

Each stretch that goes on behind its marks, and what it says without them. A word of a language goes on nowhere; what is
encoded changes between letters, capitals and digits within each of its pieces.
"""

from __future__ import annotations

import re
import string
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import NamedTuple

from aisecops.model.encodings import BASE32, MIN_RUN, from_base32, from_base64, from_hex
from aisecops.model.inside_bytes import Opener, Room, leniently
from aisecops.model.kinds import kinds

_SHORTEST, _FEWEST = 4, 2
_FARTHEST, _LONG = 8, 20
"""Characters between two pieces at most, and of a row at least."""
_CLASSES = kinds(
    ("l", string.ascii_lowercase),
    ("U", string.ascii_uppercase),
    ("d", string.digits),
    ("m", "+/_-"),
    ("\n", "\n"),
    ("=", "="),
)
_CHANGES = (b"lU", b"ld", b"dl", b"dU", b"Ud")
_PIECE = re.compile(rb"[lUdm]{2,}")
_ALIKE = re.compile(rb"(?<![lUdm])(U{4,64})(?:[.\n]{1,8}\1(?![lUdm])){2}")
"""Three pieces of capitals that are as long as each other: base32 need not have a digit."""
_NO_PIECE = re.compile(rb"[.\n=]")
_HEX = re.compile(r"(?:[0-9A-Fa-f]{2})+")


def is_wrapped(text: str) -> bool:
    """False only where nothing that is encoded goes on behind its marks."""
    return True in [end - start >= _LONG for start, end in [row.span for row in _stretches(text)]]


def unwrapped(text: str, room: Room, opener: Opener) -> Iterator[tuple[int, int, str]]:
    """From where to where something encoded goes on behind marks, and what it says."""
    for row in _stretches(text):
        told: list[str] = []
        for run in dict.fromkeys((row.of(text), row.of(text, with_tail=False))):
            if len(run) >= MIN_RUN:
                told.append(from_base64(run, room, leniently(opener)))
            if BASE32.fullmatch(run):
                told.append(from_base32(run, room, leniently(opener)))
            if _HEX.fullmatch(run):
                told.append(from_hex(run, room, leniently(opener)))
        yield *row.span, "\n".join(dict.fromkeys(filter(None, told)))


def goes_on_in_lines(text: str) -> bool:
    """False only where nothing goes on in the next line."""
    return "\n" in text and any(row.lines for row in _stretches(text))


def without_line_ends(text: str, _room: Room, _opener: Opener) -> Iterator[tuple[int, int, str]]:
    """From where to where something goes on in further lines, and all of it as one."""
    for row in _stretches(text):
        if row.lines:
            yield *row.span, row.of(text, with_tail=False)


class _Row(NamedTuple):
    """Pieces that go on from one another. The last few, `tail` of them, may be words that follow."""

    pieces: Sequence[tuple[int, int]]
    tail: int
    lines: bool

    @property
    def span(self) -> tuple[int, int]:
        return self.pieces[0][0], self.pieces[-1][1]

    def of(self, text: str, *, with_tail: bool = True) -> str:
        """The pieces of `text` as one."""
        pieces = self.pieces if with_tail else self.pieces[: len(self.pieces) - self.tail]
        return "".join(text[start:end] for start, end in pieces)


@lru_cache(maxsize=2)  # asked for several times, one after the other
def _stretches(text: str) -> tuple[_Row, ...]:
    """Pieces in a row of which each changes between kinds of characters, or is as long as the one before it."""
    marks = text.encode("ascii", "replace").translate(_CLASSES)
    changes = _changes(marks)
    found = tuple(_rows(marks, changes)) if len(changes) > 1 else ()
    if b"UUUU" in marks:
        found += tuple(row for alike in _ALIKE.finditer(marks) for row in _whole(marks, [alike.span(1)]))
    return found


def _changes(marks: bytes) -> list[int]:
    """Where one kind of character follows another; a pattern takes six times as long."""
    found = []
    for change in _CHANGES:
        at = marks.find(change)
        while at >= 0:
            found.append(at)
            at = marks.find(change, at + 1)
    found.sort()
    return found


def _rows(marks: bytes, changes: Sequence[int]) -> Iterator[_Row]:
    row: list[tuple[int, int]] = []
    behind = 0
    for at in changes:
        if at < behind:
            continue
        start = max(*(marks.rfind(mark, behind, at) for mark in (b".", b"\n", b"=")), behind - 1) + 1
        end = _NO_PIECE.search(marks, at)
        behind = end.start() if end is not None else len(marks)
        if behind - start < _SHORTEST:
            continue
        if row and not _goes_on(marks, row, start):
            yield from _whole(marks, row)
            row = []
        row.append((start, behind))
    if row:
        yield from _whole(marks, row)


def _goes_on(marks: bytes, row: list[tuple[int, int]], start: int) -> bool:
    """Does the piece at `start` go on from those in `row`? One between that is as long as the last is taken along."""
    while True:
        last_start, last_end = row[-1]
        size = last_end - last_start
        if start - last_end <= 1:
            return True
        between = _PIECE.search(marks, last_end, min(start, last_end + _FARTHEST + size + 1))
        if between is None:
            return start - last_end <= _FARTHEST
        if between.start() - last_end > _FARTHEST or between.end() - between.start() != size or between.end() >= start:
            return False
        row.append(between.span())


def _whole(marks: bytes, row: list[tuple[int, int]]) -> Iterator[_Row]:
    """`row` with what is as long before and behind it, and a shorter end; none for a single piece."""
    pieces = [*_before(marks, *row[0]), *row]
    while True:
        start, end = pieces[-1]
        size = end - start
        following = _PIECE.search(marks, end, end + _FARTHEST + size + 1)
        if following is None or following.start() - end > _FARTHEST or following.end() - following.start() > size:
            break
        pieces.append(following.span())
        if following.end() - following.start() < size:
            break
    last_start, last_end = pieces[-1]
    is_shorter = last_end - last_start < pieces[0][1] - pieces[0][0]
    alone = len(row) == 1 and is_shorter and not _is_padded(marks, last_end)
    if len(pieces) > _FEWEST or (len(pieces) == _FEWEST and not alone):
        lines = b"\n" in marks[pieces[0][0] : last_end]
        tail = 0 if _ends_its_line(marks, last_end) else pieces[::-1].index(row[-1])
        yield _Row(pieces, tail, lines)


def _ends_its_line(marks: bytes, end: int) -> bool:
    """Does no further piece stand in the line?"""
    until = marks.find(b"\n", end)
    return _PIECE.search(marks, end, until if until >= 0 else len(marks)) is None


def _before(marks: bytes, start: int, end: int) -> list[tuple[int, int]]:
    """The pieces before one that are as long as it is."""
    found: list[tuple[int, int]] = []
    size = end - start
    while True:
        earlier = list(_PIECE.finditer(marks, max(0, start - _FARTHEST - size - 1), start))
        if not earlier or start - earlier[-1].end() > _FARTHEST or earlier[-1].end() - earlier[-1].start() != size:
            return found[::-1]
        start = earlier[-1].start()
        found.append(earlier[-1].span())


def _is_padded(marks: bytes, end: int) -> bool:
    """Does the sign follow that fills an encoded run up?"""
    return marks[end : end + 1] == b"="
