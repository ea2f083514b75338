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
    r"|\byou (?:must|are now) \w+|\b(?:system|your) prompt\b|\byour (?:\w+ )?instructions\b|\bdo not tell the user|\bsend (?:the|all|your) \w+[^.\n]{0,40} to\b",
    re.IGNORECASE,
)
_DECODE_ME = re.compile(
    r"(?<!not )(?<!n't )(?<!never )\b(?:decode|decrypt|decipher|unscramble|unhex|percent-decode|apply rot13)\b[^.\n]{0,80}\b(?:and|then) (?:then )?(?:follow|execute|obey|do (?:exactly )?what|do it|run|perform|act|comply|carry (?:it|them|this) out)\b"
)
_SPELLED = re.compile(r"\b(?:[0-9a-f]{2}[ :]?){12,2000}|\b(?:[01]{8}[ ,]?){6,2000}")
"""Bytes written as hexadecimal or binary numbers."""
_SHIFTED = ("vtaber", "qvfertneq", "vafgehpgvbaf")  # thirteen letters on: ignore, disregard, instructions
_DRESSED = re.compile(r"[A-Za-z0-9+/_-]{24}|%[0-9A-Fa-f]{2}|&#|(?:\\u[0-9a-fA-F]{4}){3}")


def _spelled(digits: str) -> str:
    """What the bytes say; nothing when they are no text."""
    bare = re.sub(r"[ ,:]", "", digits)
    base, size = (2, 8) if len(bare) % 8 == 0 and set(bare) <= {"0", "1"} else (16, 2)
    said = bytes(int(bare[at : at + size], base) for at in range(0, len(bare) - size + 1, size))
    return said.decode() if said.isascii() else ""


def _find(passage: Passage) -> Iterator[Sign]:
    yield from _asked_to_decode(passage)
    piece = passage.text[:MAX_PIECE]
    for match in islice(_SPELLED.finditer(passage.lowered, 0, MAX_PIECE), MAX_SIGNS):
        if _ORDER.search(_spelled(match[0])) is not None:
            yield Sign(span=Span(start=match.start(), end=match.end()), weight=0.8)
    if _DRESSED.search(piece) is None:
        return
    undressed = readings(piece)
    next(undressed)  # the text as it stands is for the others
    for reading in undressed:
        for match in islice(_ORDER.finditer(reading.text), MAX_SIGNS):
            if match[0].casefold() not in passage.lowered:
                yield Sign(span=reading.place(Span(start=match.start(), end=match.end())), weight=0.8)


def _asked_to_decode(passage: Passage) -> Iterator[Sign]:
    lowered = passage.lowered
    if any(word in lowered for word in ("deco", "decr", "decip", "unscr", "unhex", "rot13")):
        for match in islice(_DECODE_ME.finditer(lowered), MAX_SIGNS):
            yield Sign(span=Span(start=match.start(), end=match.end()), weight=0.7)
    if any(word in lowered for word in _SHIFTED):
        for match in islice(_ORDER.finditer(codecs.decode(passage.text, "rot13")), MAX_SIGNS):
            yield Sign(span=Span(start=match.start(), end=match.end()), weight=0.85)


DETECTOR = Detector(name="encoded_payload", find=_find)
