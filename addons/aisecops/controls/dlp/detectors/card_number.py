"""Payment cards: the lengths and beginnings that each brand gives out, Luhn checked.

Finds what Presidio's recogniser does not look for: the second range of Mastercard, 19 digits, old JCB, Maestro.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from stdnum import luhn

from aisecops.controls.dlp.checked import CheckedDetector

_BRANDS: tuple[tuple[tuple[tuple[int, int], ...], tuple[int, ...]], ...] = (
    (((4000, 4999),), (13, 16, 19)),  # Visa
    (((5100, 5599), (2221, 2720)), (16,)),  # Mastercard
    (((3400, 3499), (3700, 3799)), (15,)),  # American Express
    (((3000, 3059), (3095, 3095), (3600, 3699), (3800, 3999)), (14, 16, 19)),  # Diners Club
    (((6011, 6011), (6440, 6599)), (16, 19)),  # Discover
    (((3528, 3589),), (16, 17, 18, 19)),  # JCB
    (((2131, 2131), (1800, 1800)), (15,)),  # JCB, old
    (((6200, 6299), (8100, 8171)), (16, 17, 18, 19)),  # UnionPay
    (((2200, 2204),), (16, 17, 18, 19)),  # Mir
    (((6521, 6522), (6060, 6099)), (16,)),  # RuPay
)
"""By brand: the ranges of the first four digits, and how many digits a number may have."""

_MAESTRO = (((5000, 5099), (5600, 5899), (6000, 6999)), tuple(range(12, 20)))

_GROUPS = frozenset(
    {
        *((4, 4, 4, 4), (4, 4, 4, 4, 3), (4, 6, 5), (4, 6, 4), (6, 13), (4, 4, 5), (4, 5, 6), (4, 4, 4, 3)),
        *((4, 4, 4), (4, 4, 4, 1), (4, 4, 4, 2), (4, 4, 4, 4, 1), (4, 4, 4, 4, 2), (8, 8)),
    }
)
"""How people write them."""

_SHAPE = re.compile(r"(?<![\w.-])[1-68][0-9]{3}(?:[ -]?[0-9]){8,15}(?![\w-])", re.ASCII)


def _fits(digits: str, ranges: tuple[tuple[int, int], ...], lengths: tuple[int, ...]) -> bool:
    first = int(digits[:4])
    return len(digits) in lengths and any(low <= first <= high for low, high in ranges)


def _groups_well(number: str) -> bool:
    groups = re.split("[ -]", number)
    marks = {mark for mark in number if not mark.isdigit()}
    return len(groups) == 1 or (len(marks) == 1 and tuple(map(len, groups)) in _GROUPS)


def _digits(number: str) -> str:
    return number.replace(" ", "").replace("-", "")


def _is_branded(number: str) -> bool:
    digits = _digits(number)
    return _groups_well(number) and any(_fits(digits, *brand) for brand in _BRANDS) and luhn.is_valid(digits)


def _is_maestro(number: str) -> bool:
    return _groups_well(number) and _fits(_digits(number), *_MAESTRO) and luhn.is_valid(_digits(number))


_CONTEXT = ("card", " cc ", "maestro", "debit", "credit", "payment", "visa", "mastercard", "karte", "carte", "tarjeta")


def _detectors() -> Iterator[CheckedDetector]:
    yield CheckedDetector("card_number", "CREDIT_CARD", _SHAPE, _is_branded, 0.95)
    # lengths and beginnings so wide that one number in ten passes
    yield CheckedDetector("maestro_number", "CREDIT_CARD", _SHAPE, _is_maestro, 0.2, _CONTEXT)


DETECTORS = tuple(_detectors())
