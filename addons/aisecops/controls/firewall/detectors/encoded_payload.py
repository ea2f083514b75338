"""Orders under a dress: text that reads as an instruction only once base64, escapes or entities are taken off."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from itertools import islice

from aisecops.controls.firewall.sign import MAX_SIGNS, Detector, Passage, Sign
from aisecops.model.provenance import Span
from aisecops.model.readings import readings

MAX_PIECE = 20_000
"""Characters that dresses are taken off of; past them only plain text is looked at."""
_ORDER = re.compile(
    r"\b(?:ignore|disregard|forget) (?:all |any |the |your |previous |prior |above )+(?:\w+ )?(?:instructions?|prompts?|rules?)"
    r"|\byou (?:must|are now) \w+|\bsystem prompt\b|\bdo not tell the user|\bsend (?:the|all|your) \w+[^.\n]{0,40} to\b",
    re.IGNORECASE,
)
_DECODE_ME = re.compile(
    r"\b(?:decode|decrypt|decipher|unscramble)\b[^.\n]{0,80}\b(?:and|then) (?:then )?(?:follow|execute|obey|do what|run|perform|act)\b"
)
_SHIFTED = ("vtaber", "qvfertneq", "vafgehpgvbaf")  # thirteen letters on: ignore, disregard, instructions
_DRESSED = re.compile(r"[A-Za-z0-9+/_-]{24}|%[0-9A-Fa-f]{2}|&#|(?:\\u[0-9a-fA-F]{4}){3}")


def _find(passage: Passage) -> Iterator[Sign]:
    text, lowered = passage.text, passage.lowered
    if "deco" in lowered or "decr" in lowered or "decip" in lowered or "unscr" in lowered:
        for match in islice(_DECODE_ME.finditer(lowered), MAX_SIGNS):
            yield Sign(span=Span(start=match.start(), end=match.end()), weight=0.7)
    if any(word in lowered for word in _SHIFTED):
        for match in islice(_ORDER.finditer(codecs.decode(text, "rot13")), MAX_SIGNS):
            yield Sign(span=Span(start=match.start(), end=match.end()), weight=0.85)
    piece = text[:MAX_PIECE]
    if _DRESSED.search(piece) is None:
        return
    undressed = readings(piece)
    next(undressed)  # the text as it stands is for the others
    for reading in undressed:
        for match in islice(_ORDER.finditer(reading.text), MAX_SIGNS):
            if match[0].casefold() not in lowered:
                yield Sign(span=reading.place(Span(start=match.start(), end=match.end())), weight=0.8)


DETECTOR = Detector(name="encoded_payload", find=_find)
