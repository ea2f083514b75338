"""Text known again: which stretches of a text came from where, also under a dress.

Knows the index and the key; what follows from an origin is for others to judge.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from aisecops.controls.provenance.idioms import Idioms
from aisecops.controls.provenance.index import Index
from aisecops.controls.provenance.letters import Letters, letters
from aisecops.controls.provenance.program_text import is_program_text, named
from aisecops.controls.provenance.winnow import GRAM, QUOTE, WINDOW, Hashes, Key, whole, winnow
from aisecops.model.provenance import Origin, Span, Traced
from aisecops.model.readings import readings

_GAP = QUOTE  # two matches closer than this are one quote: between neighbouring fingerprints is never more
QUOTE_OF_PROGRAMS = 60
"""A quote of program text that names nothing is always found from so many normal characters on."""
_SURELY_LONG = QUOTE_OF_PROGRAMS - 2 * (WINDOW - 1)
OWN = 16
"""Of a stretch between idioms so many letters stand in none, or it names something: else it is where two meet."""
_PIECE = 256
_WHOLE = 2 * QUOTE_OF_PROGRAMS
"""In a text of fewer normal characters a quote is a good part of it, whatever it says."""


def trace(text: str, index: Index, key: Key, asked: list[Hashes] | None = None) -> tuple[Traced, ...]:
    """The stretches of `text` that are known, by place; of one that stands in several origins, one for each.

    A quote of `QUOTE` normal characters or more is always found, and its stretch is off by less than a window at
    either end. A shorter text is found when it is, as a whole, what came in. A stretch in which nothing but idioms is
    known (`idioms.py`) is nobody's, and so is one of program text below `QUOTE_OF_PROGRAMS` (`program_text.py`).
    All fingerprints that were looked up are added to `asked`.
    """
    found: dict[tuple[int, int, str], Traced] = {}
    for reading in readings(text):
        normal = letters(reading.text)
        for start, end, origin in _matches(reading.text, normal, index, key, asked):
            span = reading.place(normal.span(start, end))
            found[span.start, span.end, origin.origin_id] = Traced(span=span, origin=origin)
    return tuple(_widest(found[place] for place in sorted(found)))


def _matches(
    text: str, normal: Letters, index: Index, key: Key, asked: list[Hashes] | None
) -> Iterator[tuple[int, int, Origin]]:
    """Stretches of `normal`, the normal form of `text`, from and to, and whose."""
    short = whole(normal, key)
    if len(short):
        if asked is not None:
            asked.append(short)
        for _, origin in index.find(short):
            yield 0, len(normal), origin
        return
    prints = winnow(normal, key)
    if asked is not None:
        asked.append(prints.hashes)
    positions, whose = index.places(prints.hashes)
    if not len(positions):
        return
    idioms = Idioms(text, normal)
    idiom = idioms.at(prints.starts)[positions]
    of_somebody = np.isin(whose, whose[~idiom])  # of whom nothing but idioms is there, nothing is
    if not of_somebody.any():
        return
    hits = np.flatnonzero(of_somebody)
    hits = hits[whose[hits].argsort(kind="stable")]  # of each origin together, by place
    starts, whose, idiom = prints.starts[positions[hits]], whose[hits], idiom[hits]
    apart = (np.diff(whose) != 0) | (np.diff(starts) > GRAM + _GAP)
    told: dict[bytes, bool] = {}  # of several origins that share a stretch it is the same
    for first, end in pairwise([0, *(np.flatnonzero(apart) + 1).tolist(), len(starts)]):
        here = starts[first:end]
        match = _Match(int(here[0]), int(here[-1]) + GRAM, here[~idiom[first:end]].tolist())
        name = here.tobytes()
        if name not in told:
            told[name] = match.says_something(text, normal, idioms)
        if told[name]:
            yield match.start, match.end, index.origin(int(whose[first]))


@dataclass(slots=True)
class _Match:
    """Fingerprints of one origin that stand near each other; `telling` begin those that are no idiom."""

    start: int
    end: int
    telling: list[int]

    def says_something(self, text: str, normal: Letters, idioms: Idioms) -> bool:
        """True for what is nobody's but the origin's."""
        if not self.telling:
            return False
        return self._says_enough(text, normal, idioms) or any(
            idioms.own_letters(*normal.between(value)) > 0
            for first, end in self._rows()
            # the quote may reach further than its fingerprints by a window less one
            for value in named(text, normal.span(max(0, first - WINDOW + 1), min(len(normal), end + WINDOW - 1)))
        )

    def _says_enough(self, text: str, normal: Letters, idioms: Idioms) -> bool:
        if not self._has_own(idioms):
            return False
        if _covered(self.telling) >= 2 * _SURELY_LONG:
            return True
        starts = np.array(self.telling)
        alone = starts[~idioms.beside(starts)].tolist()
        return bool(alone) and (
            _covered(alone) >= _SURELY_LONG
            or len(normal) < _WHOLE
            or not is_program_text(text, normal.span(self.start, self.end))
        )

    def _has_own(self, idioms: Idioms) -> bool:
        own = 0
        for first, end in self._rows():
            for at in range(first, end, _PIECE):
                own += idioms.own_letters(at, min(end, at + _PIECE))
                if own >= OWN:
                    return True
        return False

    def _rows(self) -> Iterator[tuple[int, int]]:
        """From where to where the stretches of `telling` follow each other."""
        apart = (place for place, (one, after) in enumerate(pairwise(self.telling), 1) if after - one > GRAM)
        for first, last in pairwise([0, *apart, len(self.telling)]):
            yield self.telling[first], self.telling[last - 1] + GRAM


def _covered(starts: list[int]) -> int:
    """How many characters stand in any of the stretches that begin at `starts`, which are in order."""
    return sum(min(after - start, GRAM) for start, after in pairwise(starts)) + (GRAM if starts else 0)


def _widest(traced: Iterator[Traced]) -> Iterator[Traced]:
    """Without those that lie inside another of the same origin: the same quote, read under another dress."""
    last: dict[str, Span] = {}
    for one in traced:
        before = last.get(one.origin.origin_id)
        if before is not None and before.start <= one.span.start and one.span.end <= before.end:
            continue
        last[one.origin.origin_id] = one.span
        yield one
