"""A text as sentences, and the traits of a sentence: its words, pairs of them, their kinds in a row, where it stands.

The traits are what `detectors/stray_order.weights` has weights for, so a change here needs new weights
(`benchmarks/stray_order.py train`). Pure; linear in the length of the text.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple

from aisecops.controls.firewall.word_kinds import UNSPACED, VERBS, kind_of
from aisecops.model.provenance import Span

MOST_WORDS = 36
"""Words of a sentence that are weighed together; a longer one is weighed in stretches that overlap by half."""
LEAST_WORDS = 2
"""A sentence with fewer says nothing."""
FEW = 8
"""A text with so many sentences or less is short."""
STEM = 5
"""Letters that stand for a word's other forms."""
_SHORT = 3
"""A word with fewer letters says something only beside another."""
_SIZES = (2, 3, 4)
"""Kinds in a row that are weighed together."""
_FURTHER = 10
"""Kinds behind an order that may be what it is about."""

_BREAK = re.compile(
    r"(?<=[.!?\u2026\u0964])[\"')\]*_\u201d]{0,3}\s+|[\n\r\u2028]+|\\[nr]|[\u3002\uff01\uff1f\uff1b]"
    r"|</?[a-zA-Z][^<>]{0,300}>|<!-{0,2}|\"\s*[:,}\]]|[\[{,:]\s*\"|\s\|\s|#\s|-->|/\*|\*/"
)
_LETTER = r"(?:[^\W\d_]|[\u0300-\u036f\u064b-\u0652\u0900-\u0963\u0971-\u0974])"
"""A letter, or a sign that is written on one: without them words of Arabic and Hindi fall apart."""
_WORD = re.compile(
    r"(?P<url>(?:https?|ftp)://[^\s<>\"')\]]+|www\.[^\s<>\"')\]]+)"
    r"|(?P<mail>[\w.+-]{1,64}@[\w-]{1,64}(?:\.[\w-]{1,64})+)"
    r"|(?P<money>[$\u20ac\u00a3\u00a5]\s?\d[\d.,]*)"
    r"|(?P<number>\d[\d.,:/-]*(?![^\W\d_]))"
    r"|(?P<name>[^\W\d]{0,40}\d\w*|[^\W_]{1,40}_\w+|[~/][\w.~/-]{3,}"
    r"|[\w-]{1,60}\.(?:pdf|txt|csv|xlsx?|docx?|py|sh|exe|zip|env|html?|json|md)\b)"
    rf"|(?P<unspaced>{'|'.join(UNSPACED)})"
    r"|(?P<glyph>[\u0e00-\u0eff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff])"
    rf"|(?P<word>{_LETTER}+(?:['\u2019]{_LETTER}+)?)"
    r"|(?P<mark>[!?]{1,3}|[*#<>\[\]{}|`\"=]{2,}|[:@])"
)
_MONEY_APART = re.compile(r"[$\u20ac\u00a3\u00a5]\s")
"""The only thing that is one word over a space."""
_AND = frozenset(
    [
        "and",
        "then",
        "to",
        "or",
        ":",
        "und",
        "y",
        "e",
        "et",
        "en",
        "i",
        "\u0438",
        "ve",
        "must",
        "will",
        "shall",
        "should",
    ]
)
"""Words after which a verb is an order as well."""
_BEFORE_ORDERS = frozenset({"PLEASE", "MUST", "NOW", "NOT", "MODEL"})
_TOLD = frozenset({"MODEL", "MUST", "YOU", "PLEASE"})
"""Kinds that an order may begin with, verbs aside."""
_GAP = "_"
_NOTHING = (_GAP, "$")
_KINDS = frozenset({"url", "mail", "money", "number", "name"})


