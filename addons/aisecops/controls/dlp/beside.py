"""Values that were cut over fields of one request: what texts say that stand near one another, in their order.

Knows which two of them may be one value: where a mark, a number, an account or something encoded goes on behind the
seam. Does not know what is in a request, nor what was said before it (`seams.py`, `halves.py`).
"""

from __future__ import annotations

import re
import string
from collections import deque
from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import compress, islice, product

from msgspec import Struct

from aisecops.controls.dlp.detectors import SECRET_DETECTORS, iban
from aisecops.controls.dlp.seams import (
    AROUND,
    EDGES,
    ROW_CHARS,
    SEAM_KINDS,
    End,
    Line,
    first_token,
    is_number,
    last_token,
)
from aisecops.model.encodings import may_be_base64
from aisecops.model.piece import Piece, piece_of

REACH = 16
"""Texts before one that it is held against, either half first."""
FAR = 64
"""New texts of one request that are held against more than the one beside them: its first and its last."""
REACH_EXACT, FAR_EXACT = 4, 16
"""The same for exact values, of which nothing tells a half from any other word."""

_IS_NAME = "key:"
_SHORTEST, _SHORT_ROW = 9, 48
_EDGE = 48
"""Characters on either side of a seam in which a number, an account or something encoded is looked for."""

_SSN = re.compile(r"\b[0-9]{3}-[0-9]{2}-[0-9]{4}\b", re.ASCII)
_NUMBERS = (re.compile(r"\b[0-9](?:[ .-]?[0-9]){11,}", re.ASCII), _SSN)
_FEWEST_DIGITS = 9
_IN_NUMBER = string.digits + " .-"
_BEGINS_ACCOUNT = re.compile(
    r"(?<![A-Za-z0-9])[A-Za-z](?:[A-Za-z](?:[ -]?[0-9](?:[0-9](?:[ .-]?[A-Za-z0-9]){0,30})?)?)?[ .-]?\Z"
)
_IN_ACCOUNT = {*string.ascii_letters, *string.digits, *" .-"}
_COIN = re.compile(r"\b(?:bc1|[13])[A-Za-z0-9]{25,60}\b", re.ASCII)
_LONG_WORD = 24
_ENCODED = re.compile(rf"[A-Za-z0-9+/_-]{{{_LONG_WORD},}}={{0,2}}")
_IN_RUN = string.ascii_letters + string.digits + "+/_-="
_ARMOUR = "--"
_KEY = re.compile(r"-----BEGIN [A-Z0-9 ]{0,50}PRIVATE KEY(?: BLOCK)?-----")
_IN_KEY = {*string.ascii_uppercase, *string.digits, *" -"}
_SECRETS = tuple(one for one in SECRET_DETECTORS if one.entity in SEAM_KINDS)
_DIGIT = re.compile("[0-9]")
_GROUPED = re.compile(
    r"\b[0-9]{4}([ -])[0-9]{4}(?:\1|(?=[0-9]))[0-9]{4}\1[0-9]{1,4}\b|\b[0-9]{4}([ -])[0-9]{6}\2[0-9]{5}\b", re.ASCII
)
_SAYS_CARD = re.compile(
    r"card|visa|maestro|amex|credit|debit|karte|carte|tarjeta|ssn|social|(?<![a-z])(?:cc|pan)(?![a-z])", re.IGNORECASE
)
_SAYS_ANYTHING = re.compile(
    r"(?:text|note|content|message|msg|body|comment|description|prompt|input|memo|value|data|part|chunk|half|line"
    r"|piece|fragment|rest|more|first|second|third|[a-h]|v|[x-z])"
    r"[_-]?(?:[0-9]{1,3}|[a-d]|more|rest|next|cont|part|second|two|end)?",
    re.IGNORECASE,
)
_NAMED = re.compile(r"(?:[^\W0-9][\w ]{0,40}[:=] *|[\[(]?[0-9]{1,3}(?:/[0-9]{1,3})?[\]).:]+(?: +|(?=[^\W\d_])))(?=\S)")
_NAME = re.compile(r"[/:]([^/:]*[A-Za-z][^/:]*)(?:/[0-9]+)*\Z")


