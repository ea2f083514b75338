"""Exact values known by keyed fingerprints: canaries, and secrets that the operator names in the rules.

The values themselves are not kept: a copy of this process's memory holds no secret that was not sent to it. One pass
over the text finds where a value may begin, whatever the number of values; a keyed digest of the whole decides.
Latin letters count alike in both cases: a name on the way to be looked up has none but small ones, and whoever asks a
model for a value in capitals has it.
"""

from __future__ import annotations

import hashlib
import string
from collections.abc import Iterable, Iterator
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from aisecops.controls.dlp.detector import Sighting
from aisecops.model.provenance import Span
from aisecops.model.watchlist import Planted

MIN_PLANTED = 8
"""Characters; a shorter value would be found by chance."""

_CHUNK = 4096
"""Characters hashed at once: arrays that fit into the allocator's own memory cost a tenth of larger ones."""

_FEW = 8
"""Up to so many are compared one by one, which is quicker than looking them up."""
_DIGEST_BYTES = 16
_SMALL = str.maketrans(string.ascii_uppercase, string.ascii_lowercase)
_HALF, _ODD = np.uint32(16), np.uint32(1)
_FIRST_LARGE, _LETTERS, _TO_SMALL = np.uint32(ord("A")), np.uint32(26), np.uint32(5)  # `A` and 2**5 are `a`


def planted(entity: str, value: str, *, key: bytes) -> Planted:
    """`value` as it is kept. Raises ValueError, without the value, for one shorter than `MIN_PLANTED`."""
    if len(value) < MIN_PLANTED:
        raise ValueError(f"a value to look for must have at least {MIN_PLANTED} characters")
    return Planted(
        entity=entity, length=len(value), beginning=int(_beginnings(value, key)[0]), digest=_digest(value, key)
    )


def exact_detectors(values: Iterable[Planted], *, key: bytes) -> tuple[ExactDetector, ...]:
    """A detector for each kind of which there are values."""
    kept = tuple(values)
    return tuple(ExactDetector(entity, kept, key=key) for entity in sorted({value.entity for value in kept}))


class ExactDetector:
    """Looks for the planted values of one kind, letter by letter. `key` is the one they were planted with."""

    def __init__(self, entity: str, values: Iterable[Planted], *, key: bytes) -> None:
        self.entity = entity
        self.id = entity.lower()
        self._key = key
        self._values: dict[int, dict[int, set[bytes]]] = {}
        for value in values:
            if value.entity == entity:
                self._values.setdefault(value.beginning, {}).setdefault(value.length, set()).add(value.digest)
        self._known = np.array(sorted(self._values), dtype=np.uint32)

    def holds(self, text: str) -> bool:
        """True when any value stands in `text`."""
        return next(self.find(text), None) is not None

    def find(self, text: str) -> Iterator[Sighting]:
        if not self._values or len(text) < MIN_PLANTED:
            return
        for start in range(0, len(text) - MIN_PLANTED + 1, _CHUNK):
            beginnings = _beginnings(text[start : start + _CHUNK + MIN_PLANTED - 1], self._key)
            for place in np.flatnonzero(self._may_begin(beginnings)).tolist():
                yield from self._at(text, start + place, int(beginnings[place]))

    def _may_begin(self, beginnings: npt.NDArray[np.uint32]) -> npt.NDArray[np.bool_]:
        """At each place, whether one of the values may begin there."""
        if len(self._known) > _FEW:
            return np.isin(beginnings, self._known)
        found: npt.NDArray[np.bool_] = beginnings == self._known[0]
        for other in self._known[1:]:
            found |= beginnings == other
        return found

    def _at(self, text: str, at: int, beginning: int) -> Iterator[Sighting]:
        for length, digests in self._values[beginning].items():
            if at + length <= len(text) and _digest(text[at : at + length], self._key) in digests:
                yield Sighting(span=Span(start=at, end=at + length), confidence=1.0)


def _digest(value: str, key: bytes) -> bytes:
    small = value.translate(_SMALL).encode("utf-8", "surrogatepass")
    return hashlib.blake2b(small, key=key, digest_size=_DIGEST_BYTES).digest()


@lru_cache(maxsize=8)
def _factors(key: bytes) -> npt.NDArray[np.uint32]:
    digest = hashlib.blake2b(b"beginnings", key=key, digest_size=32).digest()
    factors: npt.NDArray[np.uint32] = np.frombuffer(digest, dtype=np.uint32) | _ODD
    return factors


def _beginnings(text: str, key: bytes) -> npt.NDArray[np.uint32]:
    """At each place, a keyed hash of the `MIN_PLANTED` characters from there on."""
    signs = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), dtype=np.uint32)
    signs = signs + ((signs - _FIRST_LARGE < _LETTERS).astype(np.uint32) << _TO_SMALL)
    factors = _factors(key)
    count = len(signs) - MIN_PLANTED + 1
    mixed: npt.NDArray[np.uint32] = signs[:count] * factors[0]
    for offset in range(1, MIN_PLANTED):
        mixed += signs[offset : offset + count] * factors[offset]
    mixed ^= mixed >> _HALF
    mixed *= factors[0]
    mixed ^= mixed >> _HALF
    return mixed
