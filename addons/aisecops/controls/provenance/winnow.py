"""Fingerprints of a text: few hashes of its stretches, chosen so that a long enough quote always shares one.

Winnowing: of every `WINDOW` neighbouring hashes of `GRAM` normal characters the smallest is kept. Two texts that share
`QUOTE` normal characters in a row share a fingerprint, wherever the quote begins; texts that share none have fewer than
that in common. The hashes are keyed, so that a store of them tells nobody what was read.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from aisecops.controls.provenance.letters import Letters

GRAM = 34
"""Normal characters in a hashed stretch: about seven words, so that unrelated texts seldom share one."""
WINDOW = 7
QUOTE = GRAM + WINDOW - 1
"""A quote of so many normal characters is always found."""
SHORTEST = 8
"""Texts below `QUOTE` are known again as a whole; below this they say too little to be known at all."""

_PLACE_BITS = 20
_MOST = 1 << _PLACE_BITS
_PLACE_MASK = np.uint64(_MOST - 1)
HASH_BITS = 64 - _PLACE_BITS
"""How many bits of a hash are kept."""

type Hashes = npt.NDArray[np.uint64]


@dataclass(frozen=True, slots=True, eq=False)
class Prints:
    """The fingerprints of one text: hashes of `HASH_BITS` bits, and at which normal character each stretch begins."""

    hashes: Hashes
    starts: npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Key:
    """The secret that fingerprints are made with; everyone who compares has the same."""

    base: int
    mask: int

    @classmethod
    def of(cls, secret: bytes) -> Key:
        """The key that belongs to `secret`."""
        drawn = hashlib.blake2b(b"winnow", key=secret[:64], digest_size=16).digest()
        return cls(base=int.from_bytes(drawn[:8]) | 1, mask=int.from_bytes(drawn[8:]))


def winnow(text: Letters, key: Key) -> Prints:
    """The fingerprints of `text`, in order of place; none for one shorter than `QUOTE`."""
    if len(text) <= _MOST - QUOTE:
        return _of_stretch(text.points, key, 0)
    found = [_of_stretch(text.points[at : at + _MOST], key, at) for at in range(0, len(text), _MOST - QUOTE)]
    return Prints(
        hashes=np.concatenate([prints.hashes for prints in found]),
        starts=np.concatenate([prints.starts for prints in found]),
    )


def says_too_little(text: str) -> bool:
    """True for a plain word that is surely too short to be known again; it says nothing else in another reading."""
    return len(text) < SHORTEST and text.isascii() and text.isalnum()


def whole(text: Letters, key: Key) -> Hashes:
    """The one fingerprint of a short text as a whole; none for one that is too short, or long enough to be winnowed."""
    if not SHORTEST <= len(text) < QUOTE:
        return np.empty(0, dtype=np.uint64)
    said = hashlib.blake2b(text.points.astype("<u4").tobytes(), key=key.mask.to_bytes(8), digest_size=8).digest()
    return np.array([int.from_bytes(said) >> _PLACE_BITS], dtype=np.uint64)


def _of_stretch(points: npt.NDArray[np.uint32], key: Key, offset: int) -> Prints:
    if len(points) < QUOTE:
        return Prints(hashes=np.empty(0, dtype=np.uint64), starts=np.empty(0, dtype=np.int64))
    hashes = grams(points, key)
    # the place goes along in the low bits, so that the smallest hash says where it stands; of equals the last one
    packed = (hashes & ~_PLACE_MASK) | (_PLACE_MASK - np.arange(len(hashes), dtype=np.uint64))
    smallest = _sliding_minimum(packed)
    kept = smallest[_begins(smallest)]
    return Prints(
        hashes=kept >> np.uint64(_PLACE_BITS),
        starts=(_PLACE_MASK - (kept & _PLACE_MASK)).astype(np.int64) + offset,
    )


def grams(points: npt.NDArray[np.uint32], key: Key) -> Hashes:
    """The hash of every stretch of `GRAM` code points: a polynomial, put together from halves, then mixed."""
    modulus = 1 << 64
    one = _mixed(points.astype(np.uint64) + np.uint64(key.mask))
    two = _joined(one, one, 1, key.base)
    four = _joined(two, two, 2, pow(key.base, 2, modulus))
    eight = _joined(four, four, 4, pow(key.base, 4, modulus))
    sixteen = _joined(eight, eight, 8, pow(key.base, 8, modulus))
    most = _joined(sixteen, sixteen, 16, pow(key.base, 16, modulus))
    return _mixed(_joined(most, two, 32, pow(key.base, 2, modulus)))


def _joined(left: Hashes, right: Hashes, length: int, factor: int) -> Hashes:
    """Hashes of stretches of `left`'s length and `right`'s behind it; `factor` is the base to `right`'s length."""
    after = right[length:]
    return left[: len(after)] * np.uint64(factor) + after[: len(left)]


def _mixed(values: Hashes) -> Hashes:
    """Every bit of a value spread over all others (the finisher of splitmix64)."""
    values = (values ^ (values >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    values = (values ^ (values >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return values ^ (values >> np.uint64(31))


def once_each(parts: Sequence[Hashes]) -> Hashes:
    """All that is in `parts`, sorted; `np.unique` takes ten times as long for as few as a text has."""
    found = np.concatenate(parts)
    found.sort()
    return found[_begins(found)]


def _begins(values: Hashes) -> npt.NDArray[np.bool_]:
    """Where another value than the one before stands."""
    differs = np.ones(len(values), dtype=np.bool_)
    np.not_equal(values[1:], values[:-1], out=differs[1:])
    return differs


def _sliding_minimum(values: Hashes) -> Hashes:
    """The smallest of every `WINDOW` neighbours."""
    width, smallest = 1, values
    while width * 2 <= WINDOW:
        smallest = np.minimum(smallest[:-width], smallest[width:])
        width *= 2
    rest = WINDOW - width
    return np.minimum(smallest[:-rest], smallest[rest:]) if rest else smallest
