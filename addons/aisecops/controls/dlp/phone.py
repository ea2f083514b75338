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
    NumberFormat,
    PhoneNumber,
    PhoneNumberMatcher,
    is_valid_number,
)
from phonenumbers.phonemetadata import PhoneMetadata

_SHORTEST_ABROAD = 6
"""Country code and number together, of the country where that is shortest."""

_SHORTEST_PREFIX = 2
"""What is dialled before a country code where no plus is written."""

_CANDIDATES_KEPT = 1_024
"""Candidates of which it is known what is in them; with many more, collections of garbage take longer than looks."""

_TOO_SHORT = 3
_PLUS = frozenset("+\uff0b")
_TELLS_NOTHING = frozenset(("", *(char for char in map(chr, range(128)) if not char.isalpha() and char not in "$%")))
"""What may stand beside any number: nothing, or what in ASCII is no letter, percent sign or currency."""
_MARKS = b" -.()/"
_BRACKETS = frozenset("()")
_NOWHERE: frozenset[str] = frozenset()
"""Marks inside a number that parsing takes out; with any other (a plus, an extension) a candidate is parsed."""

_WORTH = re.compile(r"[0-9](?:[-x ()\[\]./~]{0,4}[0-9]){3}")
"""What every number has in ASCII: digits, of which no country makes do with fewer, and the marks between them."""
_RUN = re.compile(r"[0-9+(\[](?:[-0-9+ ()\[\]./~]|x(?![Tt]))*")
"""Every candidate in ASCII stands in such a run, but for an extension behind it."""
_EXTENSION = re.compile(r"[ \t,;]*(?:e?xt|[x#~]|int|anexo)", re.IGNORECASE)
_BEGUN_EXTENSION = re.compile(r"[x~][-. ]*\Z")
_GOES_ON = frozenset(":\t,")
"""What may stand between the sign of an extension and its number, and in no run."""
_LONGEST_RUN = 64
"""Characters; a longer run may be cut into candidates otherwise than alone, and is searched where it stands."""
_BEHIND = 3
"""Characters behind a run that the library looks at, to tell a time."""
_BEFORE_DIGITS = 32
"""Characters; what stands in a candidate before its first digit is shorter."""

_ADDS = re.compile(r"(?<!\\)[0-9]")
"""In the words in which a country says how what is dialled becomes a number: digits that nobody dials."""

_KINDS = (
    *("fixed_line", "mobile", "toll_free", "premium_rate", "shared_cost"),
    *("personal_number", "voip", "pager", "uan", "voicemail"),
)
"""The library's kinds of numbers: one that is valid is of one of them."""


class _Part(NamedTuple):
    """A stretch that may be a number, and where it begins."""

    text: str
    at: int


class _Cuts(PhoneNumberMatcher):
    """Every candidate of a text and every part of one that the library would try; the same for all regions.

    The library's own search says what they are: it is told of each that it is a match, or that it is none.
    """

    def __init__(self, text: str, leniency: int) -> None:
        super().__init__(text, None, leniency=leniency)
        self._plain = text.isascii()
        self._next: dict[int, _Part | None] = {}
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

    def parts(self, candidate: _Part) -> Iterable[_Part]:
        """What of a candidate is tried, in order. The library looks behind one to tell whether it is a time."""
        end = candidate.at + len(candidate.text)
        behind = self.text[end : end + _BEHIND] if self.text.startswith(":", end) else ""
        return _parts(candidate.text + behind, len(candidate.text))

    def tried(self, length: int) -> list[_Part]:
        """What is tried of a candidate of `length` characters, with which the text begins."""
        self._tried = []
        super()._extract_match(self.text[:length], 0)
        return self._tried

    def _extract_match(self, candidate: str, offset: int) -> Any:
        """Not the library's match: whatever it is, the search ends with it."""
        return _Part(candidate, offset)

    def _trim_after_first_match(self, pattern: re.Pattern[str], candidate: str) -> str:
        """The library cuts off marks at the end, and what stands behind a slash and an x."""
        if "0" <= candidate[-1:] <= "9" and "x" not in candidate:
            return candidate
        return super()._trim_after_first_match(pattern, candidate)

    def _parse_and_verify(self, candidate: str, offset: int) -> None:
        if len(candidate) > _TOO_SHORT:
            self._tried.append(_Part(candidate, offset))


@lru_cache(maxsize=_CANDIDATES_KEPT)
def _parts(text: str, length: int) -> tuple[_Part, ...]:
    """What the library would try of a candidate of `length` characters, with which `text` begins; each only once."""
    return tuple(dict.fromkeys(_Cuts(text, Leniency.VALID).tried(length)))


class _Among(NamedTuple):
    """The regions where a part is a number if nothing stands beside it that the library minds, and where it may be."""

    sure: frozenset[str]
    likely: frozenset[str]


