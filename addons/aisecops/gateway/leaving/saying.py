"""Saying something where others may say something at the same moment: one of the two knows of the other.

In one round trip: it is kept, and what stands before it is told. What it is held against is its owner's
(`trails.py`, `across.py`).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from aisecops.gateway.ports import PieceStore
from aisecops.model.ids import RunId
from aisecops.model.piece import Piece


class Heard(Protocol):
    """What a process knows of what was said at one place. `position` is how far it has heard."""

    position: int

    def knows(self, piece: Piece) -> bool:
        """Need `piece` not be said again?"""
        ...

    def add(self, piece: Piece) -> None:
        """It was said."""
        ...

    def forget(self) -> None:
        """Know nothing until it is heard anew."""
        ...


async def said(
    store: PieceStore, place: tuple[RunId, str], heard: Heard, pieces: Sequence[Piece], *, room: int
) -> list[int]:
    """Keep those of `pieces` that are not known at `place` yet, and hear what others have said there before.

    `room` is how many characters are kept at once; of more, the last. Gives the positions of what was kept. For one
    caller at a time for each `heard`. Raises `StoreError`.
    """
    mine: list[int] = []
    left = [piece for piece in pieces if not heard.knows(piece)]
    told = list(left)
    while True:
        # said, or nothing to say: either way, what others have said before is heard
        before: Sequence[tuple[int, Sequence[Piece]]]
        if left:
            position, before = await store.say(*place, _last_of(left, room), after=heard.position)
            mine.append(position)
        else:
            before = await store.newer(*place, heard.position)
        if not before:
            break  # nobody else has said anything: what was known still is
        if not heard.position or all(kept for _, kept in before):
            _hear(heard, before, mine)
        else:
            # something was taken back: what was taken to be known may be known to nobody any more
            heard.forget()
            _hear(heard, await store.newer(*place, 0), mine)
        # after what others have said, one that counted no longer may count again
        left = [piece for piece in pieces if piece not in told and not heard.knows(piece)]
        if not left:
            break
        told += left
    if mine:
        heard.position = max(heard.position, mine[-1])
    return mine


def _hear(heard: Heard, heard_now: Sequence[tuple[int, Sequence[Piece]]], mine: Sequence[int]) -> None:
    """Know what others have said; of it, what stands before the last that is `mine`."""
    for position, pieces in heard_now:
        if mine and position >= mine[-1]:
            return
        heard.position = position
        for piece in pieces if position not in mine else ():
            heard.add(piece)


def _last_of(pieces: Sequence[Piece], room: int) -> list[Piece]:
    """As many of `pieces` as `room` characters hold: the last."""
    kept: list[Piece] = []
    for piece in reversed(pieces):
        room -= len(piece.head) + len(piece.tail)
        if room < 0:
            break
        kept.append(piece)
    return kept[::-1]
