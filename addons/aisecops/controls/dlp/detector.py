"""What a detector is: it looks for one thing in a text and says where.

Knows neither rules nor requests.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Protocol

from aisecops.model.provenance import Span

_SHORTEST_BLANK = 8
_BLANK_SIGNS = 2


@dataclass(frozen=True, slots=True)
class Sighting:
    """One thing seen: where in the text, how sure (0 to 1). The text itself stays where it is."""

    span: Span
    confidence: float


class Detector(Protocol):
    """Looks for one kind. Linear in the text's length, or bounded by the pieces it cuts the text into."""

    @property
    def id(self) -> str:
        """Its name in findings."""
        ...

    @property
    def entity(self) -> str:
        """The kind it finds, of `model/entities.py`."""
        ...

    def find(self, text: str) -> Iterator[Sighting]:
        """Everything of its kind in `text`, in any order, perhaps overlapping."""
        ...


def keep_all(_value: str) -> bool:
    """Every match counts."""
    return True


@dataclass(frozen=True, slots=True)
class PatternDetector:
    """A detector that is one pattern with a fixed beginning.

    The pattern must be linear: it starts behind a character that cannot be part of the value, and its
    repetitions are bounded or followed by something outside their class. A group `value`, where there is
    one, is what is found. `keep` drops documentation samples. `trigger` is a literal that stands in every match; one of
    several, when there are several. Behind one, a form that is not filled in (`ghp_xxxxxxxx`) is no value.
    """

    id: str
    entity: str
    trigger: tuple[str, ...]
    pattern: re.Pattern[str]
    confidence: float = 0.95
    keep: Callable[[str], bool] = keep_all

    def find(self, text: str) -> Iterator[Sighting]:
        if not any(literal in text for literal in self.trigger):
            return
        group: int | str = "value" if "value" in self.pattern.groupindex else 0
        for match in self.pattern.finditer(text):
            if self.keep(match[group]) and not self._is_blank(match[group]):
                start, end = match.span(group)
                yield Sighting(span=Span(start=start, end=end), confidence=self.confidence)

    def _is_blank(self, value: str) -> bool:
        """True when all that stands behind the beginning is one sign or two, over and over: nobody drew that."""
        rest = next((value[len(literal) :] for literal in self.trigger if value.startswith(literal)), None)
        return rest is not None and len(rest) >= _SHORTEST_BLANK and len(set(filter(str.isalnum, rest))) <= _BLANK_SIGNS
