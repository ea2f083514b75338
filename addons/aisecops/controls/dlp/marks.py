"""The marks that secrets are known by, all of them looked for in one pass over a text.

A mark is a literal that stands in every match of a detector (`detector.py`). Few texts hold any; only in those the
detectors are asked one by one.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import re2

from aisecops.controls.dlp.detector import Detector, PatternDetector

_SHORTEST = 3
"""Signs of a mark that says something; shorter ones stand in every text."""


def is_marked(detector: Detector) -> bool:
    """True for a detector all of whose marks say something."""
    return isinstance(detector, PatternDetector) and all(len(mark) >= _SHORTEST for mark in detector.trigger)


def marks_of(detectors: Sequence[Detector]) -> frozenset[str]:
    """The marks of those of `detectors` that have any which say something."""
    return frozenset(
        mark for one in detectors if isinstance(one, PatternDetector) and is_marked(one) for mark in one.trigger
    )


def any_stands_in(text: str, marks: frozenset[str]) -> bool:
    """True when any of `marks`, of which there are some, stands in `text`."""
    return _any_of(marks).search(text.encode("utf-8", "surrogatepass")) is not None


@lru_cache(maxsize=64)
def _any_of(marks: frozenset[str]) -> Any:
    options = re2.Options()
    options.encoding = re2.Options.Encoding.LATIN1  # bytes, whatever they mean
    return re2.compile(b"|".join(re2.escape(mark).encode() for mark in sorted(marks)), options)
