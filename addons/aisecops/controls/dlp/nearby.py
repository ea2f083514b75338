"""A word nearby that says what a number is: it makes a weak match count.

Does as Presidio does with a full pipeline: the words before a match, and the match itself, are compared. A word
with a blank on both sides must stand alone; another may be part of a longer one.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from aisecops.model.provenance import Span

_CHARS = 80
_WORDS = 5
_LIFT = 0.35
_FLOOR = 0.4
_WORD = re.compile(r"\w+")


def lifted(score: float, text: str, span: Span, context: Iterable[str]) -> float:
    """`score` (0 to 1), higher when one of the words `context`, in lower case, stands shortly before `span`."""
    words = tuple(context)
    if score >= 1.0 or not words:
        return score
    before = _WORD.findall(text[max(0, span.start - _CHARS) : span.start])[-_WORDS:]
    nearby = f" {' '.join((*before, text[span.start : span.end]))} ".lower().replace("_", " ")
    if any(word in nearby for word in words):
        return min(max(score + _LIFT, _FLOOR), 1.0)
    return score
