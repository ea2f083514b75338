"""The normal form in which texts are compared: letters and digits only, plain and small, each with its place.

Two texts that differ in case, spaces, line breaks, marks, quotes, accents, invisible characters or look-alike letters
have the same normal form. Knows characters, not encodings (`model/readings.py`) or fingerprints (`winnow.py`).
"""

from __future__ import annotations

import functools
import unicodedata
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from aisecops.model.look_alikes import LOOK_ALIKES
from aisecops.model.provenance import Span

_PLANES = 0x20000  # the planes with letters in several styles; beyond are rare ideographs, which stand for themselves
_SURROGATES = range(0xD800, 0xE000)


@dataclass(frozen=True, slots=True, eq=False)
class Letters:
    """The normal form of a text: code points, and for each the index of the character that it came from."""

    points: npt.NDArray[np.uint32]
    places: npt.NDArray[np.int32]

    def __len__(self) -> int:
        return len(self.points)

    def __str__(self) -> str:
        return self.points.astype("<u4").tobytes().decode("utf-32-le")

    def span(self, start: int, end: int) -> Span:
        """Where in the text the normal characters from `start` to `end` (exclusive) stand."""
        return Span(start=int(self.places[start]), end=int(self.places[end - 1]) + 1)

    def between(self, span: Span) -> tuple[int, int]:
        """From where to where the normal characters of what stands at `span` go."""
        first, end = self.places.searchsorted([span.start, span.end])
        return int(first), int(end)


def letters(text: str) -> Letters:
    """The normal form of `text`. Never raises; lone surrogates are left out."""
    if text.isascii():  # most of it, and no character becomes several
        kept, small = _ascii()
        read = np.frombuffer(text.encode(), dtype=np.uint8)
        at = kept[read].nonzero()[0]
        return Letters(points=small[read[at]], places=at.astype(np.int32))
    points = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), dtype="<u4")
    counts, firsts, flat = _table()
    low = np.minimum(points, _PLANES - 1)
    inside = points < _PLANES
    many = np.where(inside, counts[low], 1)
    places = np.repeat(np.arange(len(points), dtype=np.int32), many)
    within = np.arange(len(places), dtype=np.int64) - np.repeat(np.cumsum(many) - many, many)
    known = flat[np.minimum(firsts[low[places]] + within, len(flat) - 1)]
    return Letters(points=np.where(inside[places], known, points[places]).astype(np.uint32), places=places)


def plain(text: str) -> str:
    """The normal form of a short text, as text."""
    return str(letters(text))


type _Table = tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], npt.NDArray[np.uint32]]


@functools.cache
def _table() -> _Table:
    """For each code point how many normal characters it becomes, where they begin, and all of them in a row."""
    counts = np.zeros(_PLANES, dtype=np.int64)
    firsts = np.zeros(_PLANES, dtype=np.int64)
    flat: list[int] = []
    for point in range(_PLANES):
        if point in _SURROGATES:
            continue
        normal = _normal(chr(point))
        counts[point], firsts[point] = len(normal), len(flat)
        flat += map(ord, normal)
    return counts, firsts, np.array(flat, dtype=np.uint32)


@functools.cache
def _ascii() -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.uint32]]:
    """Of each ASCII character whether anything is left of it, and what."""
    normal = [_normal(chr(point)) for point in range(128)]
    return np.array([bool(one) for one in normal]), np.array([ord(one or "\0") for one in normal], dtype=np.uint32)


def _normal(character: str) -> str:
    folded = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", character).casefold())
    return "".join(one for one in folded if one.isalnum()).translate(LOOK_ALIKES)
