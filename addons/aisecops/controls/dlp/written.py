"""A body as it is written, and where in its bytes each of its texts stands: to put something in the place of a part.

Knows JSON strings, their escapes, JSON inside JSON strings, and plain text. What has no place here cannot be replaced.
"""

from __future__ import annotations

import json
import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from aisecops.model.finding import Finding
from aisecops.model.json_places import string_values, with_spans
from aisecops.model.provenance import Span

_BODY = "body:"
_MAX_NESTED = 3
_ESCAPE = re.compile(r"\\u[dD][89abAB]..\\u[dD][c-fC-F]..|\\u....|\\.", re.DOTALL)
"""One character of a JSON string that is written as more than one."""


@dataclass(frozen=True)
class Passage:
    """A text that stands in a body: `text` as it reads, `raw` as it is written from `start` on in what is around it.

    `times` is how many JSON strings inside each other it stands in.
    """

    text: str
    raw: str
    start: int
    around: Passage | None = None
    times: int = 0

    def place(self, span: Span) -> Span:
        """Where in the body `span` of the text stands."""
        here = Span(start=self.start + self._written(span.start), end=self.start + self._written(span.end))
        return here if self.around is None else self.around.place(here)

    def _written(self, at: int) -> int:
        """How far into what is written the character `at` of the text begins."""
        escapes, surplus = self._escapes
        before = bisect_left(escapes, at)
        return at + (surplus[before - 1] if before else 0)

    @cached_property
    def _escapes(self) -> tuple[list[int], list[int]]:
        """The characters that are escaped, and by how much all up to each are longer as they are written."""
        escapes: list[int] = []
        surplus: list[int] = []
        total = 0
        for escape in _ESCAPE.finditer(self.raw):
            escapes.append(escape.start() - total)
            total += len(escape[0]) - 1
            surplus.append(total)
        return escapes, surplus


class WrittenBody:
    """A body of UTF-8: JSON, or a plain text. Raises ValueError for any other."""

    def __init__(self, body: bytes) -> None:
        self.text = body.decode("utf-8")
        self._strings: dict[str, tuple[str, Span]] = {}
        self._passages: dict[str, Passage] = {}
        self._times: list[tuple[int, int, int]] | None = None
        self.is_json = True
        try:
            self._strings = string_values(self.text)
        except ValueError:
            self.is_json = False

    def place(self, finding: Finding) -> Span | None:
        """Where `finding` stands; None where nothing can be put in its place."""
        span, pointer = finding.span, finding.where.removeprefix(_BODY)
        if pointer == finding.where or not 0 <= span.start < span.end:
            return None
        if pointer:
            return self._in_string(pointer, span)
        if span.end > len(self.text) or "" in self._strings:
            return None  # of a lone JSON string nobody can tell whether the span counts in the string or in its text
        if not self.is_json:
            return span
        inside = any(there.start < span.start and span.end < there.end for _, there in self._strings.values())
        return span if inside else None

    def reads(self, span: Span) -> str:
        """What the body says at `span`, its escapes undone as often as they are done there."""
        raw = self.text[span.start : span.end]
        for _ in range(self._written_times(span)):
            raw = str(json.loads(f'"{raw}"'))
        return raw

    def passages(self) -> Iterator[Passage]:
        """Every text in the body: of JSON its strings, of a string that is JSON itself the strings in that."""
        if not self.is_json:
            yield Passage(self.text, self.text, 0)
            return
        for value, span in self._strings.values():
            yield from _opened(_passage(self.text, value, span, None), 0)

    def with_edits(self, edits: Sequence[tuple[Span, str]]) -> bytes:
        """The body with each span replaced; all else keeps its bytes. The spans do not overlap."""
        return with_spans(self.text, edits).encode("utf-8")

    def _written_times(self, span: Span) -> int:
        """How many JSON strings inside each other `span` stands in."""
        if self._times is None:
            found = (
                (passage.place(Span(start=0, end=len(passage.text))), passage.times) for passage in self.passages()
            )
            self._times = sorted((there.start, there.end, times) for there, times in found)
        at = bisect_right(self._times, (span.start, len(self.text), 0)) - 1
        if at >= 0 and span.end <= self._times[at][1]:
            return self._times[at][2]
        return 1 if self.is_json else 0

    def _in_string(self, pointer: str, span: Span) -> Span | None:
        passage = self._passages.get(pointer)
        if passage is None and pointer in self._strings:
            passage = self._passages[pointer] = _passage(self.text, *self._strings[pointer], None)
        return passage.place(span) if passage is not None and span.end <= len(passage.text) else None


def _passage(text: str, value: str, span: Span, around: Passage | None) -> Passage:
    times = 1 if around is None else around.times + 1
    return Passage(value, text[span.start + 1 : span.end - 1], span.start + 1, around, times)


def _opened(passage: Passage, depth: int) -> Iterator[Passage]:
    """The strings of a string that is a JSON object or list; else itself."""
    inside: dict[str, tuple[str, Span]] = {}
    if depth < _MAX_NESTED and passage.text.lstrip()[:1] in {"{", "["}:
        try:
            inside = string_values(passage.text)
        except ValueError:
            inside = {}
    if not inside:
        yield passage
    for value, span in inside.values():
        yield from _opened(_passage(passage.text, value, span, passage), depth + 1)
