"""What detectors are made of: a passage to look at, signs found in it, and phrases that are signs.

A weight is how far one sign alone goes towards being sure, 0 to 1. Knows matching; what the weights come to is
`assess.py`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property

from aisecops.model.provenance import Span

REACH = 240
"""Characters on either side of a trigger in which its phrase is looked for: no phrase is longer."""
MAX_PLACES = 2_000
"""Triggers of one phrase that are looked at; a text with more is one long repetition."""
MAX_SIGNS = 20
"""Signs of one phrase in a text: more of the same say nothing new."""
_ROW = 3
_GAP = r"(?:[^\w.!?]{1,8}+)"
_DOTS = {0x130: "i", 0x131: "i"}
_ENDLESS = 100
"""Times that what an expression repeats without end is repeated at most: no word is longer, nor a row of blanks."""
_WRITTEN = re.compile(r"(\\s)?([*+])([+?]?)|(\\.|\[(?:\\.|[^\]\\])*\]|\{[0-9,]+\}\+?|\?\+?)| ")
"""What repeats without end in an expression; an escape, a class, an end to repeating, which stay; or a space."""


@dataclass(frozen=True, slots=True)
class Trigger:
    """A literal that a phrase holds, and the rows of three characters in it."""

    said: str
    rows: frozenset[str]

    @classmethod
    def of(cls, said: str) -> Trigger:
        """The trigger that says `said`."""
        return cls(said, frozenset(said[at : at + _ROW] for at in range(len(said) - _ROW + 1)))


@dataclass(frozen=True)
class Passage:
    """A text as detectors see it. Places in `text` and in `lowered` are the same."""

    text: str

    @cached_property
    def lowered(self) -> str:
        """The text in lower case, character by character; every i has its dot, whatever the language."""
        plain = self.text if self.text.isascii() else self.text.translate(_DOTS)
        lowered = plain.lower()
        if len(lowered) == len(self.text):
            return lowered
        return "".join(low if len(low := character.lower()) == 1 else character for character in plain)

    @cached_property
    def _rows(self) -> set[str]:
        lowered = self.lowered
        return {lowered[at : at + _ROW] for at in range(len(lowered) - _ROW + 1)}

    @cached_property
    def _found(self) -> dict[str, list[int]]:
        return {}

    def places(self, trigger: Trigger) -> list[int]:
        """Where `trigger` stands, one place for each stretch around it; looked for once, whoever asks."""
        if not trigger.rows <= self._rows:  # most triggers stand nowhere, and that is seen without a look at the text
            return []
        found = self._found.get(trigger.said)
        if found is None:
            found = self._found[trigger.said] = list(self._looked_for(trigger.said))
        return found

    def _looked_for(self, said: str) -> Iterator[int]:
        at = self.lowered.find(said)
        while at >= 0:
            yield at
            at = self.lowered.find(said, at + REACH // 2)


@dataclass(frozen=True, slots=True)
class Sign:
    """One thing seen: where, how far it goes, and of what was learned what spoke for it, in no words of the text."""

    span: Span
    weight: float
    traits: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Detector:
    """Looks for one idea. `find` gives its signs in a passage, in any order, and never raises."""

    name: str
    find: Callable[[Passage], Iterable[Sign]]


@dataclass(frozen=True, slots=True)
class _Phrase:
    weight: float
    triggers: tuple[Trigger, ...]
    pattern: re.Pattern[str]

    def signs(self, passage: Passage) -> Iterator[Sign]:
        found = 0
        for start, end in self._around(passage):
            for match in self.pattern.finditer(passage.lowered, start, end):
                yield Sign(span=Span(start=match.start(), end=match.end()), weight=self.weight)
                found += 1
                if found == MAX_SIGNS:
                    return

    def _around(self, passage: Passage) -> Iterator[tuple[int, int]]:
        """Stretches around the triggers, none twice: where the phrase can stand."""
        places: list[int] = []
        for trigger in self.triggers:
            places += passage.places(trigger)[: MAX_PLACES - len(places)]
        if not places:
            return
        places.sort()
        start = max(0, places[0] - REACH)
        end = places[0] + REACH
        for place in places[1:]:
            if place - REACH > end:
                yield start, end
                start = place - REACH
            end = place + REACH
        yield start, end


def phrases(name: str, *said: tuple[float, str, str]) -> Detector:
    """A detector of phrases: weight, triggers and expression of each, all in lower case.

    An expression is tried only near one of its triggers, literals with `|` between them, of which every match holds
    one. A space in it, outside a class, stands for anything between two words of a sentence. What repeats without end
    in it does so a hundred times at most.
    """
    made = [
        _Phrase(weight, tuple(map(Trigger.of, triggers.split("|"))), _compiled(pattern))
        for weight, triggers, pattern in said
    ]

    def find(passage: Passage) -> Iterator[Sign]:
        for phrase in made:
            yield from phrase.signs(passage)

    return Detector(name=name, find=find)


def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(_WRITTEN.sub(_in_full, pattern))


def _in_full(found: re.Match[str]) -> str:
    """Of one thing in an expression. Nothing begins with a blank behind blanks: of them none is given back."""
    blanks, endless, how, stays = found.groups()
    if endless:
        return f"{blanks or ''}{{{int(endless == '+')},{_ENDLESS}}}{'+' if blanks else how}"
    return stays or _GAP