@lru_cache(maxsize=_CANDIDATES_KEPT)
def _among(part: str, regions: frozenset[str]) -> _Among:
    """Where `part` is a number. Nowhere if it is too short, nor where nobody dials such digits.

    Remembered: dates, times and counts come again and again.
    """
    digits = part.encode("ascii", "replace").translate(None, _MARKS).decode()
    if not digits.isdecimal():
        # letters count: where three stand in a number they are dialled
        count, plus = sum(map(str.isalnum, part)), not _PLUS.isdisjoint(part)
        return _Among(_NOWHERE, frozenset(one for one in regions if count >= _fewest_digits(one, plus=plus)))
    sure: frozenset[str] = _NOWHERE
    likely: frozenset[str] = _NOWHERE
    for alike, dialled in _dialled_alike(regions):
        is_one = None if dialled is None else dialled.has(digits)
        if is_one is not False:
            likely |= alike
            if is_one and _BRACKETS.isdisjoint(part):
                sure |= alike
    return _Among(sure, likely)


@lru_cache(maxsize=64)
def _dialled_alike(regions: frozenset[str]) -> tuple[tuple[frozenset[str], _Dialled | None], ...]:
    """`regions`, those in which the same is dialled together."""
    alike: dict[_Dialled | None, frozenset[str]] = {}
    for region in regions:
        dialled = _dialled(region)
        alike[dialled] = alike.get(dialled, _NOWHERE) | {region}
    return tuple((among, dialled) for dialled, among in alike.items())


@lru_cache(maxsize=_CANDIDATES_KEPT)
def _stands(before: str, candidate: str, behind: str, region: str, leniency: int) -> bool:
    """Does the library take `candidate` for a number between the two characters beside it? It looks at no others."""
    matcher = PhoneNumberMatcher(before + candidate + behind, region, leniency=leniency)
    return matcher._parse_and_verify(candidate, len(before)) is not None  # noqa: SLF001 - what its own search asks


def load_tables() -> None:
    """Read what the library knows of all countries; by itself it reads each when it meets the first number of it."""
    PhoneMetadata.load_all()


def phone_spans(text: str, regions: Iterable[str], leniency: int) -> Iterator[tuple[int, int]]:
    """Where numbers stand that are valid, dialled from any of `regions`; one may come several times."""
    regions = tuple(regions)
    alone = _spans_in_runs(text, regions, leniency) if text.isascii() else None
    return _spans(text, regions, leniency) if alone is None else alone


def _spans_in_runs(text: str, regions: tuple[str, ...], leniency: int) -> Iterator[tuple[int, int]] | None:
    """The same, run by run; None for a text with a run that cannot be looked at alone."""
    runs = [match.span() for match in _RUN.finditer(text)]
    if any(end - start > _LONGEST_RUN or _has_extension(text, start, end) for start, end in runs):
        return None
    return (
        (before + at, before + stop)
        for start, end in runs
        if end - start > _TOO_SHORT
        for before in (max(0, start - 1),)
        for at, stop in _spans_around(text[before : end + _BEHIND], regions, leniency)
    )


def _has_extension(text: str, start: int, end: int) -> bool:
    """May an extension that is not whole in this run belong to a number in it?"""
    if text[end : end + 1] in _GOES_ON and _BEGUN_EXTENSION.search(text, start, end) is not None:
        return True
    return _EXTENSION.match(text, end) is not None


@lru_cache(maxsize=_CANDIDATES_KEPT)
def _spans_around(run: str, regions: tuple[str, ...], leniency: int) -> tuple[tuple[int, int], ...]:
    """Where the numbers stand in a run and what is beside it. Remembered, for the same runs come again."""
    return tuple(_spans(run, regions, leniency)) if _WORTH.search(run) else ()


def _spans(text: str, regions: tuple[str, ...], leniency: int) -> Iterator[tuple[int, int]]:
    """Where the numbers stand, region by region as the library goes: of each candidate the first part that is one.

    The search for a region goes on behind its number; regions that go on from one place go on together.
    """
    cuts = _Cuts(text, leniency)
    everywhere = frozenset(regions)
    going_on: dict[int, set[str]] = {0: set(regions)}
    while going_on:
        index = min(going_on)
        left = going_on.pop(index)
        candidate = cuts.candidate(index)
        if candidate is None:
            continue
        for part in cuts.parts(candidate):
            among = _among(part.text, everywhere)
            if among.likely.isdisjoint(left):
                continue
            begin = candidate.at + part.at
            end = begin + len(part.text)
            found = left & among.sure if _stands_free(text, begin, end) else set()
            found |= {one for one in left & among.likely - found if _is_number(text, (begin, end), one, leniency)}
            if found:
                yield begin, end
                going_on.setdefault(end, set()).update(found)
                left -= found
                if not left:
                    break
        if left:
            going_on.setdefault(candidate.at + len(candidate.text), set()).update(left)


