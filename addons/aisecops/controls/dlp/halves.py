"""Values that were cut over several receivers, or places of one: half here, half there, within one tree of runs.

Knows which texts may be a half, and which two are held against one another: nothing but ends that may carry a mark
on, and exact values that rules name. Ids and words of all sorts go to all sorts of places, so of other kinds (cards,
phones, names) nothing can be said here.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterator

from aisecops.controls.dlp.seams import (
    ONE_TOKEN,
    SHORTEST_PAIR,
    End,
    Line,
    first_token,
    is_number,
    last_token,
    lines_of,
)
from aisecops.model.piece import Piece

HALVES_KEPT = 96
"""Texts of one tree that may be half of something, and that a new one is held against."""
MOST_NEW = 16
"""Of one request, so many texts that may be a half are looked at: its first and its last."""
MOST_PLANTED = 4
"""Of these, those that are looked at for exact values too, of which nothing tells a half from any other word."""
PLANTED_KEPT = 16
"""Of those that are kept, the newest: against so many of them."""
_SHORTEST = 6
_IDS = re.compile(
    r"(?i:[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})|[0-9a-f]{6,64}|[0-9TZ:.+-]+|[A-Za-z]+(?:[-_.:/][A-Za-z]+)*[-_.:/]?[0-9]{1,6}"
)
"""UUIDs, digests, points in time, and names with a number: half a value now and then, and sent by everybody."""


class Halves:
    """What was said in one tree that may be half of something; a piece's `place` says its receiver too."""

    def __init__(self) -> None:
        self._kept: deque[tuple[Piece, End, End]] = deque(maxlen=HALVES_KEPT)

    def add(self, piece: Piece) -> None:
        """It was said."""
        self._kept.append((piece, End.of(first_token(piece)), End.of(last_token(piece))))

    def knows(self, piece: Piece) -> bool:
        """Is it among what a new text is held against?"""
        return any(piece == kept for kept, _, _ in self._kept)

    def with_each(self, piece: Piece, *, planted: bool) -> Iterator[Line]:
        """What `piece` says together with each that was told elsewhere, either first.

        `planted`: exact values are looked for too.
        """
        first, last = End.of(first_token(piece)), End.of(last_token(piece))
        elsewhere = [one for one in self._kept if one[0].place != piece.place]
        exact = len(elsewhere) - PLANTED_KEPT if planted else len(elsewhere)
        for at, (_, begin, end) in enumerate(elsewhere):
            for before, behind in ((end, first), (last, begin)):
                long = len(before.text) + len(behind.text) >= SHORTEST_PAIR
                if long and (at >= exact or before.may_go_on(behind)):
                    yield from lines_of(((before.text, behind.text),), near=False)


def may_be_half(piece: Piece, *, planted: bool) -> bool:
    """May one end of `piece` be half of a secret? `planted`: of any value, where a text is nothing else."""
    if is_number(piece):
        return False
    ends = first_token(piece), last_token(piece)
    if planted and not piece.tail and ends[0] == piece.head.strip() and _SHORTEST <= len(ends[0]) <= ONE_TOKEN:
        return True
    return any(map(_looks_cut, ends))


def _looks_cut(token: str) -> bool:
    if not _SHORTEST <= len(token) <= ONE_TOKEN:
        return False
    if End.of(token).marked:
        return True
    mixed = any(map(str.isdigit, token)) and any(map(str.isalpha, token))
    return mixed and _IDS.fullmatch(token) is None
