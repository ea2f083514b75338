"""Saying something where others may say something at the same moment: one of the two knows of the other.

In one round trip: it is kept, and what stands before it is told. Or in none of its own: it is kept with the charge of
the step that says it, if nothing stands before it that the step was not judged with (`Unsaid`). What it is held against
is its owner's (`trails.py`, `across.py`).
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol

from aisecops.gateway.ports import PieceStore
from aisecops.gateway.proviso import Proviso
from aisecops.model.ids import RunId
from aisecops.model.piece import Piece


class Heard(Protocol):
    """What a process knows of what was said at one place. `position` is how far it has heard.

    `alone` is held by whoever says something or hears it; `unsaid` is what one step is about to say there.
    """

    alone: asyncio.Lock
    position: int
    unsaid: Unsaid | None

    def knows(self, piece: Piece) -> bool:
        """Need `piece` not be said again?"""
        ...

    def add(self, piece: Piece) -> None:
        """It was said."""
        ...

    def forget(self) -> None:
        """Know nothing until it is heard anew."""
        ...


def is_at_hand(heard: Heard) -> bool:
    """Can a step be held against what is known here as it stands? Not while somebody says or hears something."""
    return heard.unsaid is None and not heard.alone.locked()


class Unsaid:
    """What a step says with its charge: `pieces`, at `place`, held against what `heard` knows of it already.

    One at a time for each `heard`: of several steps at once one of them need not ask. `then` is done once it is said.
    """

    def __init__(  # noqa: PLR0917 - as `said`, and what is done then
        self,
        store: PieceStore,
        place: tuple[RunId, str],
        heard: Heard,
        pieces: Sequence[Piece],
        room: int,
        then: Callable[[], Awaitable[None]] | None = None,
    ) -> None:
        self._store = store
        self._place = place
        self._heard = heard
        self._after = heard.position
        self._left = [piece for piece in pieces if not heard.knows(piece)]
        self._room = room
        self._then = then
        heard.unsaid = self

    def stands(self) -> bool:
        """Has nobody here said anything there since?"""
        return self._heard.unsaid is self and self._heard.position == self._after

    def proviso(self) -> Proviso:
        """That nobody has; then it is said."""
        return self._store.unless_said(*self._place, _last_of(self._left, self._room), after=self._after)

    async def came_true(self, told: int) -> None:
        """It was said, at the position `told`; 0 when there was nothing to say."""
        async with self._heard.alone:
            if told > self._heard.position:  # else somebody here has heard it already
                for piece in self._left:
                    if not self._heard.knows(piece):
                        self._heard.add(piece)
                self._heard.position = told
        if self._then is not None:
            await self._then()

    async def moved(self, told: int) -> bool:  # noqa: ARG002 - nothing is
        """It was not said; what others have said is heard when it is."""
        return False

    def let_go(self) -> None:
        """It will not be said, or has been."""
        if self._heard.unsaid is self:
            self._heard.unsaid = None


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
