"""Phone numbers, found as the usual library finds them, without parsing what is too short to be one.

Knows how few digits a number of each country can have, and what they look like. Runs where the library's own
matcher runs, in worker processes; a permanent test holds the two equal.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Any, NamedTuple

from phonenumbers import (
    COUNTRY_CODE_TO_REGION_CODE,
    Leniency,
    NumberParseException,
    PhoneNumberMatcher,
    is_valid_number,
    parse,
)
from phonenumbers.phonemetadata import PhoneMetadata

_SHORTEST_ABROAD = 6
"""Country code and number together, of the country where that is shortest."""

_SHORTEST_PREFIX = 2
"""What is dialled before a country code where no plus is written."""

_CANDIDATES_KEPT = 8_192
"""Pairs of a candidate and a region of which it is known whether it is valid."""

_TOO_SHORT = 3
_PLUS = frozenset("+\uff0b")
_MARKS = str.maketrans("", "", " -.()/")
"""Marks inside a number that parsing takes out; with any other (a plus, an extension) a candidate is parsed."""

_WORTH = re.compile(r"[0-9](?:[-x ()\[\]./~]{0,4}[0-9]){3}")
"""What every number has in ASCII: digits, of which no country makes do with fewer, and the marks between them."""
_RUN = re.compile(r"[0-9+(\[][-0-9+x ()\[\]./~]*")
"""Every candidate in ASCII stands in such a run, but for the letters of an extension behind it."""
_EXTENSION = re.compile(r"[ \t,;]*(?:e?xt|[x#~]|int|anexo)", re.IGNORECASE)
_LONGEST_RUN = 64
"""Characters; a longer run may be cut into candidates otherwise than alone, and is searched where it stands."""
_BEHIND = 3
"""Characters behind a run that the library looks at, to tell a time."""
_BEFORE_DIGITS = 32
"""Characters; what stands in a candidate before its first digit is shorter."""

_KINDS = (
    *("fixed_line", "mobile", "toll_free", "premium_rate", "shared_cost"),
    *("personal_number", "voip", "pager", "uan", "voicemail"),
)
"""The library's kinds of numbers: one that is valid is of one of them."""


class _Part(NamedTuple):
    """A stretch that may be a number, where it begins in the text, how many digits it has, and if there is a plus."""

    text: str
    at: int
    digits: int
    plus: bool


class _Cuts(PhoneNumberMatcher):
    """Every candidate of a text and every part of one that the library would try; the same for all regions.

    The library's own search says what they are: it is told of each that it is a match, or that it is none.
    """

    def __init__(self, text: str, leniency: int) -> None:
        super().__init__(text, None, leniency=leniency)
        self._plain = text.isascii()
        self._next: dict[int, _Part | None] = {}
        self._parts: dict[_Part, list[_Part]] = {}
        self._tried: list[_Part] = []

    def candidate(self, index: int) -> _Part | None:
        """The next candidate from `index` on."""
        if index not in self._next:
            begin = self._worth(index)
            found: Any = self._find(begin) if begin >= 0 else None
            self._next[index] = found
        return self._next[index]

    def _worth(self, index: int) -> int:
        """From where on to search so that no candidate with digits enough is missed; -1 when there is none."""
        if not self._plain:
            return index
        worth = _WORTH.search(self.text, index)
        return max(index, worth.start() - _BEFORE_DIGITS) if worth is not None else -1

    def parts(self, candidate: _Part) -> list[_Part]:
        """What of a candidate is tried, in order."""
        known = self._parts.get(candidate)
        if known is None:
            self._tried = known = self._parts[candidate] = []
            super()._extract_match(candidate.text, candidate.at)
        return known

    def _extract_match(self, candidate: str, offset: int) -> Any:
        """Not the library's match: whatever it is, the search ends with it."""
        return _part(candidate, offset)

    def _parse_and_verify(self, candidate: str, offset: int) -> None:
        self._tried.append(_part(candidate, offset))


def _part(text: str, at: int) -> _Part:
    return _Part(text, at, sum(map(str.isdecimal, text)), not _PLUS.isdisjoint(text))