class Sentence(NamedTuple):
    """Words in a row. `place` says where in which text: at its `end`, `amid` or `alone`, short or long."""

    words: tuple[str, ...]
    place: str
    row: Span
    """Where in the text its row stands: all of it, or the row of which it is a stretch."""
    first: int
    """How many words of the row stand before it."""

    def span_in(self, places: Sequence[tuple[int, int]]) -> Span:
        """From its first word to its last; `places` are those of all words of its row."""
        return Span(start=places[self.first][0], end=places[self.first + len(self.words) - 1][1])


def places_in(text: str, row: Span) -> list[tuple[int, int]]:
    """Where the words of a row of `text` stand. A row may be all of the text: whoever has many sentences asks once."""
    return [found.span() for found in _WORD.finditer(text, row.start, row.end)]


def sentences(text: str) -> Iterator[Sentence]:
    """The sentences of `text` that say something, in order; long ones in stretches."""
    found = [(row, words) for row in _rows(text) if len(words := _words(text, row)) >= LEAST_WORDS]
    size = "few" if len(found) <= FEW else "many"
    ends = ("amid", "end")
    for number, (row, words) in enumerate(found):
        place = "alone" if len(found) == 1 else f"{ends[number in (0, len(found) - 1)]} {size}"
        for first in range(0, max(len(words) - MOST_WORDS // 2, 1), MOST_WORDS // 2):
            yield Sentence(tuple(words[first : first + MOST_WORDS]), place, row, first)


def _rows(text: str) -> Iterator[Span]:
    start = 0
    for found in _BREAK.finditer(text):
        if found.start() > start:
            yield Span(start=start, end=found.start())
        start = found.end()
    yield Span(start=start, end=len(text))


def _words(text: str, row: Span) -> list[str]:
    """The words of a row as they are weighed. Most are letters and no more, and need no expression."""
    piece = text[row.start : row.end]
    if _MONEY_APART.search(piece) is not None:
        return list(map(_said, _WORD.finditer(piece)))
    words: list[str] = []
    for between in piece.split():
        bare = between if between.isalpha() else between.lstrip("(").rstrip(").,;")
        if bare.isalpha() and bare.isascii():
            words.append(bare.lower())
        else:
            words += map(_said, _WORD.finditer(between))
    return words


def _said(found: re.Match[str]) -> str:
    kind = found.lastgroup
    return f"<{kind}>" if kind in _KINDS else found[0].lower().replace("\u2019", "'")


def traits(sentence: Sentence) -> set[str]:
    """What the sentence is weighed by, by name."""
    words = sentence.words
    names = {word for word in words if word[0] != "<" and (len(word) >= _SHORT or not word.isascii())}
    names.update([f"{word[:STEM]}-" for word in names if len(word) > STEM])
    names.update(map(" ".join, pairwise(("^", *words, "$"))))
    names.update(_of_kinds(words, sentence.place))
    return names


def _of_kinds(words: Iterable[str], place: str) -> Iterator[str]:
    row = _row(words)
    for size in _SIZES:
        for at in range(len(row) - size + 1):
            if row[at] != _GAP and row[at + size - 1] != _GAP:
                yield f"={' '.join(row[at : at + size])}"
    yield f"@{place} {' '.join(row[1:3])}"
    yield f"@{place}"
    for at, kind in enumerate(row):
        if kind in _TOLD or kind[-1] == "!":
            for behind in row[at + 2 : at + _FURTHER]:
                if behind not in _NOTHING:
                    yield f"={kind} .. {behind}"


def _row(words: Iterable[str]) -> list[str]:
    """The kinds of words: what has none is one gap, however long; an order ends in `!`."""
    row = ["^"]
    ordered = True  # a verb here would be an order
    for said in words:
        kind = said if said[0] == "<" else kind_of(said)
        if kind in VERBS:
            row.append(f"{kind}!" if ordered else kind.lower())
        elif kind:
            row.append(kind)
        elif row[-1] != _GAP:
            row.append(_GAP)
        ordered = kind in _BEFORE_ORDERS or said in _AND
    row.append("$")
    return row
