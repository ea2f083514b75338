"""Walks the lines of a record in order and names the first that is not as it was written.

Knows lines, their hashes and what checkpoints say of them. Looks one line ahead, so that of two lines that
do not fit each other the changed one is named; keeps no lines, so a record of any length fits.
"""

from __future__ import annotations

from typing import NamedTuple

from aisecops.adapters.audit.lines import GENESIS, Link
from aisecops.model.value import Value

_MAX_EARLY = 10_000


class ChainProblem(Value):
    """One thing wrong with a record: `file`, line in it (from 1, 0 for the file as a whole), `seq`, words.

    `kind` is one of `changed`, `dropped`, `inserted`, `reordered`, `duplicated`, `truncated`, `torn`,
    `segment_missing`, `segment_extra`, `checkpoints_missing`, `checkpoint_changed`, `key_unknown`, `removal_changed`.
    """

    kind: str
    file: str
    line: int
    seq: int | None
    detail: str

    def __str__(self) -> str:
        where = f"{self.file}:{self.line}" if self.line else self.file
        return f"{where}: {self.kind}: {self.detail}"


class Seen(NamedTuple):
    """One line as it stands: where, its hash, and how it says it is chained; `link` None for what is no line."""

    file: str
    number: int
    hash: str
    link: Link | None


class _Range(NamedTuple):
    """Lines `first` to `last` (seq) that did not come when they should; `problem` is its place in the list."""

    first: int
    last: int
    problem: int | None