class _Search:
    """The library's search for one region; what cannot be a number of it is turned down unparsed."""

    def __init__(self, text: str, region: str, leniency: int, cuts: _Cuts) -> None:
        at_home = _fewest_digits(region)
        self._fewest = min(at_home, _SHORTEST_PREFIX + _SHORTEST_ABROAD)
        self._fewest_behind_plus = min(at_home, _SHORTEST_ABROAD)
        self._possible = leniency < Leniency.VALID  # then a number needs not be valid
        self._text = text
        self._region = region
        self._leniency = leniency
        self._cuts = cuts

    def spans(self) -> Iterator[tuple[int, int]]:
        """Where the numbers stand: of each candidate the first part that is one, and the search goes on behind it."""
        index = 0
        while (candidate := self._cuts.candidate(index)) is not None:
            index = candidate.at + len(candidate.text)
            if self._may_be(candidate):
                part = next((part for part in self._cuts.parts(candidate) if self._is_number(part)), None)
                if part is not None:
                    index = part.at + len(part.text)
                    yield part.at, index

    def _is_number(self, part: _Part) -> bool:
        if not self._may_be(part) or not self._is_valid(part.text):
            return False
        end = part.at + len(part.text)
        before, behind = self._text[max(0, part.at - 1) : part.at], self._text[end : end + 1]
        return _stands(before, part.text, behind, self._region, self._leniency)

    def has_valid_part(self, candidate: _Part) -> bool:
        """False where nothing of `candidate` is a number, whatever stands around it."""
        return self._may_be(candidate) and any(
            self._may_be(part) and self._is_valid(part.text) for part in self._cuts.parts(candidate)
        )

    def _may_be(self, part: _Part) -> bool:
        """False for fewer digits than the shortest number has, and so for every part of such a candidate."""
        return part.digits >= (self._fewest_behind_plus if part.plus else self._fewest)

    def _is_valid(self, candidate: str) -> bool:
        """False for what the library would turn down whatever stands around it."""
        return self._possible or _is_valid(candidate, self._region)


@lru_cache(maxsize=_CANDIDATES_KEPT)
def _is_valid(candidate: str, region: str) -> bool:
    """Is `candidate` a valid number, dialled from `region`? Plain digits that are none are not even parsed.

    Remembered: dates, times and counts come again and again, in every region.
    """
    digits = candidate.translate(_MARKS)
    if digits.isascii() and digits.isdecimal() and _shape(region).match(digits) is None:
        return False
    try:
        return is_valid_number(parse(candidate, region, keep_raw_input=True))
    except NumberParseException:
        return False


@lru_cache(maxsize=_CANDIDATES_KEPT)
def _stands(before: str, candidate: str, behind: str, region: str, leniency: int) -> bool:
    """Does the library take `candidate` for a number between the two characters beside it? It looks at no others."""
    matcher = PhoneNumberMatcher(before + candidate + behind, region, leniency=leniency)
    return matcher._parse_and_verify(candidate, len(before)) is not None  # noqa: SLF001 - what its own search asks


def phone_spans(text: str, regions: Iterable[str], leniency: int) -> Iterator[tuple[int, int]]:
    """Where numbers stand that are valid, dialled from any of `regions`; one may come several times."""
    regions = tuple(regions)
    alone = _spans_in_runs(text, regions, leniency) if text.isascii() else None
    return _spans(text, regions, leniency) if alone is None else alone


def _spans_in_runs(text: str, regions: tuple[str, ...], leniency: int) -> Iterator[tuple[int, int]] | None:
    """The same, run by run; None for a text with a run that cannot be looked at alone."""
    runs = [match.span() for match in _RUN.finditer(text)]
    if any(end - start > _LONGEST_RUN or _EXTENSION.match(text, end) for start, end in runs):
        return None
    return (
        (before + at, before + stop)
        for start, end in runs
        if end - start > _TOO_SHORT
        for before in (max(0, start - 1),)
        for at, stop in _spans_around(text[before : end + _BEHIND], regions, leniency)
    )


@lru_cache(maxsize=_CANDIDATES_KEPT)
def _spans_around(run: str, regions: tuple[str, ...], leniency: int) -> tuple[tuple[int, int], ...]:
    """Where the numbers stand in a run and what is beside it. Remembered, for the same runs come again."""
    return tuple(_spans(run, regions, leniency)) if _WORTH.search(run) else ()


def _spans(text: str, regions: tuple[str, ...], leniency: int) -> Iterator[tuple[int, int]]:
    cuts = _Cuts(text, leniency)
    for region in _worth_a_search(cuts, regions, leniency):
        yield from _Search(text, region, leniency, cuts).spans()


def _worth_a_search(cuts: _Cuts, regions: tuple[str, ...], leniency: int) -> Iterable[str]:
    """Those of `regions` in which some candidate of the text has a valid part: until there is one, all search alike."""
    if leniency < Leniency.VALID:
        return regions
    hopeful: set[str] = set()
    index = 0
    while len(hopeful) < len(regions) and (candidate := cuts.candidate(index)) is not None:
        hopeful |= _hopeful(candidate.text, regions, leniency)
        index = candidate.at + len(candidate.text)
    return [region for region in regions if region in hopeful]


@lru_cache(maxsize=_CANDIDATES_KEPT)
def _hopeful(candidate: str, regions: tuple[str, ...], leniency: int) -> frozenset[str]:
    """The regions of which some part of `candidate` is a valid number. Remembered, for the same ones come again."""
    cuts, whole = _Cuts(candidate, leniency), _part(candidate, 0)
    searches = (_Search(candidate, region, leniency, cuts) for region in regions)
    return frozenset(region for region, search in zip(regions, searches, strict=True) if search.has_valid_part(whole))


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
