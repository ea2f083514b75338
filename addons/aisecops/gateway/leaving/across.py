"""What leaves, looked at together with what was told elsewhere before, in a whole tree of runs.

As `trails.py` does for one place of one receiver: what may be half of something is kept before it is judged, for all
workers, and what was refused is no part of what was said.
"""

from __future__ import annotations

import asyncio
import itertools
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field

from aisecops.controls.dlp.halves import MOST_NEW, MOST_PLANTED, Half, Halves, half_of
from aisecops.controls.dlp.seams import Line, distinct
from aisecops.gateway.aside import AT_A_TIME, Steps, in_steps
from aisecops.gateway.leaving.saying import Unsaid, is_at_hand, said
from aisecops.gateway.ports import PieceStore
from aisecops.gateway.resting import Rests
from aisecops.model.ids import RunId
from aisecops.model.piece import MAX_PIECE_CHARS, Piece

EVERYWHERE = "*"
"""The receiver under which halves are kept; no host has such a name."""
ROOM = MOST_NEW * 2 * MAX_PIECE_CHARS
"""Characters of one request that are kept: all of it."""
TREES_KEPT = 500
"""Trees of which what was said is at hand; of others it is read from the store again."""


@dataclass(slots=True)
class _Tree:
    """What was said in one tree that may be half of something."""

    alone: asyncio.Lock = field(default_factory=asyncio.Lock)
    position: int = 0
    unsaid: Unsaid | None = None
    halves: Halves = field(default_factory=Halves)

    def knows(self, piece: Piece) -> bool:
        """Need `piece`, which may be a half, not be said again?"""
        half = half_of(piece, planted=True)
        return half is not None and self.halves.knows(half)

    def add(self, piece: Piece) -> None:
        """It was said."""
        half = half_of(piece, planted=True)
        if half is not None:
            self.halves.add(half)

    def forget(self) -> None:
        """Know nothing of what was said until it is heard anew."""
        self.halves, self.position = Halves(), 0


class Across:
    """Keeps halves and puts them together. One object for a process; from many tasks at once."""

    def __init__(self, store: PieceStore) -> None:
        self._store = store
        self._trees: OrderedDict[RunId, _Tree] = OrderedDict()

    async def held_against(
        self, root_run_id: RunId, receiver: str, new: Sequence[tuple[int, int, str, Piece]], *, planted: bool
    ) -> tuple[list[int], list[tuple[str, Line]]]:
        """What those of `new` that may be a half say together with what was told elsewhere, and where each is.

        Kept when this returns, at the positions it gives. Raises `StoreError`.
        """
        may_be = await in_steps(_halves(new, receiver, planted=planted))
        if not may_be:
            return [], []
        found = ends_of(may_be, MOST_NEW)
        tree = self._at_hand(root_run_id)
        async with tree.alone:
            # one that others have said meanwhile is kept twice, which changes nothing
            pieces = [half.piece for _, half in found]
            mine = await said(self._store, (root_run_id, EVERYWHERE), tree, pieces, room=ROOM)
            seams = _seams(tree, found, planted=planted)
            for _, half in found:
                if not tree.halves.knows(half):
                    tree.halves.add(half)
        return mine, seams

    async def at_hand(
        self,
        root_run_id: RunId,
        receiver: str,
        new: Sequence[tuple[int, int, str, Piece]],
        rests: Rests,
        *,
        planted: bool,
    ) -> list[tuple[str, Line]]:
        """The same with what is at hand: the step rests on it; on nothing when it is not at hand now."""
        may_be = await in_steps(_halves(new, receiver, planted=planted))
        if not may_be:
            return []
        tree = self._at_hand(root_run_id)
        if not is_at_hand(tree):
            rests.let_go()
            return []
        found = ends_of(may_be, MOST_NEW)
        rests.add(Unsaid(self._store, (root_run_id, EVERYWHERE), tree, [half.piece for _, half in found], ROOM))
        return _seams(tree, found, planted=planted)

    async def take_back(self, root_run_id: RunId, positions: Sequence[int]) -> None:
        """What was kept there is no part of what was said."""
        for position in positions:
            await self._store.take_back(root_run_id, EVERYWHERE, position)

    def _at_hand(self, root_run_id: RunId) -> _Tree:
        tree = self._trees.get(root_run_id) or self._trees.setdefault(root_run_id, _Tree())
        self._trees.move_to_end(root_run_id)
        while len(self._trees) > TREES_KEPT:
            self._trees.popitem(last=False)
        return tree


def _seams(tree: _Tree, found: Sequence[tuple[str, Half]], *, planted: bool) -> list[tuple[str, Line]]:
    for_planted = [half for _, half in ends_of(found, MOST_PLANTED)] if planted else []
    return [
        (where, line)
        for where, half in found
        for line in distinct(tree.halves.with_each(half, planted=half in for_planted))
    ]


def _halves(
    new: Sequence[tuple[int, int, str, Piece]], receiver: str, *, planted: bool
) -> Steps[list[tuple[str, Half]]]:
    """Those of `new` that may be a half, each with where it stands."""
    found: list[tuple[str, Half]] = []
    for few in itertools.batched(new, AT_A_TIME):
        for _, _, where, piece in few:
            half = half_of(piece, planted=planted)
            if half is not None:
                found.append((where, half.at(f"{receiver} {piece.place}")))
        if len(few) == AT_A_TIME:
            yield
    return found


def ends_of[T](new: Sequence[T], most: int) -> Sequence[T]:
    """`new`, of too many the first and the last."""
    return new if len(new) <= most else [*new[: most // 2], *new[-most // 2 :]]