class Walk:
    """Feed it every line with the one that follows; `problems` says what was found, in order."""

    def __init__(self, *, limit: int) -> None:
        self.seq = 0
        """The last line that stands where it should."""
        self._hash, self._hash_before = GENESIS, ""
        self._last: Seen | None = None
        self._doubt = False
        self._limit = limit
        self._found: list[ChainProblem | None] = []
        self._missing: list[_Range] = []
        self._stray: Seen | None = None
        self._early: dict[int, tuple[Seen, int | None]] = {}

    @property
    def problems(self) -> list[ChainProblem]:
        """What was found so far."""
        return [problem for problem in self._found if problem is not None]

    def line(self, line: Seen, following: Seen | None, sworn: str | None) -> None:
        """One line, the one after it, and the hash a checkpoint gives for its `seq`, if one does."""
        if self._fits(line):
            self._accept(line, following, sworn)
        elif line.link is None:
            self._unreadable(line, following)
        elif line.link.seq < self._next:
            self._behind(line, following)
        else:
            self._ahead(line, following)

    def finish(self) -> None:
        """The last line was fed: lines that came too early and were never caught up with are settled."""
        while self._take_early(self._next):
            pass

    def skip_to(self, seq: int, before: str) -> None:
        """Go on before line `seq`, whose `prev` is `before`; what lies between is already named."""
        self.seq, self._hash, self._doubt = seq - 1, before, False

    def report(self, kind: str, line: Seen, seq: int | None, detail: str) -> int | None:
        """Note a problem; return its place, for when more is known; None when there are too many."""
        if len(self._found) == self._limit:
            return None
        self._found.append(ChainProblem(kind=kind, file=line.file, line=line.number, seq=seq, detail=detail))
        return len(self._found) - 1

    @property
    def _next(self) -> int:
        return self.seq + 1

    def _fits(self, line: Seen | None) -> bool:
        return line is not None and line.link is not None and line.link.seq == self._next

    def _fits_wholly(self, line: Seen | None) -> bool:
        return self._fits(line) and line is not None and line.link is not None and line.link.prev == self._hash

    def _advance(self, line: Seen, *, doubt: bool) -> None:
        self.seq += 1
        self._hash_before, self._hash = self._hash, line.hash
        self._last, self._doubt = line, doubt

    def _accept(self, line: Seen, following: Seen | None, sworn: str | None) -> None:
        """A line with the right number: is it, and the one before, as written?"""
        doubt = sworn is not None and sworn != line.hash
        misfit = not self._fits_wholly(line) and not self._doubt
        if (misfit or doubt) and self._fits_wholly(following):
            self._out_of_place(line, "inserted")
            return
        if misfit:
            vouched = sworn == line.hash or (_follows(following, line) and not doubt)
            if vouched and self._last is not None:
                self.report("changed", self._last, self.seq, f"line seq {self.seq} is not as it was written")
            else:
                doubt = True
        if doubt:
            by = "a checkpoint" if sworn is not None and sworn != line.hash else "its neighbours"
            self.report("changed", line, self._next, f"line seq {self._next} is not as it was written, says {by}")
        if (early := self._early.pop(self._next, None)) is not None:
            self._settle(early, "duplicated" if early[0].hash == line.hash else "inserted")
        self._advance(line, doubt=doubt)

    def _unreadable(self, line: Seen, following: Seen | None) -> None:
        if self._fits_wholly(following):
            self.report("inserted", line, None, f"a line after seq {self.seq} that the record never wrote")
            return
        self.report("changed", line, self._next, f"line seq {self._next} cannot be read as it was written")
        self._advance(line, doubt=True)

    def _behind(self, line: Seen, following: Seen | None) -> None:
        """A number that was already passed."""
        assert line.link is not None
        seq, prev = line.link.seq, line.link.prev
        gap = next((gap for gap in self._missing if gap.first <= seq <= gap.last), None)
        stray, self._stray = self._stray, line
        if gap is not None:
            self._found_late(seq, gap)
        if stray is not None and _follows(line, stray):
            return  # part of a stretch whose first line is named
        if gap is not None:
            self.report("reordered", line, seq, f"line seq {seq} stands after its turn")
        elif line.hash == self._hash:
            self.report("duplicated", line, seq, f"line seq {seq} stands here twice")
        elif seq == self.seq and prev == self._hash_before and self._last is not None:
            self.report("inserted", self._last, seq, f"a second line seq {seq}, not the one the chain goes on from")
            self._last, self._hash = line, line.hash
        elif prev == self._hash and not self._fits_wholly(following):
            self.report("changed", line, self._next, f"line seq {self._next} now says it is seq {seq}")
            self._advance(line, doubt=True)
        else:
            self.report("duplicated", line, seq, f"line seq {seq} has been before")

    def _ahead(self, line: Seen, following: Seen | None) -> None:
        """A number that should come later."""
        assert line.link is not None
        seq, prev = line.link.seq, line.link.prev
        if self._fits_wholly(following) or (self._doubt and self._fits(following)):
            self._out_of_place(line, "inserted")
            return
        while self._next < seq and self._take_early(self._next):
            pass
        if self._next == seq:
            self._accept(line, following, None)
        elif prev == self._hash:
            self.report("changed", line, self._next, f"line seq {self._next} now says it is seq {seq}")
            self._advance(line, doubt=True)
        else:
            first, last = self._next, seq - 1
            what = f"line seq {first} is" if first == last else f"lines seq {first} to {last} are"
            place = self.report("dropped", line, first, f"{what} missing before this one")
            self._missing.append(_Range(first, last, place))
            self.skip_to(seq, prev)
            self._advance(line, doubt=False)

    def _out_of_place(self, line: Seen, kind: str) -> None:
        seq = line.link.seq if line.link is not None else None
        place = self.report(kind, line, seq, f"a line after seq {self.seq} that the record never wrote there")
        if seq is not None and seq > self.seq and len(self._early) < _MAX_EARLY:
            self._early[seq] = (line, place)

    def _take_early(self, seq: int) -> bool:
        """Count the line `seq`, seen before its time, as the one that is due; False when there is none that fits."""
        early = self._early.get(seq)
        if early is None or not self._fits_wholly(early[0]):
            return False
        del self._early[seq]
        self._settle(early, "reordered")
        self._advance(early[0], doubt=False)
        return True

    def _settle(self, early: tuple[Seen, int | None], kind: str) -> None:
        line, place = early
        assert line.link is not None
        if place is not None and (found := self._found[place]) is not None:
            detail = {
                "reordered": f"line seq {line.link.seq} stands before its turn",
                "duplicated": f"line seq {line.link.seq} stands here a first time",
            }.get(kind, found.detail)
            self._found[place] = ChainProblem(
                kind=kind, file=line.file, line=line.number, seq=line.link.seq, detail=detail
            )

    def _found_late(self, seq: int, gap: _Range) -> None:
        """Line `seq` was not dropped after all, only moved."""
        self._missing.remove(gap)
        parts = (gap._replace(last=seq - 1), gap._replace(first=seq + 1))
        self._missing += [part for part in parts if part.first <= part.last]
        if gap.problem is not None and all(gap.problem != other.problem for other in self._missing):
            self._found[gap.problem] = None


def _follows(line: Seen | None, before: Seen) -> bool:
    return line is not None and line.link is not None and line.link.prev == before.hash
