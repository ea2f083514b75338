"""Text known again: which stretches of a text came from where, also under a dress.

Knows the index and the key; what follows from an origin is for others to judge.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from aisecops.controls.provenance.idioms import are_idioms
from aisecops.controls.provenance.index import Index
from aisecops.controls.provenance.letters import Letters, letters
from aisecops.controls.provenance.winnow import GRAM, QUOTE, Key, whole, winnow
from aisecops.model.provenance import Origin, Span, Traced
from aisecops.model.readings import readings

_GAP = QUOTE  # two matches closer than this are one quote: between neighbouring fingerprints is never more


def trace(text: str, index: Index, key: Key) -> tuple[Traced, ...]:
    """The stretches of `text` that are known, by place; of one that stands in several origins, one for each.

    A quote of `QUOTE` normal characters or more is always found, and its stretch is off by less than a window at
    either end. A shorter text is found when it is, as a whole, what came in. A stretch in which nothing but idioms is
    known (`idioms.py`) is nobody's.
    """
    found: dict[tuple[int, int, str], Traced] = {}
    for reading in readings(text):
        normal = letters(reading.text)
        for start, end, origin in _matches(reading.text, normal, index, key):
            span = reading.place(normal.span(start, end))
            found[span.start, span.end, origin.origin_id] = Traced(span=span, origin=origin)
    return tuple(_widest(found[place] for place in sorted(found)))


def _matches(text: str, normal: Letters, index: Index, key: Key) -> Iterator[tuple[int, int, Origin]]:
    """Stretches of `normal`, the normal form of `text`, from and to, and whose."""
    short = whole(normal, key)
    if len(short):
        for _, origin in index.find(short):
            yield 0, len(normal), origin
        return
    prints = winnow(normal, key)
    hits = sorted(index.find(prints.hashes), key=lambda hit: hit[0])
    if not hits:
        return
    idiom = are_idioms(text, normal, prints.starts)
    open_matches: dict[str, _Match] = {}
    for position, origin in hits:
        start = int(prints.starts[position])
        match = open_matches.get(origin.origin_id)
        if match is None or start - match.end > _GAP:
            if match is not None and match.says_something:
                yield match.start, match.end, origin
            match = open_matches[origin.origin_id] = _Match(start, start + GRAM, origin)
        match.end = start + GRAM
        match.says_something = match.says_something or not idiom[position]
    yield from ((one.start, one.end, one.origin) for one in open_matches.values() if one.says_something)


@dataclass(slots=True)
class _Match:
    """Fingerprints of one origin that stand near each other; `says_something` when one of them is no idiom."""

    start: int
    end: int
    origin: Origin
    says_something: bool = False


def _widest(traced: Iterator[Traced]) -> Iterator[Traced]:
    """Without those that lie inside another of the same origin: the same quote, read under another dress."""
    last: dict[str, Span] = {}
    for one in traced:
        before = last.get(one.origin.origin_id)
        if before is not None and before.start <= one.span.start and one.span.end <= before.end:
            continue
        last[one.origin.origin_id] = one.span
        yield one
