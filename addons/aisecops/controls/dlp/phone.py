"""Phone numbers, found as the usual library finds them, without parsing what is too short to be one.

Knows how few digits a number of each country can have, and what they look like. Runs where the library's own
matcher runs, in worker processes; a permanent test holds the two equal.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache

from phonenumbers import COUNTRY_CODE_TO_REGION_CODE, PhoneNumberMatch, PhoneNumberMatcher
from phonenumbers.phonemetadata import PhoneMetadata

_SHORTEST_ABROAD = 6
"""Country code and number together, of the country where that is shortest."""

_SHORTEST_PREFIX = 2
"""What is dialled before a country code where no plus is written."""

_PLUS = frozenset("+\uff0b")
_MARKS = str.maketrans("", "", " -.()/")
"""Marks inside a number that parsing takes out; with any other (a plus, an extension) a candidate is parsed."""

_KINDS = (
    *("fixed_line", "mobile", "toll_free", "premium_rate", "shared_cost"),
    *("personal_number", "voip", "pager", "uan", "voicemail"),
)
"""The library's kinds of numbers: one that is valid is of one of them."""


class _Cuts(PhoneNumberMatcher):
    """Every part of a candidate that the library would try, in its order; the same for all regions, so made once."""

    def __init__(self, text: str, leniency: int) -> None:
        super().__init__(text, None, leniency=leniency)
        self._known: dict[tuple[int, str], list[tuple[str, int]]] = {}
        self._tried: list[tuple[str, int]] = []

    def of(self, candidate: str, offset: int) -> list[tuple[str, int]]:
        """The parts and where each begins in the text."""
        known = self._known.get((offset, candidate))
        if known is None:
            self._tried = known = self._known[offset, candidate] = []
            self._extract_match(candidate, offset)
        return known

    def _parse_and_verify(self, candidate: str, offset: int) -> None:
        self._tried.append((candidate, offset))


class FrugalMatcher(PhoneNumberMatcher):
    """The library's matcher for one region; what cannot be a number of it is turned down unparsed."""

    def __init__(self, text: str, region: str, leniency: int, cuts: _Cuts) -> None:
        super().__init__(text, region, leniency=leniency)
        at_home = _fewest_digits(region)
        self._fewest = min(at_home, _SHORTEST_PREFIX + _SHORTEST_ABROAD)
        self._fewest_behind_plus = min(at_home, _SHORTEST_ABROAD)
        self._shape = _shape(region)
        self._cuts = cuts

    def _extract_match(self, candidate: str, offset: int) -> PhoneNumberMatch | None:
        if not self._may_be(candidate):
            return None
        for part, at in self._cuts.of(candidate, offset):
            if self._may_be(part) and self._may_be_dialled(part):
                match = self._parse_and_verify(part, at)
                if match is not None:
                    return match
        return None

    def _may_be(self, candidate: str) -> bool:
        """False for fewer digits than the shortest number has, and so for every part of such a candidate."""
        fewest = self._fewest_behind_plus if _PLUS.intersection(candidate) else self._fewest
        return len(candidate) >= fewest and sum(map(str.isdecimal, candidate)) >= fewest

    def _may_be_dialled(self, candidate: str) -> bool:
        """False for plain digits that are no number of the region, whatever is dialled before it is left away."""
        digits = candidate.translate(_MARKS)
        return not (digits.isascii() and digits.isdecimal()) or self._shape.match(digits) is not None


def phone_spans(text: str, regions: Iterable[str], leniency: int) -> Iterator[tuple[int, int]]:
    """Where numbers stand that are valid, dialled from any of `regions`; one may come several times."""
    cuts = _Cuts(text, leniency)
    for region in regions:
        for match in FrugalMatcher(text, region, leniency, cuts):
            yield match.start, match.end


def _fewest_digits(region: str) -> int:
    """The fewest digits of a number in its own country, prefixes left away."""
    metadata = PhoneMetadata.metadata_for_region(region)
    if metadata is None or metadata.general_desc is None:
        return 0
    return min((length for length in metadata.general_desc.possible_length if length > 0), default=0)


@lru_cache(maxsize=256)
def _shape(region: str) -> re.Pattern[str]:
    """All digits that may be a number when dialled in `region`: a call abroad, or a number of its country.

    Before a number the library takes away the country code once and what is dialled before a number twice at most.
    """
    metadata = PhoneMetadata.metadata_for_region(region)
    if metadata is None or metadata.international_prefix is None:
        return re.compile("")
    numbers: set[str] = set()
    for neighbour in COUNTRY_CODE_TO_REGION_CODE.get(metadata.country_code or 0, (region,)):
        numbers |= _numbers(neighbour)
    before = f"(?:{metadata.country_code})?(?:{metadata.national_prefix_for_parsing or ''}){{0,2}}"
    if metadata.national_prefix_transform_rule:
        before = "[0-9]{0,8}"  # the rule rewrites the number, and says only in its own words what it leaves away
    return re.compile(f"{metadata.international_prefix}|(?:{before})(?:{'|'.join(sorted(numbers))})$")


def _numbers(region: str) -> set[str]:
    """What numbers of each kind look like in their own country."""
    metadata = PhoneMetadata.metadata_for_region(region)
    described = [getattr(metadata, kind, None) for kind in _KINDS]
    return {one.national_number_pattern for one in described if one is not None and one.national_number_pattern}
