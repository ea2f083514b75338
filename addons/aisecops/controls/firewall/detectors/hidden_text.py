"""Text that people do not see and models read: invisible characters, styles that hide, comments, metadata.

Hiding alone is weak evidence, every page has comments; words that address a reader, hidden, are strong.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice

from aisecops.controls.firewall.sign import MAX_SIGNS, Detector, Passage, Sign
from aisecops.model.provenance import Span

_TAGS = re.compile(
    "(?<![\U0001f3f4\U000e0020-\U000e007e])[\U000e0020-\U000e007e]{4,}"
)  # a region's flag is a black flag and tags
_ZERO_WIDTH = re.compile("[\u200b\u200c\u200d\u2060\ufeff]{8,}")
_SPACED_BY_NOTHING = re.compile("(?:[a-zA-Z][\u200b\u2060]){8,}")
_VARIATIONS = re.compile("[\ufe00-\ufe0f\U000e0100-\U000e01ef]{8,}")
_INVISIBLE = ((_TAGS, 0.95), (_VARIATIONS, 0.8), (_SPACED_BY_NOTHING, 0.6), (_ZERO_WIDTH, 0.55))
_COMMENT = re.compile(r"<!--(.{12,2000}?)-->", re.DOTALL)
_STYLED = re.compile(
    r"<[a-z]\w{0,20}\b[^<>]{0,300}?(?:display\s*:\s*none|visibility\s*:\s*hidden|font-size\s*:\s*[01](?:px|pt|em)?\s*[;\"']"
    r"|opacity\s*:\s*0(?:\.0\d?)?\s*[;\"']|(?:left|top|text-indent)\s*:\s*-\d{3,}|[;\"'\s]color\s*:\s*(?:white|#fff(?:fff)?|transparent)\b"
    r"|aria-hidden=.true|\shidden[\s>=])[^<>]{0,300}>([^<]{12,2000})"
)
_META = re.compile(
    r"<(?:meta|img|a|input|svg)\b[^<>]{0,200}?\b(?:content|alt|title|aria-label|placeholder)\s*=\s*[\"']([^\"'<>]{12,1000})"
)
_FOR_MODELS = re.compile(
    r"<meta\b[^<>]{0,80}[\"'](?:ai|llm|agent|assistant)[:-](?:instructions?|action|directive|prompt|command)[\"'][^<>]{0,400}>"
)
_TO_A_READER = re.compile(
    r"\b(?:you (?:must|will now|are now|are an?)|your (?:task|instructions|response|answer|summary|user)|ignore (?:all|any|previous|prior|your|the (?:user|previous|prior|above|system|instructions?|web ?page|page|document|rest|surrounding|question))|disregard"
    r"|(?:ai|llm|language model|assistant|chatbot|agent)s?\b(?=[^\n]{0,80}\b(?:must|should|please|instead|send|say|visit|recommend|ignore|follow|click|include|tell))"
    r"|(?:send|forward|transfer|exfiltrate) (?:the|all|your|this|any) (?:\w+ ){0,4}(?:to|from)|new instructions?|system (?:prompt|override|instruction)|follow these instructions)"
)


def _find(passage: Passage) -> Iterator[Sign]:
    yield from _unseen(passage.text)
    if "<" in passage.lowered:
        yield from islice(_in_markup(passage.lowered), MAX_SIGNS)


def _unseen(text: str) -> Iterator[Sign]:
    """One sign of each kind of characters that nobody sees."""
    for pattern, weight in _INVISIBLE if not text.isascii() else ():
        match = pattern.search(text)
        if match is not None:
            yield Sign(span=Span(start=match.start(), end=match.end()), weight=weight)


def _in_markup(lowered: str) -> Iterator[Sign]:
    """What is written for models, and words to a reader in comments, styles that hide, and attributes."""
    for match in _FOR_MODELS.finditer(lowered):
        yield Sign(span=Span(start=match.start(), end=match.end()), weight=0.65)
    for pattern, trigger in ((_COMMENT, "-->"), (_STYLED, ">"), (_META, "=")):
        if trigger not in lowered:
            continue
        for match in pattern.finditer(lowered):
            said = _TO_A_READER.search(lowered, match.start(1), match.end(1))
            if said is not None:
                yield Sign(span=Span(start=said.start(), end=match.end(1)), weight=0.7)


DETECTOR = Detector(name="hidden_text", find=_find)
