"""Of two that say something at the same moment one knows of the other, and what was taken back is said anew."""

from __future__ import annotations

import asyncio

from aisecops.adapters.store.pieces import MemoryPieces
from aisecops.gateway.leaving.saying import Unsaid, said
from aisecops.model.ids import RunId
from aisecops.model.piece import Piece

PLACE = RunId("run_1"), "api.test:443"
ROOM = 1_000


class Ears:
    """What one process has heard."""

    def __init__(self) -> None:
        self.alone = asyncio.Lock()
        self.unsaid: Unsaid | None = None
        self.position = 0
        self.heard: list[Piece] = []

    def knows(self, piece):
        return piece in self.heard

    def add(self, piece):
        self.heard.append(piece)

    def forget(self):
        self.heard, self.position = [], 0


def piece(text):
    return Piece(place="body:/text", head=text)


A, B, C = piece("a"), piece("b"), piece("c")


async def test_the_later_one_hears_the_earlier_and_nobody_hears_himself():
    store, one, two = MemoryPieces(), Ears(), Ears()
    await said(store, PLACE, one, [A], room=ROOM)
    await said(store, PLACE, two, [B], room=ROOM)
    assert (one.heard, two.heard) == ([], [A])
    await said(store, PLACE, one, [C], room=ROOM)
    assert one.heard == [B]


async def test_of_two_at_once_one_hears_the_other():
    store, one, two = MemoryPieces(), Ears(), Ears()
    await asyncio.gather(said(store, PLACE, one, [A], room=ROOM), said(store, PLACE, two, [B], room=ROOM))
    assert sorted(map(len, (one.heard, two.heard))) == [0, 1]


async def test_what_is_known_is_not_said_again():
    store, one, two = MemoryPieces(), Ears(), Ears()
    await said(store, PLACE, one, [A], room=ROOM)
    await said(store, PLACE, two, [B], room=ROOM)
    assert await said(store, PLACE, two, [A], room=ROOM) == []
    assert len(await store.newer(*PLACE, 0)) == 2


async def test_what_was_known_and_has_been_taken_back_is_said_anew():
    """Else a half that is known here alone would never meet the other half elsewhere."""
    store, one, two, three = MemoryPieces(), Ears(), Ears(), Ears()
    (first,) = await said(store, PLACE, one, [A], room=ROOM)
    await said(store, PLACE, two, [B], room=ROOM)
    await store.take_back(*PLACE, first)
    mine = await said(store, PLACE, two, [A, C], room=ROOM)
    assert len(mine) == 2  # C, which was new, and A, which nobody knows any more
    await said(store, PLACE, three, [piece("d")], room=ROOM)
    assert sorted(one.head for one in three.heard) == ["a", "b", "c"]
    assert two.position == mine[-1]


async def test_of_too_much_the_last_is_kept():
    store = MemoryPieces()
    await said(store, PLACE, Ears(), [piece("x" * 6), piece("y" * 6), piece("z" * 6)], room=12)
    ((_, kept),) = await store.newer(*PLACE, 0)
    assert [one.head[0] for one in kept] == ["y", "z"]


async def test_what_is_worn_out_counts_again_behind_what_another_has_said_meanwhile():
    class Worn(Ears):
        """For whom a piece need not be said again right behind itself."""

        def knows(self, piece):
            return self.heard[-1:] == [piece]

    store, one = MemoryPieces(), Worn()
    await said(store, PLACE, one, [A], room=ROOM)
    one.add(A)
    assert await said(store, PLACE, one, [A], room=ROOM) == []
    await said(store, PLACE, Ears(), [B], room=ROOM)
    assert len(await said(store, PLACE, one, [A], room=ROOM)) == 1
