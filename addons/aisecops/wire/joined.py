"""Values that were cut over neighbouring fields: what short texts say when they are read without a gap.

Knows how a value is cut: characters or groups in a list, halves in two fields, codes of characters. Long texts are
nobody's halves; they say what they say.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

MAX_PIECE = 128
MAX_PIECES = 512
_PIECE = re.compile(r"\S*|[0-9][0-9 -]*")
_TOGETHER = (2, 3, 4)
"""Neighbours that are read as one, beside all of a row."""
_FEW = 64
_MIN_CODES = 8
_GROUP_DIGITS = 4
_GROUPS = 4
_CARD_DIGITS = range(13, 20)
_PRINTABLE = range(32, 127)
_AT_ONCE = 512
"""Values that are looked at before whoever asks may do something else."""


def joined(values: Sequence[object]) -> Iterator[str]:
    """What the members of one list, object, form or query say together, in their order; nothing for most.

    Of very many, an empty text now and then, so that whoever asks may do something else meanwhile.
    """
    for row in _rows(values):
        if (text := _of_texts(row)) or not row:
            yield text
    if text := _of_numbers(values):
        yield text


def _rows(values: Sequence[object]) -> Iterator[list[str]]:
    """Short texts that stand side by side; one with words in it is no part of a value, and ends the row.

    A row without any after each `_AT_ONCE` values.
    """
    row: list[str] = []
    for at, value in enumerate(values, 1):
        match value:
            case str() if len(value) <= MAX_PIECE and _PIECE.fullmatch(value.strip()):
                row.append(value.strip())
            case _ if row:
                yield row
                row = []
        if at % _AT_ONCE == 0:
            yield []
    if row:
        yield row


def _of_texts(row: list[str]) -> str:
    """All in a row, then each few neighbours on a line of their own.

    Of digits alone only the whole row is read: any few numbers of a list are a card now and then.
    """
    pieces = [piece for piece in row if piece][:MAX_PIECES]
    if len(pieces) < _TOGETHER[0]:
        return ""
    lines = ["".join(pieces)]
    if len(pieces) <= _FEW:
        few = ("".join(pieces[at : at + count]) for count in _TOGETHER for at in range(len(pieces) - count + 1))
        lines += [line for line in few if not line.isdigit()]
    return "\n".join(dict.fromkeys(lines))


def _of_numbers(values: Sequence[object]) -> str:
    """A list of digits, of groups of digits, or of codes of characters."""
    if len(values) > MAX_PIECES:
        return ""
    numbers = [value for value in values if type(value) is int]
    if not numbers or len(numbers) != len(values) or min(numbers) < 0:
        return ""
    if max(numbers) < 10 and len(numbers) in _CARD_DIGITS:  # noqa: PLR2004 - digits
        return "".join(map(str, numbers))
    if len(numbers) == _GROUPS and all(len(str(number)) == _GROUP_DIGITS for number in numbers):
        return "".join(map(str, numbers))
    if len(numbers) >= _MIN_CODES and all(number in _PRINTABLE for number in numbers):
        return "".join(map(chr, numbers))
    return ""
