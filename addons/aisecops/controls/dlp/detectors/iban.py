"""International bank account numbers in capitals or not, with any grouping: the country's length and form, mod 97.

Finds what Presidio's recogniser does not look for: small letters, uneven groups, countries that joined later.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from stdnum import iban

from aisecops.controls.dlp.detector import Sighting
from aisecops.model.provenance import Span

_START = re.compile(r"(?<![A-Za-z0-9])([A-Za-z]{2})[ -]?[0-9]{2}")
_TABLE = """
AD24 AE23 AL28 AT20 AZ28 BA20 BE16 BG22 BH22 BI27 BR29 BY28 CH21 CR22 CY28 CZ24 DE22 DJ27 DK18 DO28 EE20 EG29
ES24 FI18 FK18 FO18 FR27 GB22 GE22 GI23 GL18 GR27 GT28 HN28 HR21 HU28 IE22 IL23 IQ23 IS26 IT27 JO30 KW30 KZ20
LB28 LC32 LI21 LT20 LU20 LV21 LY25 MC27 MD24 ME22 MK19 MN20 MR27 MT31 MU30 NI28 NL18 NO15 OM23 PK24 PL28 PS29
PT25 QA29 RO24 RS22 RU33 SA24 SC31 SD18 SE24 SI19 SK24 SM27 SO23 ST25 SV28 TL23 TN24 TR26 UA29 VA22 VG24 XK20
YE30
"""
_LENGTHS = {word[:2]: int(word[2:]) for word in _TABLE.split()}
"""By country, how many letters and digits its numbers have."""
_MARKS = frozenset(" -.")


@dataclass(frozen=True, slots=True)
class IbanDetector:
    """Reads from each possible beginning as far as the country's numbers go, with the marks between."""

    id: str = "iban"
    entity: str = "IBAN_CODE"

    def find(self, text: str) -> Iterator[Sighting]:
        for begin in _START.finditer(text):
            length = _LENGTHS.get(begin[1].upper(), 0)
            end = _end(text, begin.start(), length) if length else 0
            if end and iban.is_valid(text[begin.start() : end], check_country=False):
                yield Sighting(span=Span(start=begin.start(), end=end), confidence=1.0)


def _end(text: str, start: int, length: int) -> int:
    """Where a number of `length` letters and digits that begins at `start` ends; 0 when none does."""
    signs, at, marks = 0, start, 0
    while at < len(text) and signs < length:
        char = text[at]
        if char in _MARKS and marks == 0:
            marks = 1
        elif char.isascii() and char.isalnum():
            signs, marks = signs + 1, 0
        else:
            return 0
        at += 1
    follows = text[at : at + 1]
    return at if signs == length and not (follows.isascii() and follows.isalnum()) else 0


DETECTORS = (IbanDetector(),)
