"""Phone numbers that no country's plan vouches for: written with a plus, or named as what they are.

Finds what Presidio's recogniser does not look for: extensions, local numbers, plans it does not know.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import re2

from aisecops.controls.dlp.detector import Sighting
from aisecops.controls.dlp.stretches import spans_around
from aisecops.model.provenance import Span


def _of_bytes(pattern: bytes) -> Any:
    options = re2.Options()
    options.encoding = re2.Options.Encoding.LATIN1  # a byte is a character
    return re2.compile(pattern, options)


_BEFORE_IT = re.compile(
    r"\b(?:phone|telephone|tele?|telefono?|mobile?|cell|handy|fax|desk|office|called|call|ring|dial|whatsapp|sms"
    r"|text me|reach me|answering|contact|hotline|helpline)\b[^\w+(\n]{0,4}\n?"
    r"(?:(?:number|no|nr|is|me|us|on|at|my|him|her|them|to|back|the|work|home|or)\b[^\w+(]{0,4}){0,3}",
    re.IGNORECASE | re.ASCII,
)
_HINTS = (
    *("phone", "tel", "mobil", "cell", "handy", "fax", "desk", "office", "call", "ring", "dial", "whatsapp", "sms"),
    *("text me", "reach me", "answering", "contact", "hotline", "helpline", "home", "work"),
)
"""In small letters, what is in every such word; cheap to look for."""
_BEHIND_IT = re.compile(r"[ ]{0,2}[-,]?[ ]{0,2}\(?\b(?:office|mobile|fax|cell|phone|home|work|desk)\b", re.IGNORECASE)
_DIGITS = rb"(?i)((?:\(?\+?[0-9]{1,4}\)?[ ./-]{0,2}){1,6}[0-9]{2,4}(?:[ ]{0,2}(?:x|ext\.?)[ ]{0,2}[0-9]{1,6})?)"
"""Digits can be grouped in many ways: on RE2, which does not try them one after the other."""
_NUMBER = _of_bytes(_DIGITS + rb"[A-Za-z_.:/-]*(?:[^\w.:/-]|\z)")
_LAST_NUMBER = _of_bytes(rb"[^\w.:/+(-]" + _DIGITS + rb"\n?\z")
_LONGEST = 40
_LONGEST_BEHIND = 200
"""Characters of a number behind its word, and of what must hold no more digits for it to be one."""
_ABROAD = re.compile(
    r"(?<![\w+.])\+[0-9]{1,3}(?:[ .()/-]{0,2}[0-9]){6,13}(?:[ ]{0,2}(?:x|ext\.?)[ ]{0,2}[0-9]{1,6})?(?![0-9])",
    re.ASCII,
)
_PLUS = re.compile(r"\+[0-9]")
_DATE = re.compile(r"(?:19|20)[0-9]{2}[-./][0-9]{1,2}[-./][0-9]{1,2}|[0-9]{1,2}[-./][0-9]{1,2}[-./](?:19|20)?[0-9]{2}")
_EXTENSION = re.compile(r"[ ]{0,2}(?:x|ext).*", re.IGNORECASE)
_FEWEST, _MOST = 7, 15
_SEVEN_DIGITS = re.compile(
    r"(?<![0-9])(?![0-9]{4}-[0-9]{2}-[0-9]{2}(?:T| [0-9]{2}:))[0-9](?:[ ()+./-]{0,5}[0-9]){6}", re.ASCII
)
"""Stands in every number; a day with its time is none."""
_REACH = 128
"""Characters before and behind that: no number with the word that names it is longer."""


def _is_number(value: str) -> bool:
    digits = sum(map(str.isdigit, _EXTENSION.sub("", value)))
    return _FEWEST <= digits <= _MOST and _DATE.fullmatch(value) is None


@dataclass(frozen=True, slots=True)
class PhoneInWordsDetector:
    """Looks for a number behind a word, before a word, or behind a plus."""

    id: str = "phone_in_words"
    entity: str = "PHONE_NUMBER"

    def find(self, text: str) -> Iterator[Sighting]:
        for span in dict.fromkeys(_spans(text)):
            if _is_number(text[span.start : span.end]):
                yield Sighting(span=span, confidence=0.5)


def _spans(text: str) -> Iterator[Span]:
    if _PLUS.search(text) is None and not _hints_at(text.lower()):
        return
    for begin, end in spans_around(_SEVEN_DIGITS, _REACH, text):
        yield from _spans_in(text, begin, end)


def _hints_at(small: str) -> bool:
    """May a word stand in a text, given in small letters, that names a number?"""
    for hint in _HINTS:  # noqa: SIM110 - a generator takes longer than the look
        if hint in small:
            return True
    return False


def _spans_in(text: str, begin: int, end: int) -> Iterator[Span]:
    """Numbers whose word begins at `begin` or behind it, and before `end`."""
    around = text[begin:end].lower()
    for abroad in _ABROAD.finditer(text, begin, end) if "+" in around else ():
        yield Span(start=abroad.start(), end=abroad.end())
    if not _hints_at(around):
        return
    for word in _BEFORE_IT.finditer(text, begin, end):
        yield from _found(_NUMBER.match, text[word.end() : word.end() + _LONGEST_BEHIND], word.end())
    for word in _BEHIND_IT.finditer(text, begin, end):
        start = max(0, word.start() - _LONGEST)
        before = text[start - 1 : start] or " "
        yield from _found(_LAST_NUMBER.search, before + text[start : word.start()], start - 1)


def _found(look: Callable[[bytes], Any], stretch: str, at: int) -> Iterator[Span]:
    """The number that `look` finds in a stretch that begins `at`; characters that are no ASCII say nothing."""
    number = look(stretch.encode("ascii", "replace"))
    if number is not None:
        yield Span(start=at + number.start(1), end=at + number.end(1))


DETECTORS = (PhoneInWordsDetector(),)
