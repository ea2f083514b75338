"""What was said in one tree to one receiver, as this process knows it (`trails.py`)."""

from __future__ import annotations

import asyncio
import itertools
from collections import OrderedDict
from collections.abc import Sequence

from aisecops.controls.dlp.seams import Place, counts_again
from aisecops.gateway.aside import AT_A_TIME, Steps
from aisecops.gateway.leaving.saying import Unsaid
from aisecops.gateway.recent import Seen
from aisecops.model.piece import Piece

MAX_PLACES = 64
"""Places of one tree and receiver at which something is kept; those written longest ago go first."""
_TEXTS_KNOWN = 4_000
_PAIRS_KNOWN = 20_000

type New = tuple[int, int, str, Piece]
"""A text that was not held against others yet: by what it is known there and at its place, where, as it is kept."""


class Trail:
    """What was said in one tree to one receiver."""

    def __init__(self) -> None:
        self.alone = asyncio.Lock()
        self.position = 0
        self.unsaid: Unsaid | None = None
        self.places: OrderedDict[str, Place] = OrderedDict()
        self.passed = Seen(_TEXTS_KNOWN)
        self.clean = Seen(_TEXTS_KNOWN)
        self.clean_beside = Seen(_PAIRS_KNOWN)

    def place(self, name: str) -> Place:
        """What was said at one place."""
        if name in self.places:
            self.places.move_to_end(name)
            return self.places[name]
        found = self.places[name] = Place()
        while len(self.places) > MAX_PLACES:
            self.places.popitem(last=False)
        return found

    def knows(self, piece: Piece) -> bool:
        """Need `piece` not be said again?"""
        return self.place(piece.place).knows(piece)

    def add(self, piece: Piece) -> None:
        """It was said."""
        self.place(piece.place).add(piece)

    def forget(self) -> None:
        """Know nothing of what was said until it is heard anew."""
        self.places.clear()
        self.position = 0

    def remember(self, looked_at: Sequence[New], pairs: Sequence[int]) -> Steps[None]:
        """These were held against those before them, as many as are, and nothing was found; nor in `pairs` of texts."""
        for few in itertools.batched(looked_at, AT_A_TIME):
            clean = [one for one in few if not counts_again(one[-1])]
            if clean:
                self.passed.add([one[0] for one in clean])
                self.clean.add([one[1] for one in clean])
            if len(few) == AT_A_TIME:
                yield
        if pairs:
            self.clean_beside.add(pairs)


class Apart:
    """Places of a trail with what one step says besides, which is no part of the trail until it is said."""

    def __init__(self, trail: Trail) -> None:
        self._kept = trail.places
        self._places: dict[str, Place] = {}

    def place(self, name: str) -> Place:
        """What was said at one place, and what the step says."""
        if name not in self._places:
            self._places[name] = self._kept[name].copy() if name in self._kept else Place()
        return self._places[name]
