"""A detector for numbers that are known by their shape and a check: a checksum, a date inside, a country's list.

Does not know which numbers there are: those are `detectors/`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from aisecops.controls.dlp.detector import Sighting
from aisecops.controls.dlp.nearby import lifted
from aisecops.model.provenance import Span


@dataclass(frozen=True, slots=True)
class CheckedDetector:
    """One shape of one kind of number.

    The pattern must be linear. `confidence` is that of a number that passes `valid` with no word of `context` before
    it: for a bare row of digits it is too low to count alone.
    """

    id: str
    entity: str
    pattern: re.Pattern[str]
    valid: Callable[[str], bool]
    confidence: float
    context: tuple[str, ...] = ()

    def find(self, text: str) -> Iterator[Sighting]:
        for match in self.pattern.finditer(text):
            if self.valid(match[0]):
                span = Span(start=match.start(), end=match.end())
                yield Sighting(span=span, confidence=lifted(self.confidence, text, span, self.context))
