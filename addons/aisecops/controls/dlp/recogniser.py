"""A detector made from a recogniser in the rules. The only file that runs somebody else's expressions.

They run on RE2: in linear time, whatever they say. Case is ignored, `.` matches line breaks and `^` each line's
beginning, as with Presidio; look-around and back references do not exist. A match is found whole when it is no longer
than the pieces of a text overlap (`stretches.py`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import re2

from aisecops.controls.dlp.detector import Sighting
from aisecops.controls.dlp.nearby import lifted
from aisecops.controls.dlp.stretches import pieces
from aisecops.model.provenance import Span
from aisecops.model.recogniser import FLAGS, RecogniserRule


class RuleDetector:
    """Looks for one recogniser's expressions and words."""

    def __init__(self, rule: RecogniserRule) -> None:
        """Raises ValueError for an expression that RE2 does not read; rules with one are never in force."""
        self.entity = rule.entity
        self.id = f"rules.{rule.name}"
        self._context = tuple(word.lower() for word in rule.context)
        try:
            self._patterns = [(re2.compile(FLAGS + one.regex), one.score) for one in rule.patterns]
        except re2.error as error:
            raise ValueError(f"an expression of `{rule.name}` cannot be read") from error
        words = "|".join(map(re.escape, sorted(rule.deny_list, key=len, reverse=True)))
        # plain words: nothing in them can be slow
        self._words = re.compile(rf"(?<!\w)(?:{words})(?!\w)", re.IGNORECASE) if words else None
        self._sure = rule.deny_list_score

    def find(self, text: str) -> Iterator[Sighting]:
        for span, score in dict.fromkeys((*self._matched(text), *self._named(text))):
            yield Sighting(span=span, confidence=lifted(score, text, span, self._context))

    def _matched(self, text: str) -> Iterator[tuple[Span, float]]:
        # a match costs the length of what is searched, for its place is counted from the beginning: so, in pieces
        for at, piece in pieces(text):
            for pattern, score in self._patterns:
                for match in pattern.finditer(piece):
                    start, end = match.span()
                    cut = (start == 0 and at > 0) or (end == len(piece) and at + end < len(text))
                    if start < end and not cut:
                        yield Span(start=at + start, end=at + end), score

    def _named(self, text: str) -> Iterator[tuple[Span, float]]:
        if self._words is not None:
            for match in self._words.finditer(text):
                yield Span(start=match.start(), end=match.end()), self._sure