class Side(Struct, frozen=True, gc=False):
    """What a text at a seam may be a part of, seen from there; or several texts, any of which may be.

    `digits` and `run` count those of a number, and the letters, digits and marks of what is encoded, that touch the
    seam. `account`: an account's number may go on across it; `key`: the line with which a private key begins.
    """

    digits: int
    run: int
    account: bool
    key: bool

    @staticmethod
    @lru_cache(maxsize=8192)
    def before(text: str) -> Side:
        """Of a text that stands before a seam."""
        end = text[-_EDGE:]
        return Side(
            digits=_digits_in(end[len(end.rstrip(_IN_NUMBER)) :]),
            run=len(end) - len(end.rstrip(_IN_RUN)),
            account=_BEGINS_ACCOUNT.search(end) is not None,
            key=_ARMOUR in end or end.endswith("-"),
        )

    @staticmethod
    @lru_cache(maxsize=8192)
    def behind(text: str) -> Side:
        """Of a text that stands behind one."""
        head = text[:_EDGE]
        return Side(
            digits=_digits_in(head[: len(head) - len(head.lstrip(_IN_NUMBER))]),
            run=len(head) - len(head.lstrip(_IN_RUN)),
            account=head[:1] in _IN_ACCOUNT,
            key=head[:1] in _IN_KEY,
        )

    @classmethod
    def any_of(cls, sides: Sequence[Side]) -> Side:
        """What any of `sides` may be."""
        return cls(
            digits=max([side.digits for side in sides]),
            run=max([side.run for side in sides]),
            account=True in [side.account for side in sides],
            key=True in [side.key for side in sides],
        )

    def may_be_number(self, behind: Side) -> bool:
        """May a card or a social security number stand across the seam?"""
        return self.digits > 0 < behind.digits and self.digits + behind.digits >= _FEWEST_DIGITS

    def may_be_run(self, behind: Side) -> bool:
        """May something encoded, or a coin's address?"""
        return self.run > 0 < behind.run and self.run + behind.run >= _LONG_WORD


def _digits_in(number: str) -> int:
    return sum(map(str.isdigit, number))


class Marks(Struct, frozen=True, gc=False):
    """Which marks of secrets stand in words, and how those go on that they end with.

    `begins` are the first characters of the words, `goes_on` those of what is `ahead`.
    """

    marked: bool
    address: bool
    host: bool
    ahead: tuple[str, ...]
    begins: frozenset[str]
    goes_on: frozenset[str]

    @classmethod
    def of(cls, words: Sequence[End]) -> Marks:
        """Of any of `words`."""
        ahead = tuple([one for word in words for one in word.ahead])
        return cls(
            marked=True in [word.marked for word in words],
            address=True in [word.address for word in words],
            host=True in ["@" in word.text for word in words],
            ahead=ahead,
            begins=frozenset([word.text[0] for word in words]),
            goes_on=frozenset([one[0] for one in ahead]),
        )

    def bear_on(self, behind: Marks, words: Sequence[End]) -> bool:
        """May one of these words and one of those behind, `words`, hold a secret together?"""
        if self.marked or behind.marked:
            return True
        if (self.address or behind.address) and (self.host or behind.host):
            return True
        if self.goes_on.isdisjoint(behind.begins):
            return False
        return True in [word.text.startswith(self.ahead) for word in words]


class Words(Struct, frozen=True, gc=False):
    """A text of a request, as it may go on from another or in another: its ends, and the words there.

    `heads` are its beginning, and what stands behind a name or a number there: `and then: …`, `(2) …`.
    """

    end: str
    heads: tuple[str, ...]
    last: tuple[End, ...]
    first: tuple[End, ...]
    alone: bool
    number: bool
    has_digits: bool
    before: Side
    behind: Side
    last_marks: Marks
    first_marks: Marks

    @staticmethod
    @lru_cache(maxsize=4096)  # the same words come again, and the neighbours of a new text were there before
    def of(piece: Piece) -> Words:
        """Those of the text that `piece` is of."""
        first, last = first_token(piece), last_token(piece)
        name = _NAMED.match(piece.head)
        heads = [piece.head.lstrip(AROUND)]
        if name is not None:
            heads.append(piece.head[name.end() :].lstrip(AROUND))
        end = piece.end.rstrip(AROUND)
        lasts = _ends(last, *end.rsplit(None, 1)[-1:])
        firsts = _ends(first, *(word for head in heads for word in head.split(None, 1)[:1]))
        return Words(
            end=end,
            heads=tuple(heads),
            last=lasts,
            first=firsts,
            alone=not piece.tail and first == piece.head.strip(),
            number=is_number(piece.stripped(EDGES)),
            has_digits=_DIGIT.search(piece.head) is not None or _DIGIT.search(piece.tail) is not None,
            before=Side.any_of([Side.before(one) for one in (end, *(word.text for word in lasts))]),
            behind=Side.any_of([Side.behind(one) for one in (*heads, *(word.text for word in firsts))]),
            last_marks=Marks.of(lasts),
            first_marks=Marks.of(firsts),
        )

    def goes_on_in(self, other: Words) -> bool:
        """False only where no value of any kind goes on from this text in the `other`."""
        before, behind = self.before, other.behind
        return (
            (before.account and behind.account)
            or (before.key and behind.key)
            or (before.digits > 0 and before.may_be_number(behind))
            or (before.run + behind.run >= _LONG_WORD and before.may_be_run(behind))
            or self.last_marks.bear_on(other.first_marks, other.first)
        )


