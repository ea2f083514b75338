"""Values that were cut over fields of one request: what texts say that stand near one another, in their order.

Knows which two of them may be one value: where a mark, a number, an account or something encoded goes on behind the
seam. Does not know what is in a request, nor what was said before it (`seams.py`, `halves.py`).
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import product

import re2

from aisecops.controls.dlp.detectors import SECRET_DETECTORS, iban
from aisecops.controls.dlp.seams import ROW_CHARS, SEAM_KINDS, End, Line, first_token, is_number, last_token
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
_AROUND = "'\"`()[]<>{},;"

_CARD = r"\b[0-9](?:[ .-]?[0-9]){11,}"
_SSN = r"\b[0-9]{3}-[0-9]{2}-[0-9]{4}\b"
_ACCOUNT = r"\b[A-Za-z]{2}[ -]?[0-9]{2}(?:[ .-]?[A-Za-z0-9]){11,}"
_COIN = r"\b(?:bc1|[13])[A-Za-z0-9]{25,60}\b"
_LONG_WORD = 24
_ENCODED = rf"[A-Za-z0-9+/_-]{{{_LONG_WORD},}}={{0,2}}"
_DIGIT = re.compile("[0-9]")
_KEY_BEGINS = "-----BEGIN "
_KEY = rf"{_KEY_BEGINS}[A-Z0-9 ]{{0,50}}PRIVATE KEY(?: BLOCK)?-----"
_NUMBERS = tuple(re.compile(one, re.ASCII) for one in (_CARD, _SSN))
_WITHOUT_MARK = tuple(re.compile(one, re.ASCII) for one in (_COIN, _KEY))
_ANY_WITHOUT_MARK = re2.compile(f"{_CARD}|{_SSN}|{_COIN}|{_KEY}|{_ACCOUNT}|{_ENCODED}".encode())
_ENCODED_RUN = re.compile(_ENCODED)
_SECRETS = tuple(one for one in SECRET_DETECTORS if one.entity in SEAM_KINDS)
_SSN_WHOLE = re.compile(_SSN, re.ASCII)
_GROUPED = re.compile(
    r"\b[0-9]{4}([ -])[0-9]{4}(?:\1|(?=[0-9]))[0-9]{4}\1[0-9]{1,4}\b|\b[0-9]{4}([ -])[0-9]{6}\2[0-9]{5}\b", re.ASCII
)
_SAYS_CARD = re.compile(
    r"card|visa|maestro|amex|credit|debit|karte|carte|tarjeta|ssn|social|(?<![a-z])(?:cc|pan)(?![a-z])", re.IGNORECASE
)
_SAYS_ANYTHING = re.compile(
    r"(?:text|note|content|message|msg|body|comment|description|prompt|input|memo|value|data|part|chunk|half|line)"
    r"[_-]?(?:[0-9]{1,3}|[a-d]|more|rest|next|cont|part|second|two|end)?",
    re.IGNORECASE,
)
_NAMED = re.compile(r"[^\W0-9][\w ]{0,40}[:=] *(?=\S)")
_NAME = re.compile(r"[/:]([^/:]*[A-Za-z][^/:]*)(?:/[0-9]+)*\Z")


@dataclass(frozen=True, slots=True)
class Field:
    """A text of a request, as it may go on from another or in another: its ends, and the words there.

    `heads` are its beginning, and what stands behind a name there: `and then: …`. `quiet`: words and nothing else, so
    that in another such text beside it nothing goes on that no mark tells.
    """

    where: str
    end: str
    heads: tuple[str, ...]
    last: tuple[End, ...]
    first: tuple[End, ...]
    alone: bool
    number: bool
    is_name: bool
    has_digits: bool
    quiet: bool

    @classmethod
    def of(cls, where: str, text: str) -> Field:
        """`text` as the field at `where`."""
        return cls._of_piece(where, piece_of("", text))

    @classmethod
    @lru_cache(maxsize=1024)  # the neighbours of a new text were there before
    def _of_piece(cls, where: str, piece: Piece) -> Field:
        first, last = first_token(piece), last_token(piece)
        name = _NAMED.match(piece.head)
        heads = [piece.head.lstrip(_AROUND)]
        if name is not None:
            heads.append(piece.head[name.end() :].lstrip(_AROUND))
        end = piece.end.rstrip(_AROUND)
        has_digits = _DIGIT.search(piece.head) is not None or _DIGIT.search(piece.tail) is not None
        return cls(
            where=where,
            end=end,
            heads=tuple(heads),
            last=_ends(last, *end.rsplit(None, 1)[-1:]),
            first=_ends(first, *(word for head in heads for word in head.split(None, 1)[:1])),
            alone=not piece.tail and first == piece.head.strip(),
            number=is_number(piece),
            is_name=where.startswith(_IS_NAME),
            has_digits=has_digits,
            quiet=not has_digits and _is_quiet(piece.head) and _is_quiet(piece.tail),
        )

    @property
    def says_card(self) -> bool:
        """Does it say, or its name, that a number in it may be a card?"""
        return _SAYS_CARD.search(f"{self.where} {self.heads[0]} {self.end}") is not None

    @property
    def says_anything(self) -> bool:
        """Is its name one for texts of any sort, or for a part of one?"""
        name = _NAME.search(self.where)
        return name is None or _SAYS_ANYTHING.fullmatch(name[1]) is not None


def _is_quiet(text: str) -> bool:
    longest = max(map(len, text.split()), default=0)
    return text.isascii() and _KEY_BEGINS[:2] not in text and longest < _LONG_WORD // 2


def _ends(*texts: str) -> tuple[End, ...]:
    words = dict.fromkeys(text.strip(_AROUND) for text in texts)
    return tuple(End.of(word) for word in words if word)


def beside(fields: Sequence[tuple[str, str]], new: Sequence[bool], *, planted: bool) -> Iterator[list[Line]]:
    """For each of `fields` (where it stands, its text), what it says together with those that stand near before it.

    Names of fields stand among their values, each beside the name before it. Pairs of which neither is `new` were
    looked at before. `planted`: exact values are looked for too.
    """
    worth = _near(new)
    fresh = [at for at, one in enumerate(new) if one]
    ends, for_exact = ({*fresh[: many // 2], *fresh[-many // 2 :]} for many in (FAR, FAR_EXACT))
    before: deque[tuple[int, Field]] = deque(maxlen=REACH)
    rows: dict[bool, tuple[Field, str]] = {}
    for at, (where, text) in enumerate(fields):
        if not worth[at]:
            before.clear()
            rows.clear()
            yield []
            continue
        field = Field.of(where, text)
        beside_it, row = rows.get(field.is_name, (None, ""))
        lines = list(_in_a_row(row, field, planted=planted))
        for distance, (number, other) in enumerate(reversed(before)):
            near = other is beside_it
            if (new[at] or new[number]) and (near or at in ends or number in ends):
                exact = planted and distance < REACH_EXACT and (at in for_exact or number in for_exact)
                lines += _together(other, field, near=near, planted=exact or (planted and near))
                lines += _together(field, other, near=near, planted=exact)
        rows[field.is_name] = field, _row_with(row, beside_it, field)
        before.append((at, field))
        yield lines


def _in_a_row(row: str, field: Field, *, planted: bool) -> Iterator[Line]:
    """What texts of one word that follow one another say together with the first word of `field`."""
    if row:
        before = End.of(row)
        for one in field.first:
            numbers = not field.number
            likely = _is_secret(before, one) or _goes_on(row, one.text, near=True, numbers=numbers)
            if likely or (planted and len(row) <= _SHORT_ROW):
                yield Line(row + one.text, len(row), near=True, numbers=numbers, exact=not likely)


def _row_with(row: str, previous: Field | None, field: Field) -> str:
    """What stands before the next text when `field`, of one word, goes on from another; nothing for a first one."""
    if previous is None or not field.alone:
        return ""
    return ((row or (previous.last[-1].text if previous.last else "")) + field.heads[0].strip())[-ROW_CHARS:]


def _near(new: Sequence[bool]) -> list[bool]:
    """Of each field, whether one is new that it is held against."""
    found = [False] * len(new)
    for at, one in enumerate(new):
        if one:
            first, last = max(0, at - REACH), min(len(new), at + REACH + 1)
            found[first:last] = [True] * (last - first)
    return found


def _together(one: Field, two: Field, *, near: bool, planted: bool) -> Iterator[Line]:
    """What the words at the end of `one` and at the beginning of `two` say together, and all that stands there."""
    if one.quiet and two.quiet and not planted:
        bears = [before.bears_on(behind) for before in one.last for behind in two.first]
        if True not in bears:
            return
    numbers = one.has_digits and two.has_digits and _may_be_card(one, two)
    pairs = {
        (before.text, behind.text): _is_secret(before, behind)
        or (near and _goes_on(before.text, behind.text, near=True, numbers=numbers))
        for before, behind in product(one.last, two.first)
    }
    pairs |= {(one.end, head): True for head in two.heads if _goes_on(one.end, head, near=near, numbers=numbers)}
    for (before, behind), likely in pairs.items():
        if (likely or planted) and len(before) + len(behind) >= _SHORTEST:
            yield Line(before + behind, len(before), near=near, numbers=numbers, exact=not likely)


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
    edge = before[-_EDGE:] + behind[:_EDGE]
    if not _may_go_on(edge) or _ANY_WITHOUT_MARK.search(edge.encode("ascii", "replace")) is None:
        return False
    if any(_is_across(pattern, before, behind) for pattern in (_NUMBERS if numbers else ()) + _WITHOUT_MARK):
        return True
    seam = min(len(before), _EDGE)
    if any(one.span.start < seam < one.span.end for detector in iban.DETECTORS for one in detector.find(edge)):
        return True
    return near and any(may_be_base64(run) for run in _across(_ENCODED_RUN, before, behind))


def _may_go_on(edge: str) -> bool:
    """False only where none of those values can be, for it has neither a digit, nor a key's mark, nor a long word."""
    return (
        not edge.isascii()
        or _DIGIT.search(edge) is not None
        or _KEY_BEGINS in edge
        or max(map(len, edge.split()), default=0) >= _LONG_WORD
    )


def _may_be_card(one: Field, two: Field) -> bool:
    """May digits on both sides be a card, or a social security number? Two ids of things are one now and then.

    So words stand beside each, or it is said what they are; or they are written as such numbers are, or stand in
    fields for texts of any sort.
    """
    if not (one.number or two.number) or (one.says_anything and two.says_anything):
        return True
    if any(_is_across(written, one.end, head) for head in two.heads for written in (_GROUPED, _SSN_WHOLE)):
        return True
    return all(field.says_card for field in (one, two) if not field.number or (one.number and two.number))


def _is_across(pattern: re.Pattern[str], before: str, behind: str) -> bool:
    return bool(_across(pattern, before, behind))


def _across(pattern: re.Pattern[str], before: str, behind: str) -> list[str]:
    """What `pattern` matches across the seam."""
    edge, seam = before[-_EDGE:] + behind[:_EDGE], min(len(before), _EDGE)
    return [match[0] for match in pattern.finditer(edge) if match.start() < seam < match.end()]
