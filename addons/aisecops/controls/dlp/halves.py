"""Values that were cut over several receivers, or places of one: half here, half there, within one tree of runs.

Knows which texts may be a half, and which two are held against one another: nothing but ends that may carry a mark
on, and exact values that rules name. Ids and words of all sorts go to all sorts of places, so of other kinds (cards,
phones, names) nothing can be said here.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterator

from msgspec import Struct
from msgspec.structs import replace

from aisecops.controls.dlp.seams import (
    ONE_TOKEN,
    SHORTEST_PAIR,
    End,
    Line,
    first_token,
    is_number,
    last_token,
    with_bare,
)
from aisecops.model.piece import Piece

HALVES_KEPT = 96
"""Texts of one tree that may be half of something, and that a new one is held against."""
MOST_NEW = 16
"""Of one request, so many texts that may be a half are looked at: its first and its last."""
MOST_PLANTED = 4
"""Of these, those that are looked at for exact values too, of which nothing tells a half from any other word."""
PLANTED_KEPT = 8
"""Of those that are kept, the newest: against so many of them."""
_SHORTEST = 6
_IDS = re.compile(
    r"(?i:[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})|[0-9a-f]{6,64}|[0-9TZ:.+-]+|[A-Za-z]+(?:[-_.:/][A-Za-z]+)*[-_.:/]?[0-9]{1,6}"
)
"""UUIDs, digests, points in time, and names with a number: half a value now and then, and sent by everybody."""


class Half(Struct, frozen=True, gc=False):
    """A text that may be half of something, by its ends."""

    piece: Piece
    first: End
    last: End

    def at(self, place: str) -> Half:
        """The same at another place."""
        return replace(self, piece=replace(self.piece, place=place))


class Halves:
    """What was said in one tree that may be half of something; the `place` of a piece says its receiver too."""

    def __init__(self) -> None:
        self._kept: deque[Half] = deque(maxlen=HALVES_KEPT)

    def add(self, half: Half) -> None:
        """It was said."""
        self._kept.append(half)

    def knows(self, half: Half) -> bool:
        """Is it among what a new text is held against?"""
        return any(half.piece == kept.piece for kept in self._kept)

    def with_each(self, half: Half, *, planted: bool) -> Iterator[Line]:
        """What `half` says together with each that was told elsewhere, either first.

        `planted`: exact values are looked for too.
        """
        place = half.piece.place
        elsewhere = [one for one in self._kept if one.piece.place != place]
        exact = len(elsewhere) - PLANTED_KEPT if planted else len(elsewhere)
        for at, other in enumerate(elsewhere):
            for before, behind in with_bare(((other.last, half.first), (half.last, other.first))):
                likely = before.bears_on(behind)
                if (likely or at >= exact) and len(before.text) + len(behind.text) >= SHORTEST_PAIR:
                    yield Line(before.text + behind.text, len(before.text), near=False, exact=not likely)


def half_of(piece: Piece, *, planted: bool) -> Half | None:
    """`piece` as a half, if one of its ends may be that of a secret; with `planted`, of any value in a text of a word.

    None for what surely is no half.
    """
    if len(piece.head) < _SHORTEST or is_number(piece):
        return None
    first, last = first_token(piece), last_token(piece)
    alone = planted and not piece.tail and first == piece.head.strip() and _SHORTEST <= len(first) <= ONE_TOKEN
    begin = End.of(first)
    end = begin if first == last else End.of(last)
    if not (alone or _looks_cut(begin) or _looks_cut(end)):
        return None
    return Half(piece, begin, end)


def _looks_cut(end: End) -> bool:
    if not _SHORTEST <= len(end.text) <= ONE_TOKEN:
        return False
    if end.marked:
        return True
    mixed = not end.text.isalpha() and any(map(str.isdigit, end.text)) and any(map(str.isalpha, end.text))
    return mixed and _IDS.fullmatch(end.text) is None