class Field(Struct, frozen=True, gc=False):
    """A text of a request and where it stands."""

    where: str
    words: Words
    is_name: bool

    @classmethod
    def of(cls, where: str, text: str) -> Field:
        """`text` as the field at `where`, or as the name of one."""
        return cls(where, Words.of(piece_of("", text)), where.startswith(_IS_NAME))

    @property
    def says_card(self) -> bool:
        """Does it say, or its name, that a number in it may be a card?"""
        return _SAYS_CARD.search(f"{self.where} {self.words.heads[0]} {self.words.end}") is not None

    @property
    def says_anything(self) -> bool:
        """Is its name one for texts of any sort, or for a part of one?"""
        name = _NAME.search(self.where)
        return name is None or _SAYS_ANYTHING.fullmatch(name[1]) is not None


def _ends(*texts: str) -> tuple[End, ...]:
    words = [text.strip(marks) for marks in (EDGES, AROUND) for text in texts]
    return tuple([End.of(word) for word in dict.fromkeys(words) if word])


def beside(
    fields: Sequence[tuple[str, str]], new: Sequence[bool], *, planted: bool
) -> Iterator[tuple[int, list[Line]]]:
    """What those of `fields` (where it stands, its text) say together with others that stand near before them.

    Names of fields stand among their values, each beside the name before it. Pairs of which neither is `new` were
    looked at before, and fields that are near no new one are left out. `planted`: exact values are looked for too.
    """
    ends, for_exact = (_first_and_last(new, many // 2) for many in (FAR, FAR_EXACT))
    for near_one_another in _near(new):
        before: deque[tuple[int, Field]] = deque(maxlen=REACH)
        rows: dict[bool, tuple[Field, str]] = {}
        for at in near_one_another:
            field = Field.of(*fields[at])
            beside_it, row = rows.get(field.is_name, (None, ""))
            lines = [*_in_a_row(row, field.words, planted=planted)] if row else []
            for distance, (number, other) in enumerate(reversed(before)):
                near = other is beside_it
                if (new[at] or new[number]) and (near or at in ends or number in ends):
                    exact = planted and distance < REACH_EXACT and (at in for_exact or number in for_exact)
                    for one, two, all_exact in ((other, field, exact or (planted and near)), (field, other, exact)):
                        if one.words.goes_on_in(two.words):
                            lines += _together(one, two, near=near, planted=all_exact)
                        elif all_exact:
                            lines += _exact(one.words, two.words, near=near)
            rows[field.is_name] = field, _row_with(row, beside_it.words if beside_it else None, field.words)
            before.append((at, field))
            yield at, lines


def _in_a_row(row: str, words: Words, *, planted: bool) -> Iterator[Line]:
    """What texts of one word that follow one another say together with the first one of `words`."""
    before = End.of(row)
    for one in words.first:
        numbers = not words.number
        likely = _is_secret(before, one) or _goes_on(row, one.text, near=True, numbers=numbers)
        if likely or (planted and len(row) <= _SHORT_ROW):
            yield Line(row + one.text, len(row), near=True, numbers=numbers, exact=not likely)


def _row_with(row: str, previous: Words | None, words: Words) -> str:
    """What stands before the next text when `words`, which are one, go on from others; nothing for a first one."""
    if previous is None or not words.alone:
        return ""
    return ((row or (previous.last[-1].text if previous.last else "")) + words.heads[0].strip())[-ROW_CHARS:]


def _first_and_last(new: Sequence[bool], many: int) -> set[int]:
    """The first `many` that are new, and the last."""
    first = islice(compress(range(len(new)), new), many)
    last = islice(compress(range(len(new) - 1, -1, -1), reversed(new)), many)
    return {*first, *last}


def _near(new: Sequence[bool]) -> Iterator[range]:
    """The stretches of fields that are held against a new one, or are new."""
    begin = end = 0
    for at in compress(range(len(new)), new):
        if at - REACH > end:
            yield range(begin, end)
            begin = at - REACH
        end = min(at + REACH + 1, len(new))
    yield range(begin, end)


def _together(one: Field, two: Field, *, near: bool, planted: bool) -> Iterator[Line]:
    """What the words at the end of `one` and at the beginning of `two` say together, and all that stands there."""
    before, behind = one.words, two.words
    numbers = before.has_digits and behind.has_digits and _may_be_card(one, two)
    pairs = {
        (last.text, first.text): _is_secret(last, first)
        or (near and _goes_on(last.text, first.text, near=True, numbers=numbers))
        for last, first in product(before.last, behind.first)
    }
    pairs |= {
        (before.end, head): True for head in behind.heads if _goes_on(before.end, head, near=near, numbers=numbers)
    }
    for (end, head), likely in pairs.items():
        if (likely or planted) and len(end) + len(head) >= _SHORTEST:
            yield Line(end + head, len(end), near=near, numbers=numbers, exact=not likely)


def _exact(before: Words, behind: Words, *, near: bool) -> Iterator[Line]:
    """What they say together in which only an exact value can be."""
    for last, first in product(before.last, behind.first):
        if len(last.text) + len(first.text) >= _SHORTEST:
            yield Line(last.text + first.text, len(last.text), near=near, exact=True)


def _is_secret(before: End, behind: End) -> bool:
    """Is a secret across the seam, or behind it and named before?"""
    if not before.bears_on(behind):
        return False
    text, seam = before.text + behind.text, len(before.text)
    return any(
        one.span.end > seam or detector.entity == "DATABASE_URL" for detector in _SECRETS for one in detector.find(text)
    )


def _goes_on(before: str, behind: str, *, near: bool, numbers: bool) -> bool:
    """May a value that no mark tells in one word stand across the seam? What is encoded only goes on in the next."""
    one, two = Side.before(before), Side.behind(behind)
    if numbers and one.may_be_number(two) and any(_is_across(pattern, before, behind) for pattern in _NUMBERS):
        return True
    if one.key and two.key and _is_across(_KEY, before, behind):
        return True
    if one.account and two.account and _is_account(before, behind):
        return True
    if not one.may_be_run(two):
        return False
    return _is_across(_COIN, before, behind) or (near and any(map(may_be_base64, _across(_ENCODED, before, behind))))


def _is_account(before: str, behind: str) -> bool:
    edge, seam = before[-_EDGE:] + behind[:_EDGE], min(len(before), _EDGE)
    found = [one.span for detector in iban.DETECTORS for one in detector.find(edge)]
    return True in [span.start < seam < span.end for span in found]


def _may_be_card(one: Field, two: Field) -> bool:
    """May digits on both sides be a card, or a social security number? Two ids of things are one now and then.

    So words stand beside each, or it is said what they are; or they are written as such numbers are, or stand in
    fields for texts of any sort.
    """
    before, behind = one.words, two.words
    if not (before.number or behind.number) or (one.says_anything and two.says_anything):
        return True
    if any(_is_across(written, before.end, head) for head in behind.heads for written in (_GROUPED, _SSN)):
        return True
    return all(field.says_card for field in (one, two) if not field.words.number or (before.number and behind.number))


def _is_across(pattern: re.Pattern[str], before: str, behind: str) -> bool:
    return bool(_across(pattern, before, behind))


def _across(pattern: re.Pattern[str], before: str, behind: str) -> list[str]:
    """What `pattern` matches across the seam."""
    edge, seam = before[-_EDGE:] + behind[:_EDGE], min(len(before), _EDGE)
    return [match[0] for match in pattern.finditer(edge) if match.start() < seam < match.end()]
