"""A text as sentences, and the traits of a sentence: its words, pairs of them, their kinds in a row, where it stands.

The traits are what `detectors/stray_order.weights` has weights for, so a change here needs new weights
(`benchmarks/stray_order.py train`). Pure; linear in the length of the text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

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
_KINDS = ("url", "mail", "money", "number", "name")


@dataclass(frozen=True, slots=True)
class Word:
    """One word as it is weighed, and where it stands."""

    said: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Sentence:
    """Words in a row. `place` says where in which text: at its `end`, `amid` or `alone`, short or long."""

    words: tuple[Word, ...]
    place: str

    @property
    def span(self) -> Span:
        """From the first word to the last."""
        return Span(start=self.words[0].start, end=self.words[-1].end)


def sentences(text: str) -> Iterator[Sentence]:
    """The sentences of `text` that say something, in order; long ones in stretches."""
    found = [words for words in _rows(text) if len(words) >= LEAST_WORDS]
    size = "few" if len(found) <= FEW else "many"
    ends = ("amid", "end")
    for number, words in enumerate(found):
        place = "alone" if len(found) == 1 else f"{ends[number in (0, len(found) - 1)]} {size}"
        for start in range(0, max(len(words) - MOST_WORDS // 2, 1), MOST_WORDS // 2):
            yield Sentence(tuple(words[start : start + MOST_WORDS]), place)


def _rows(text: str) -> Iterator[list[Word]]:
    start = 0
    for found in _BREAK.finditer(text):
        if found.start() > start:
            yield _words(text, start, found.start())
        start = found.end()
    yield _words(text, start, len(text))


def _words(text: str, start: int, end: int) -> list[Word]:
    words = []
    for found in _WORD.finditer(text, start, end):
        kind = found.lastgroup
        said = f"<{kind}>" if kind in _KINDS else found[0].lower().replace("\u2019", "'")
        words.append(Word(said, found.start(), found.end()))
    return words


def traits(sentence: Sentence) -> Iterator[tuple[str, int, int]]:
    """What the sentence is weighed by: a name, and from which word to which it stands; some stand for the whole."""
    said = ["^", *(word.said for word in sentence.words), "$"]
    last = len(said) - 1
    for at in range(1, last):
        word = said[at]
        if word[0] == "<" or (len(word) < _SHORT and word.isascii()):
            continue
        yield word, at - 1, at
        if len(word) > STEM:
            yield f"{word[:STEM]}-", at - 1, at
    for at in range(last):
        yield f"{said[at]} {said[at + 1]}", max(at - 1, 0), min(at + 1, last - 1)
    yield from _of_kinds(sentence)


def _of_kinds(sentence: Sentence) -> Iterator[tuple[str, int, int]]:
    row = _row(sentence)
    for size in _SIZES:
        for at in range(len(row) - size + 1):
            piece = row[at : at + size]
            if piece[0][0] != _GAP and piece[-1][0] != _GAP:
                yield f"={' '.join(kind for kind, _ in piece)}", piece[0][1], piece[-1][1] + 1
    opening = row[1:3]
    yield f"@{sentence.place} {' '.join(kind for kind, _ in opening)}", 0, opening[-1][1] + 1
    yield f"@{sentence.place}", 0, len(sentence.words)
    for at, (kind, start) in enumerate(row):
        if kind in _TOLD or kind[-1] == "!":
            for behind, end in row[at + 2 : at + _FURTHER]:
                if behind not in _NOTHING:
                    yield f"={kind} .. {behind}", start, end + 1


def _row(sentence: Sentence) -> list[tuple[str, int]]:
    """The kinds of its words and where they stand: what has none is one gap, however long; an order ends in `!`."""
    row = [("^", 0)]
    ordered = True  # a verb here would be an order
    for at, word in enumerate(sentence.words):
        kind = word.said if word.said[0] == "<" else kind_of(word.said)
        if kind in VERBS:
            row.append((f"{kind}!" if ordered else kind.lower(), at))
        elif kind:
            row.append((kind, at))
        elif row[-1][0] != _GAP:
            row.append((_GAP, at))
        ordered = kind in _BEFORE_ORDERS or word.said in _AND
    row.append(("$", len(sentence.words) - 1))
    return row
