"""Texts that mean something, found wherever they stand as words: whole, whatever is around them.

One pass over a text, however many there are to look for. For a text that comes in pieces it says how much at its end
may be the beginning of one. Knows no formats.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Callable, Iterator, Mapping

from aisecops.model.provenance import Span

type Written = Callable[[str], str]
"""How a text is written where it is put."""

_WORD = re.compile(r"[A-Za-z0-9]+")
_LOWER = str.maketrans("ABCDEFGHIJKLMNOPQRSTUVWXYZ", "abcdefghijklmnopqrstuvwxyz")
"""ASCII alone: of these letters every text keeps its length."""


class Lexicon:
    """What each text of `meanings` means; `any_case`: ASCII letters count as equal. Does not change once it exists."""

    def __init__(self, meanings: Mapping[str, str], *, any_case: bool) -> None:
        self._any_case = any_case
        self._meanings = {self._as_known(text): meaning for text, meaning in meanings.items() if text}
        self._sorted = sorted(self._meanings)
        self._longest = max(map(len, self._sorted), default=0)
        self._by_word: dict[str, list[tuple[int, str]]] = {}
        self._wordless: list[str] = []
        for text in sorted(self._meanings, key=len, reverse=True):
            word = _WORD.search(text)
            if word is None:
                self._wordless.append(text)
            else:
                self._by_word.setdefault(word[0], []).append((word.start(), text))

    def __len__(self) -> int:
        return len(self._meanings)

    def _as_known(self, text: str) -> str:
        return text.translate(_LOWER) if self._any_case else text

    def found(self, text: str) -> Iterator[tuple[Span, str]]:
        """Where a known text stands in `text`, and what it means; in order, none inside another."""
        low = self._as_known(text)
        at = 0
        for start, known in sorted(self._starts(low)):
            if start >= at:
                at = start + len(known)
                yield Span(start=start, end=at), self._meanings[known]

    def replaced(self, text: str, *, written: Written = str, before: str = "") -> str:
        """`text` with all that is known replaced by what it means; `before` is what went before it."""
        pieces: list[str] = []
        at = 0
        for span, meaning in self.found(before[-1:] + text):
            start, end = span.start - len(before[-1:]), span.end - len(before[-1:])
            if start < at:
                continue
            pieces += (text[at:start], written(meaning))
            at = end
        return "".join([*pieces, text[at:]])

    def beginning(self, text: str, *, before: str = "") -> int:
        """How many characters at the end of `text` may be the beginning of a known one, or a whole one.

        A whole one counts, for the next character may make it another word.
        """
        low = self._as_known(before[-1:] + text)
        here = len(low) - len(text)
        for start in range(max(here, len(low) - self._longest), len(low)):
            if not _inside_word(low, start) and self._begins(low[start:]):
                return len(low) - start
        return 0

    def _begins(self, text: str) -> bool:
        at = bisect_left(self._sorted, text)
        return at < len(self._sorted) and self._sorted[at].startswith(text)

    def _starts(self, low: str) -> Iterator[tuple[int, str]]:
        for word in self._by_word.keys() & set(_WORD.findall(low)):
            for at in _places(low, word):
                if not _inside_word(low, at) and not _inside_word(low, at + len(word)):
                    yield from self._from(low, at, word)
        for known in self._wordless:
            yield from ((at, known) for at in _places(low, known))

    def _from(self, low: str, at: int, word: str) -> Iterator[tuple[int, str]]:
        """The longest known text whose first word is the one that stands at `at`."""
        for offset, known in self._by_word[word]:
            start = at - offset
            if start >= 0 and low.startswith(known, start) and not _inside_word(low, start + len(known)):
                yield start, known
                return


def _places(low: str, sought: str) -> Iterator[int]:
    at = low.find(sought)
    while at >= 0:
        yield at
        at = low.find(sought, at + len(sought))


def _inside_word(low: str, at: int) -> bool:
    """True when the place between two characters is inside a word."""
    if not 0 < at < len(low):
        return False
    return _of_word(low[at - 1]) and _of_word(low[at])


def _of_word(character: str) -> bool:
    return character.isascii() and character.isalnum()
