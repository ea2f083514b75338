"""Numbers as people write them in rules: durations, sizes, rates, money, factors.

Each reader takes text and gives whole numbers or exact decimals, never a float. What does not fit raises
ValueError, whose words say how to write it.
"""

from __future__ import annotations

import re
from decimal import Decimal

from aisecops.model.budget import Rate

_DURATION = re.compile(r"([0-9]{1,9})(ms|s|m|h)")
_SIZE = re.compile(r"([0-9]{1,9})(B|KiB|MiB|GiB)")
_RATE = re.compile(r"([0-9]{1,9})/(s|m|h)")
_NUMBER = re.compile(r"[0-9]{1,12}(?:\.[0-9]{1,6})?")
_COUNT = re.compile(r"[0-9]{1,12}")

_MS = {"ms": 1, "s": 1_000, "m": 60_000, "h": 3_600_000}
_BYTES = {"B": 1, "KiB": 1024, "MiB": 1024**2, "GiB": 1024**3}
_TRUST = {"internal": Decimal("0.5"), "neutral": Decimal("1.0"), "external": Decimal("2.0")}


def duration_ms(text: str) -> int:
    """`10m` is 600000 milliseconds."""
    found = _DURATION.fullmatch(text)
    if not found:
        raise ValueError("write a whole number and `ms`, `s`, `m` or `h`, such as `10m`")
    return int(found[1]) * _MS[found[2]]


def size_bytes(text: str) -> int:
    """`64KiB` is 65536 bytes."""
    found = _SIZE.fullmatch(text)
    if not found:
        raise ValueError("write a whole number and `B`, `KiB`, `MiB` or `GiB`, such as `10MiB`")
    return int(found[1]) * _BYTES[found[2]]


def rate(text: str) -> Rate:
    """`5/s` is at most five in a second."""
    found = _RATE.fullmatch(text)
    if not found or int(found[1]) == 0:
        raise ValueError("write a number from 1 and `/s`, `/m` or `/h`, such as `5/s`")
    return Rate(count=int(found[1]), per_ms=_MS[found[2]])


def number(text: str) -> Decimal:
    """An exact number from 0, no finer than a millionth."""
    if not _NUMBER.fullmatch(text):
        raise ValueError("write a plain number from 0 with at most six decimals, such as `0.25`")
    return Decimal(text)


def count(text: str) -> int:
    """A whole number from 0."""
    if not _COUNT.fullmatch(text):
        raise ValueError("write a whole number from 0, such as `50`")
    return int(text)


def between(text: str, low: str, high: str) -> Decimal:
    """A number from `low` to `high`, both included."""
    found = number(text) if _NUMBER.fullmatch(text) else None
    if found is None or not Decimal(low) <= found <= Decimal(high):
        raise ValueError(f"write a number from {low} to {high}")
    return found


def trust_factor(text: str) -> Decimal:
    """`internal` 0.5, `neutral` 1.0, `external` 2.0, or a number between (spec 8)."""
    if text in _TRUST:
        return _TRUST[text]
    try:
        return between(text, "0.5", "2.0")
    except ValueError:
        raise ValueError("write `internal` (0.5), `neutral` (1.0), `external` (2.0) or a number between") from None
