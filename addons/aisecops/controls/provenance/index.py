"""Where known fingerprints came from: a bounded index in memory, oldest content forgotten first.

Knows hashes and origins; whoever fills it decides what is worth knowing, and keeps it elsewhere too.
"""

from __future__ import annotations

from collections import OrderedDict

import numpy as np
import numpy.typing as npt

from aisecops.controls.provenance.winnow import HASH_BITS, once_each
from aisecops.model.provenance import Origin

MAX_PRINTS = 4_000_000
"""Fingerprints kept, 8 bytes each: about 23 MB of prose as it came in."""
_SLOT_BITS = 64 - HASH_BITS
_SLOTS = 1 << _SLOT_BITS
_SLOT_MASK = np.uint64(_SLOTS - 1)
_TAIL = 16
"""Additions that wait to be sorted in; the next lookup does it."""
_YOUNG = 4096
"""Fingerprints that are kept apart before they are sorted in among all: that takes a copy of them all."""

type Hashes = npt.NDArray[np.uint64]
type Numbers = npt.NDArray[np.int64]


class Index:
    """Maps fingerprints to origins. One thread at a time."""

    def __init__(self, *, max_prints: int = MAX_PRINTS) -> None:
        self._max_prints = max_prints
        self._sorted: Hashes = np.empty(0, dtype=np.uint64)
        self._young: Hashes = np.empty(0, dtype=np.uint64)
        self._tail: list[Hashes] = []
        self._origins: OrderedDict[int, tuple[Origin, int]] = OrderedDict()  # by slot, oldest first, with its size
        self._slots: dict[str, int] = {}
        self._alive = np.zeros(_SLOTS, dtype=np.bool_)
        self._prints = 0
        self._next = 0

    def __len__(self) -> int:
        return len(self._origins)

    def __contains__(self, origin_id: str) -> bool:
        return origin_id in self._slots

    def add(self, origin: Origin, hashes: Hashes) -> None:
        """Know `hashes` as `origin`'s from now on. An origin that is known already is left as it is."""
        if origin.origin_id in self._slots or not len(hashes):
            return
        slot = self._free_slot()
        found = once_each([hashes])
        self._origins[slot] = origin, len(found)
        self._alive[slot] = True
        self._slots[origin.origin_id] = slot
        self._prints += len(found)
        self._tail.append((found << np.uint64(_SLOT_BITS)) | np.uint64(slot))
        if self._prints > self._max_prints:
            self._forget_oldest()
        elif len(self._tail) > _TAIL:
            self._gather()

    def find(self, hashes: Hashes) -> list[tuple[int, Origin]]:
        """Which of `hashes` are known, by position, and whose; one that several origins share comes once for each."""
        positions, slots = self.places(hashes)
        return [
            (position, self._origins[slot][0])
            for position, slot in zip(positions.tolist(), slots.tolist(), strict=True)
        ]

    def places(self, hashes: Hashes) -> tuple[Numbers, Numbers]:
        """The same as positions, in order, and numbers of origins (`origin`)."""
        self._gather()
        order = hashes.argsort()  # looked up in order, neighbours share what the processor has at hand
        lowest = hashes[order] << np.uint64(_SLOT_BITS)
        highest = lowest | _SLOT_MASK
        positions, slots = [np.empty(0, dtype=np.int64)], [np.empty(0, dtype=np.int64)]
        for known in (self._sorted, self._young):
            if not len(known):
                continue
            begins = known.searchsorted(lowest)
            counts = known.searchsorted(highest, side="right") - begins
            if not counts.any():
                continue
            within = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
            positions.append(np.repeat(order, counts))
            slots.append((known[np.repeat(begins, counts) + within] & _SLOT_MASK).astype(np.int64))
        found, whose = np.concatenate(positions), np.concatenate(slots)
        alive = self._alive[whose]
        found, whose = found[alive], whose[alive]
        in_order = found.argsort(kind="stable")
        return found[in_order], whose[in_order]

    def origin(self, number: int) -> Origin:
        """The origin of a number that was just found."""
        return self._origins[number][0]

    def unknown(self, hashes: Hashes) -> Hashes:
        """Those of `hashes` that are nobody's."""
        known = sorted({position for position, _ in self.find(hashes)})
        return np.delete(hashes, known)

    def _free_slot(self) -> int:
        if len(self._origins) >= _SLOTS:
            self._forget_oldest()
        while self._next in self._origins:
            self._next = (self._next + 1) % _SLOTS
        slot, self._next = self._next, (self._next + 1) % _SLOTS
        return slot

    def _forget_oldest(self) -> None:
        """Forget the oldest tenth, but never the newest origin."""
        goal = self._max_prints * 9 // 10
        while len(self._origins) > 1 and (self._prints > goal or len(self._origins) >= _SLOTS):
            slot, (origin, size) = self._origins.popitem(last=False)
            self._alive[slot] = False
            del self._slots[origin.origin_id]
            self._prints -= size
        self._sort_in()
        self._sorted = self._sorted[self._alive[(self._sorted & _SLOT_MASK).astype(np.int64)]]

    def _gather(self) -> None:
        """Sort in what was added since."""
        if not self._tail:
            return
        self._young = np.concatenate([self._young, *self._tail])
        self._young.sort(kind="stable")  # quick where most of it is in order
        self._tail = []
        if len(self._young) > _YOUNG:
            self._sort_in()

    def _sort_in(self) -> None:
        young = np.sort(np.concatenate([self._young, *self._tail]))
        self._sorted = np.insert(self._sorted, self._sorted.searchsorted(young), young)
        self._young, self._tail = np.empty(0, dtype=np.uint64), []
