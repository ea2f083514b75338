"""Phone numbers, found as the usual library finds them, without parsing what is too short to be one.

Knows how few digits a number of each country can have. Runs where the library's own matcher runs, in worker
processes; a permanent test holds the two equal.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from phonenumbers import PhoneNumberMatch, PhoneNumberMatcher
from phonenumbers.phonemetadata import PhoneMetadata

_SHORTEST_ABROAD = 6
"""Country code and number together, of the country where that is shortest."""

_SHORTEST_PREFIX = 2
"""What is dialled before a country code where no plus is written."""

_PLUS = frozenset("+\uff0b")


class FrugalMatcher(PhoneNumberMatcher):
    """The library's matcher for one region; a candidate with too few digits is turned down unparsed."""

    def __init__(self, text: str, region: str, leniency: int) -> None:
        super().__init__(text, region, leniency=leniency)
        at_home = _fewest_digits(region)
        self._fewest = min(at_home, _SHORTEST_PREFIX + _SHORTEST_ABROAD)
        self._fewest_behind_plus = min(at_home, _SHORTEST_ABROAD)

    def _extract_match(self, candidate: str, offset: int) -> PhoneNumberMatch | None:
        return super()._extract_match(candidate, offset) if self._may_be(candidate) else None

    def _parse_and_verify(self, candidate: str, offset: int) -> PhoneNumberMatch | None:
        return super()._parse_and_verify(candidate, offset) if self._may_be(candidate) else None

    def _may_be(self, candidate: str) -> bool:
        """False for fewer digits than the shortest number has, and so for every part of such a candidate."""
        fewest = self._fewest_behind_plus if _PLUS.intersection(candidate) else self._fewest
        return len(candidate) >= fewest and sum(map(str.isdecimal, candidate)) >= fewest


def phone_spans(text: str, regions: Iterable[str], leniency: int) -> Iterator[tuple[int, int]]:
    """Where numbers stand that are valid, dialled from any of `regions`; one may come several times."""
    for region in regions:
        for match in FrugalMatcher(text, region, leniency):
            yield match.start, match.end


def _fewest_digits(region: str) -> int:
    """The fewest digits of a number in its own country, prefixes left away."""
    metadata = PhoneMetadata.metadata_for_region(region)
    if metadata is None or metadata.general_desc is None:
        return 0
    return min((length for length in metadata.general_desc.possible_length if length > 0), default=0)
