"""Values that were cut over several texts on their way to one place: what the end of one and the next say together.

Knows how texts are put together, and which finding in that counts: one that stands across a seam, of a kind that has
a mark of its own. Does not know who sent the texts, nor where they are kept. Any two numbers side by side are a card
now and then, so numbers alone count only where they stand for themselves, or are written as cards are.
"""

from __future__ import annotations

import itertools
import re
import string
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache

from msgspec import Struct

from aisecops.controls.dlp.detector import PatternDetector
from aisecops.controls.dlp.detectors import SECRET_DETECTORS
from aisecops.controls.dlp.marks import any_stands_in
from aisecops.model.entities import CREDENTIAL, GROUPS, PLANTED
from aisecops.model.finding import Finding
from aisecops.model.of_short import of_short
from aisecops.model.piece import Piece

PIECES_KEPT = 12
"""Texts of one place that a new one is held against, each alone."""
ROW_CHARS = 512
"""Characters of what was said there in a row."""
NUMBERS_KEPT = 32
REPEATS_COUNT = 32
"""So often the same few characters count one after the other: `v1` in the path of each call. No value has so many."""

_NUMBERS = frozenset(("CREDIT_CARD", "US_SSN"))
_MARKED = (GROUPS["SECRET"] - {CREDENTIAL}) | {*PLANTED, "IBAN_CODE"}
SEAM_KINDS = _MARKED | _NUMBERS | {"CRYPTO"}
"""What is looked for across a seam."""

_BACKWARDS = "backwards/"
_SHORTEST = 8
SHORTEST_PAIR = 14
ONE_TOKEN = 128
_FEW_WORDS = 64
_FEW_DIGITS, _MANY_PIECES = 4, 4
_NUMBER = re.compile(r"[0-9][0-9 -]*")
_GROUPED = re.compile(r"[0-9][ -][0-9]")
_WRAPPING = "'\"`()[]<>{},;!?"
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_-]{0,20}[=:](?=.)")
AROUND = "'\"`()[]<>{},;!?\u00ab\u00bb\u2018\u2019\u201c\u201d\u2026\u2022\u2013\u2014\u200b\u200d\u2060\ufeff"
"""What stands in no value: quotes, brackets, dots that say that it goes on, what nobody sees."""
EDGES = AROUND + string.punctuation + "\u3001\u3002\uff0c\uff1a\u300c\u300d"
"""What may stand at the end of a value, or around a part of one: `...`, `-`, `/`."""
_TAGS_BEHIND = re.compile(r"(?:</?[A-Za-z][A-Za-z0-9]{0,9}>?)+\Z")
_TAGS_BEFORE = re.compile(r"\A(?:(?:<?/?[A-Za-z][A-Za-z0-9]{0,9}>)+|[0-9]{1,3}[\])])")
"""Of HTML and XML, as far as words keep them, and a number that counts parts: `2]`."""
_TELLS_ANYTHING = re.compile(
    r"(?:text|note|content|message|msg|body|comment|description|prompt|input|query|question|answer|memo|title|subject|"
    r"value|data|reason|summary|parts|\bq|^[a-z]+:)(?:/[*0-9]+)*$",
    re.IGNORECASE,
)
_POSITION = re.compile(r"/(?:[0-9]+|\{[0-9]+\})(?=/|$)")
_SAME_TEXT = re.compile(r"(?:/(?:\*|content|text|parts|input|output))+$")
_ADDRESS = re.compile(r"(?:mailto|https?|tel|ftp|urn|data|file|wss?|sip):", re.IGNORECASE)
_IBAN = re.compile(r"[A-Z]{2}[0-9]{2}[A-Z0-9]{11}")
_MARK_LETTERS = 3
_OWN_MARKS = {mark for one in SECRET_DETECTORS if isinstance(one, PatternDetector) for mark in one.trigger}
_ADDRESS_MARK, _BEFORE_HOST = "://", "@"
_MARKS = tuple(sorted({*(mark for mark in _OWN_MARKS if len(mark) >= _MARK_LETTERS), "PRIVATE KEY", _ADDRESS_MARK}))


def _begun() -> dict[str, tuple[str, ...]]:
    """By each beginning of a mark, how a mark goes on behind it."""
    begun: dict[str, tuple[str, ...]] = {}
    for mark in _MARKS:
        for at in range(1, len(mark)):
            begun[mark[:at]] = (*begun.get(mark[:at], ()), mark[at:])
    return begun


_BEGUN = _begun()
_LENGTHS = range(1, max(map(len, _BEGUN)) + 1)
_MARKS_ALONE = frozenset(_MARKS) - {_ADDRESS_MARK}