def _stands_free(text: str, begin: int, end: int) -> bool:
    """Does nothing stand beside that stretch that the library minds?"""
    return text[max(0, begin - 1) : begin] in _TELLS_NOTHING and text[end : end + 1] in _TELLS_NOTHING


def _is_number(text: str, at: tuple[int, int], region: str, leniency: int) -> bool:
    begin, end = at
    if _stands_free(text, begin, end):
        return _stands("", text[begin:end], "", region, leniency)
    return _stands(text[max(0, begin - 1) : begin], text[begin:end], text[end : end + 1], region, leniency)


@lru_cache(maxsize=512)
def _fewest_digits(region: str, *, plus: bool) -> int:
    """The fewest digits of a number dialled in its own country or abroad; behind a `plus` with no prefix."""
    metadata = PhoneMetadata.metadata_for_region(region)
    if metadata is None or metadata.general_desc is None:
        return 0
    at_home = min((length for length in metadata.general_desc.possible_length if length > 0), default=0)
    return min(at_home, _SHORTEST_ABROAD if plus else _SHORTEST_PREFIX + _SHORTEST_ABROAD)


class _Dialled(NamedTuple):
    """What is dialled in a country: `begins` with what may be taken away before a number; then `somehow`, or a number.

    Numbers have as many digits as `lengths` says. `forms`: how its numbers are written, and whether one in that form
    counts only behind what is dialled before it.
    """

    country_code: int
    begins: re.Pattern[str]
    lengths: frozenset[int]
    somehow: re.Pattern[str]
    number: re.Pattern[str]
    forms: tuple[tuple[re.Pattern[str], re.Pattern[str], bool], ...]

    def has(self, digits: str) -> bool | None:
        """Are `digits` a number when they are dialled? None where one must parse them to know.

        That is where something may be taken away before the number: what is dialled before one at home, or abroad.
        """
        if self.begins.match(digits) is not None:
            return None if self.somehow.match(digits) is not None else False
        if len(digits) not in self.lengths or self.number.fullmatch(digits) is None:
            return False
        for leading, form, needs in self.forms:
            if leading.match(digits) and form.fullmatch(digits):
                if needs:
                    return False
                break
        if digits[0] == "0":
            return None
        return is_valid_number(PhoneNumber(country_code=self.country_code, national_number=int(digits)))


@lru_cache(maxsize=256)
def _dialled(region: str) -> _Dialled | None:
    """What is dialled in `region`; None where that is not known.

    Before a number the library takes away the country code once and what is dialled before a number twice at most.
    """
    metadata = PhoneMetadata.metadata_for_region(region)
    if metadata is None or metadata.international_prefix is None:
        return None
    if _ADDS.search(metadata.national_prefix_transform_rule or ""):
        return None  # what is dialled is no end of the number
    code, prefix = metadata.country_code or 0, metadata.national_prefix_for_parsing
    neighbours = COUNTRY_CODE_TO_REGION_CODE.get(code, (region,))
    kinds = [kind for neighbour in neighbours for kind in _kinds_of_numbers(neighbour)]
    number = "|".join(sorted({pattern for pattern, _ in kinds}))
    before = f"(?:{code})?(?:{prefix or ''}){{0,2}}"
    if metadata.national_prefix_transform_rule:
        before = "[0-9]{0,8}"  # the rule rewrites the number, and says only in its own words what it leaves away
    begins = "|".join(filter(None, (metadata.international_prefix, str(code), prefix)))
    written = PhoneMetadata.metadata_for_region(neighbours[0])
    return _Dialled(
        country_code=code,
        begins=re.compile(begins),
        lengths=frozenset(length for _, lengths in kinds for length in lengths),
        somehow=re.compile(f"{metadata.international_prefix}|(?:{before})(?:{number})$"),
        number=re.compile(number),
        forms=tuple(map(_form, written.number_format)) if written is not None else (),
    )


def _form(form: NumberFormat) -> tuple[re.Pattern[str], re.Pattern[str], bool]:
    leading = form.leading_digits_pattern[-1] if form.leading_digits_pattern else ""
    return re.compile(leading), re.compile(form.pattern or ""), _needs_prefix(form)


def _needs_prefix(form: NumberFormat) -> bool:
    """Does a number in this form count only with what is dialled before it in its own country?"""
    rule = form.national_prefix_formatting_rule or ""
    return rule.strip("()") not in {"", "\\1"} and not form.national_prefix_optional_when_formatting


def _kinds_of_numbers(region: str) -> Iterator[tuple[str, tuple[int, ...]]]:
    """What numbers of each kind look like in their own country, and how many digits they have."""
    metadata = PhoneMetadata.metadata_for_region(region)
    of_all = metadata.general_desc if metadata is not None else None
    for described in (getattr(metadata, kind, None) for kind in _KINDS):
        if of_all is not None and described is not None and described.national_number_pattern:
            yield described.national_number_pattern, described.possible_length or of_all.possible_length
