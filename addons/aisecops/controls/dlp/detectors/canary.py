"""Canaries: exact values planted so that their leaving proves a leak.

The values live in this process's memory and nowhere else: no finding, log or message repeats one.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from aisecops.controls.dlp.detector import Sighting
from aisecops.model.entities import CANARY
from aisecops.model.provenance import Span

MIN_CANARY = 8
"""Characters; a shorter value would be found by chance."""


class CanaryDetector:
    """Looks for each value, letter by letter."""

    id = "canary"
    entity = CANARY

    def __init__(self, values: Sequence[str]) -> None:
        """Raises ValueError, without the value, for one shorter than `MIN_CANARY`."""
        if any(len(value) < MIN_CANARY for value in values):
            raise ValueError(f"a canary must have at least {MIN_CANARY} characters")
        self._values = tuple(values)

    def __repr__(self) -> str:
        return f"CanaryDetector({len(self._values)} values)"

    def holds(self, text: str) -> bool:
        """True when any value stands in `text`."""
        return any(value in text for value in self._values)

    def find(self, text: str) -> Iterator[Sighting]:
        for value in self._values:
            start = text.find(value)
            while start >= 0:
                yield Sighting(span=Span(start=start, end=start + len(value)), confidence=1.0)
                start = text.find(value, start + len(value))