class End(Struct, frozen=True, gc=False):
    """One end of a text, and whether some secret's mark stands in it, or that of an address.

    `ahead`: how marks go on that its own end may begin. `as_first` and `as_second` are without what may stand around a
    part of a value, at the end where another would go on.
    """

    text: str
    marked: bool
    address: bool
    ahead: tuple[str, ...]
    as_first: str
    as_second: str

    @staticmethod
    @lru_cache(maxsize=2048)
    def of(text: str) -> End:
        """The end that `text` is."""
        ahead = [_BEGUN[end] for length in _LENGTHS if (end := text[-length:]) in _BEGUN]
        marked = any_stands_in(text, _MARKS_ALONE)
        return End(
            text,
            marked,
            _ADDRESS_MARK in text,
            tuple(itertools.chain.from_iterable(ahead)),
            as_first=_as_first(text),
            as_second=_as_second(text),
        )

    def bears_on(self, behind: End) -> bool:
        """May the two together hold a secret that neither holds: is a mark in one of them, or across the seam?

        In an address something is secret only where it says who asks.
        """
        if self.marked or behind.marked or behind.text.startswith(self.ahead):
            return True
        return (self.address or behind.address) and (_BEFORE_HOST in self.text or _BEFORE_HOST in behind.text)

    def may_go_on(self, behind: End) -> bool:
        """May the two together hold what neither holds, an IBAN too?"""
        return self.bears_on(behind) or _IBAN.search(self.text + behind.text) is not None


class Line(Struct, frozen=True, gc=False):
    """Two texts as one, and where the second begins.

    `near`: they followed one another. `numbers`: a card may be in it; `whole`: only as the whole of it. `exact`: only
    exact values may be.
    """

    text: str
    seam: int
    near: bool
    numbers: bool = False
    whole: bool = False
    exact: bool = False

    @property
    def halves(self) -> tuple[str, str]:
        """The two texts."""
        return self.text[: self.seam], self.text[self.seam :]

    def says(self, finding: Finding) -> bool:
        """Does `finding`, of this line, need both texts? What one of them has alone is for the caller to see."""
        start, end = finding.span.start, finding.span.end
        if finding.entity in _NUMBERS:
            if finding.detector.startswith(_BACKWARDS):
                return False  # of two numbers one is a card now and then, and of turned ones another
            inside = (start, end) == (0, len(self.text)) if self.whole else start < self.seam < end
            return self.numbers and inside
        if finding.entity == "DATABASE_URL":
            # what is secret in it may stand in one text alone, and be known by the other; two addresses are none
            return _ADDRESS.match(self.text, self.seam) is None
        # of a secret only the value is covered, and the name or the address before it may be the first text
        crosses = start < self.seam < end or (start >= self.seam and finding.entity in GROUPS["SECRET"])
        return crosses and (finding.entity in _MARKED or (self.near and finding.entity in SEAM_KINDS))


@dataclass(slots=True)
class Place:
    """What was said at one place until now, as far back as it counts.

    `repeats`: so often the `last` was said again, without a break.
    """

    last: str = ""
    repeats: int = 0
    row: str = ""
    numbers: list[str] = field(default_factory=list)
    pieces: deque[Piece] = field(default_factory=lambda: deque(maxlen=PIECES_KEPT))
    ends: deque[tuple[End, End]] = field(default_factory=lambda: deque(maxlen=PIECES_KEPT))

    def copy(self) -> Place:
        """One that goes on by itself."""
        return Place(self.last, self.repeats, self.row, self.numbers, self.pieces.copy(), self.ends.copy())

    def knows(self, piece: Piece) -> bool:
        """Is it among what a new text is held against, and needs not be said again?"""
        return self._is_worn_out(piece) if counts_again(piece) else piece in self.pieces

    def _is_worn_out(self, piece: Piece) -> bool:
        """Was `piece` said so often in a row that once more adds nothing? Numbers may stand side by side for ever."""
        return self.repeats >= REPEATS_COUNT and self._is_again(piece)

    def _is_again(self, piece: Piece) -> bool:
        return (piece.tail or piece.head) == self.last and len(piece.head) <= _FEW_DIGITS and not is_number(piece)

    def add(self, piece: Piece) -> None:
        """It was said."""
        if self._is_worn_out(piece):
            return
        self.repeats = self.repeats + 1 if piece.end == self.last else 0
        number = is_number(piece)
        self.numbers = [*self.numbers, piece.head.strip()][-NUMBERS_KEPT:] if number else []
        token = last_token(piece)
        alone = number or (not piece.tail and token == piece.head.strip() and len(token) <= ONE_TOKEN)
        self.row = (self.row + token)[-ROW_CHARS:] if alone else token
        self.last = piece.end
        if len(piece.head) > _FEW_DIGITS and piece not in self.pieces:
            self.pieces.append(piece)
            self.ends.append((End.of(first_token(piece)), End.of(token)))

    def with_next(self, piece: Piece, *, planted: bool = True) -> Iterator[Line]:
        """What `piece` says together with the text before it, and with all that are in a row.

        `planted`: exact values are looked for too. No other value is the same few characters again and again.
        """
        if not planted and self._is_again(piece) and self.row == piece.end * (self.repeats + 1):
            return
        numbers = not (is_number(piece) and self.numbers)
        first = first_token(piece)
        near = ((self.last, piece.head), (self.row, first))
        yield from _lines(near, near=True, numbers=numbers)
        # of two numbers with nothing but marks around them one is a card now and then
        if (bare := (_as_first(self.row), _as_second(first))) not in near:
            yield from _lines([bare], near=True)

    def with_each(self, piece: Piece, *, planted: bool) -> Iterator[Line]:
        """The same with each text before it alone, either first. `planted`: exact values are looked for too."""
        first, last = End.of(first_token(piece)), End.of(last_token(piece))
        others = [ends for one, ends in zip(self.pieces, self.ends, strict=True) if one != piece]
        pairs = [(end, first) for _, end in others] + [(last, begin) for begin, _ in others]
        for before, behind in with_bare(pairs):
            long = len(before.text) + len(behind.text) >= SHORTEST_PAIR
            if long and ((likely := before.may_go_on(behind)) or planted):
                yield Line(before.text + behind.text, len(before.text), near=False, exact=not likely)

    def in_numbers(self, where: str) -> Iterator[Line]:
        """What the numbers that were said in a row, last at `where`, are as one; nothing where they are ids of things.

        They may stand for themselves in a place for texts of any sort, and when they are written as a card is.
        """
        if len(self.numbers) <= 1:
            return
        for row in self._rows(anything=_TELLS_ANYTHING.search(where) is not None):
            for numbers in (row, [re.sub("[^0-9]", "", number) for number in row]):
                before = "".join(numbers[:-1])
                yield Line(
                    before + numbers[-1],
                    len(before),
                    near=True,
                    numbers=True,
                    whole=True,
                )

    def _rows(self, *, anything: bool) -> Iterator[list[str]]:
        """The last few numbers, as many of them as may be one."""
        numbers = self.numbers
        if anything or any(_GROUPED.search(number) for number in numbers):
            rows = [numbers[-count:] for count in range(2, len(numbers) + 1)]
        elif len(numbers) >= _MANY_PIECES and max(map(len, numbers)) <= _FEW_DIGITS:
            rows = [numbers]
        else:
            return
        yield from (row for row in rows if len(set(row)) > 1 and sum(map(len, row)) <= ONE_TOKEN)


