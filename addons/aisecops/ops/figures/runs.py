"""Runs as the record tells of them: where each tree's events lie, and whether every act of a run came out.

A run is fully traced once it has ended and no act of it waits for its outcome any more (spec 19.3, 5.4).
"""

from __future__ import annotations

import msgspec

from aisecops.ops.figures.line import ACTS, ENDS, RETURNS, Line

MOST_TREES = 200_000
MOST_RUNS = 50_000
"""Runs that are followed at once; the oldest is followed no further, and counts as it stood."""


NEAR_BYTES = 64 * 1024
"""What lies between two lines of one tree and is no more than this is read over."""
MOST_RANGES = 5000


class Range(msgspec.Struct, array_like=True):
    """Lines of a tree that lie near each other: their segment, and the bytes from the first to behind the last."""

    segment: int
    start: int
    end: int


class Stretch(msgspec.Struct, array_like=True):
    """Where a tree's events lie and how many there are: one range, or more when much was recorded in between."""

    events: int = 0
    ranges: list[Range] = []

    def add(self, place: Range) -> None:
        """One more line, behind all others."""
        self.events += 1
        last = self.ranges[-1] if self.ranges else None
        if last is not None and last.segment == place.segment and place.start - last.end <= NEAR_BYTES:
            last.end = place.end
        elif len(self.ranges) < MOST_RANGES:
            self.ranges.append(place)


class Following(msgspec.Struct, array_like=True):
    """A run that is not over and done: the acts whose outcome is not recorded yet."""

    waiting: set[str] = set()
    ended: bool = False


class Gain(msgspec.Struct, gc=False):
    """How one line changes the numbers of ended and of traced runs."""

    ended: int = 0
    traced: int = 0


_NOTHING = Gain()


class SeenRuns(msgspec.Struct):
    """All trees, and the runs that may still change."""

    trees: dict[str, Stretch] = {}
    open: dict[str, Following] = {}

    def add(self, line: Line, place: Range | None = None) -> Gain:
        """Follow one line that lies at `place`; return what it changes."""
        if line.root_run_id is not None and place is not None:
            self._lies(line.root_run_id, place)
        run_id = line.run_id
        if run_id is None:
            return _NOTHING
        event = line.event
        if event == "run_started":
            self.open[run_id] = Following()
            if len(self.open) > MOST_RUNS:
                del self.open[next(iter(self.open))]
            return _NOTHING
        followed = self.open.get(run_id)
        if followed is None:
            return _NOTHING
        if event in ACTS and line.decision_id is not None:
            followed.waiting.add(line.decision_id)
        elif event in RETURNS and line.decision_id is not None:
            followed.waiting.discard(line.decision_id)
            return self._done(run_id, followed) if followed.ended else _NOTHING
        elif event in ENDS and not followed.ended:
            followed.ended = True
            return Gain(ended=1, traced=self._done(run_id, followed).traced)
        return _NOTHING

    def _done(self, run_id: str, followed: Following) -> Gain:
        if followed.waiting:
            return _NOTHING
        del self.open[run_id]
        return Gain(traced=1)

    def _lies(self, root: str, place: Range) -> None:
        stretch = self.trees.get(root)
        if stretch is None:
            stretch = self.trees[root] = Stretch()
            if len(self.trees) > MOST_TREES:
                del self.trees[next(iter(self.trees))]
        stretch.add(place)
