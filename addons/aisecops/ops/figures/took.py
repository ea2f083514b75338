"""How long answers took: counted by size class, so that minutes add up to hours, and read back as "half within" times.

A class is a tenth wide, so a time that is read back is at most a twentieth off. Times are in milliseconds.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

WIDE = 1.1
_LOG = math.log(WIDE)
MOST_MS = 86_400_000.0
"""What took longer than a day counts as a day."""

Took = dict[int, int]
"""How many answers fell into each class. Class 0 is up to a millisecond."""


def class_of(ms: float) -> int:
    """The class of a time; what is no time (negative, not a number) is in the first."""
    return math.ceil(math.log(min(ms, MOST_MS)) / _LOG) if ms > 1.0 else 0


def together(one: Took, other: Took) -> Took:
    """Both counted as one."""
    if not one or not other:
        return one or other
    return {known: one.get(known, 0) + other.get(known, 0) for known in sorted(one.keys() | other.keys())}


def within_ms(took: Mapping[int, int], part: float) -> float | None:
    """The time within which so much of all answers was there, `part` from 0 to 1; None when there was none."""
    wanted = part * sum(took.values())
    seen = 0
    for known in sorted(took):
        seen += took[known]
        if seen >= wanted:
            return WIDE ** (known - 0.5) if known else 1.0
    return None