@of_short(most=8192)
def without_positions(where: str) -> str:
    """`where` as the place of all texts that are told alike: members of a list, messages and what they are made of."""
    return _SAME_TEXT.sub("", _POSITION.sub("/*", where)) or where


def distinct(lines: Iterable[Line]) -> tuple[Line, ...]:
    """`lines`, each text and seam once; of equal ones the one that lets more count."""
    best: dict[tuple[str, int], Line] = {}
    for line in lines:
        known = best.get((line.text, line.seam))
        if known is None or _lets_count(line) > _lets_count(known):
            best[line.text, line.seam] = line
    return tuple(best.values())


def _lets_count(line: Line) -> tuple[bool, ...]:
    return not line.exact, line.near, line.numbers, not line.whole


def _as_first(text: str) -> str:
    """`text` without what may stand behind the first part of a value."""
    return (_TAGS_BEHIND.sub("", text) if "<" in text else text).rstrip(EDGES)


def _as_second(text: str) -> str:
    """`text` without what may stand before another part of a value."""
    return _TAGS_BEFORE.sub("", text).lstrip(EDGES)


def with_bare(pairs: Iterable[tuple[End, End]]) -> Iterator[tuple[End, End]]:
    """`pairs`, and each without what may stand around its two, where anything does."""
    for before, behind in pairs:
        yield before, behind
        if before.as_first != before.text or behind.as_second != behind.text:
            yield End.of(before.as_first), End.of(behind.as_second)


def _lines(pairs: Iterable[tuple[str, str]], *, near: bool, numbers: bool = False) -> Iterator[Line]:
    for before, behind in pairs:
        if before and behind and len(before) + len(behind) >= _SHORTEST:
            yield Line(before + behind, len(before), near=near, numbers=numbers)


def counts_again(piece: Piece) -> bool:
    """Does `piece` count each time it is said? Characters and groups of digits do."""
    return len(piece.head) <= _FEW_DIGITS or is_number(piece)


@lru_cache(maxsize=4096)
def is_number(piece: Piece) -> bool:
    """Is `piece` digits and nothing else, as whole numbers and cards are written?"""
    return not piece.tail and _NUMBER.fullmatch(piece.head.strip()) is not None


@lru_cache(maxsize=4096)
def first_token(piece: Piece) -> str:
    """What a value would go on with at the beginning of a text, without the name or the words before it."""
    if is_number(piece):
        return piece.head.strip()
    few = not piece.tail and len(piece.head) <= _FEW_WORDS
    said = piece.head.split()
    token = max([word.strip(_WRAPPING) for word in (said if few else said[:1])] or [""], key=len)
    return _NAME.sub("", token, count=1)


@lru_cache(maxsize=4096)
def last_token(piece: Piece) -> str:
    """What a value would begin with at the end of a text."""
    if is_number(piece):
        return piece.head.strip()
    few = not piece.tail and len(piece.head) <= _FEW_WORDS
    said = piece.end.split()
    return max([word.strip(_WRAPPING).rstrip(".:") for word in (said if few else said[-1:])] or [""], key=len)
