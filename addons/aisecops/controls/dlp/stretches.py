"""A text in the stretches that are looked at closer: around what every match holds, and never longer than a piece.

Cost grows faster than length, and most of most texts holds nothing: so a recogniser sees a stretch around each digit or
each `@`, and long stretches in pieces that overlap.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

PIECE = 4096
"""Characters scanned at once."""

OVERLAP = 512
"""Characters that neighbouring pieces share: whatever is shorter stands whole in one of them."""


def pieces(text: str, start: int = 0, end: int | None = None) -> Iterator[tuple[int, str]]:
    """`text` from `start` to `end` in overlapping pieces, each with where it begins."""
    last = len(text) if end is None else end
    while last - start > PIECE:
        yield start, text[start : start + PIECE]
        start += PIECE - OVERLAP
    yield start, text[start:last]


def around(anchor: re.Pattern[str], reach: int, text: str) -> Iterator[tuple[int, str]]:
    """The stretches of `text` that lie within `reach` characters of a match of `anchor`, in pieces.

    Whatever holds such a match and no more than `reach` characters on either side stands whole in one of them.
    """
    for begin, end in spans_around(anchor, reach, text):
        yield from pieces(text, begin, end)


def spans_around(anchor: re.Pattern[str], reach: int, text: str) -> Iterator[tuple[int, int]]:
    """Where the stretches of `text` begin and end that lie within `reach` characters of a match of `anchor`."""
    begin, end = 0, -1
    for match in anchor.finditer(text):
        start, stop = match.span()
        if end < 0:
            begin = max(0, start - reach)
        elif start - reach > end:
            yield begin, end
            begin = start - reach
        end = min(len(text), stop + reach)
    if end >= 0:
        yield begin, end
