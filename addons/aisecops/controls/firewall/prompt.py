"""System prompts told apart: which texts are the same prompt, and where two differ.

Dates and times of day are left out, for many prompts say when it is; nothing else is. Knows texts; which prompt is
pinned is `gateway/pinned/prompts.py`.
"""

from __future__ import annotations

import difflib
import hashlib
import re
from collections.abc import Sequence

from aisecops.model.provenance import Span
from aisecops.model.value import Value

MAX_PIECES = 500
"""Sentences that are told apart; a change after them is only known to be one."""
_MONTHS = "(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]{0,6}"
_DAY = "(?:(?:mon|tues|wednes|thurs|fri|satur|sun)day,? )?"
_DATES = re.compile(
    rf"\b(?:{_DAY}(?:"
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}(?:[t ][0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]{1,9})?)?(?:z|[+-][0-9]{2}:?[0-9]{2})?)?"
    rf"|{_MONTHS} [0-9]{{1,2}}(?:st|nd|rd|th)?,? [0-9]{{4}}|[0-9]{{1,2}}\.? {_MONTHS},? [0-9]{{4}}"
    r"|[0-9]{1,2}[./][0-9]{1,2}[./][0-9]{2,4})"
    r"|[0-9]{1,2}:[0-9]{2}(?::[0-9]{2})?(?: ?[ap]m\b)?)",
    re.IGNORECASE,
)
_PIECE = re.compile(r"[^.!?\n]*[.!?\n]*")


class Piece(Value):
    """One sentence or line of a prompt: in which of its texts, and where there."""

    text: int
    span: Span
    words: str


def exact_digest(texts: Sequence[str]) -> str:
    """`sha256:…` of a prompt to the letter; of one text, what `sha256sum` says of it."""
    return _digest("\n\n".join(texts))


def prompt_digest(texts: Sequence[str]) -> str:
    """`sha256:…` of a prompt without dates and times of day."""
    return _digest("\n\n".join(_DATES.sub("<date>", text) for text in texts))


def pieces(texts: Sequence[str]) -> list[Piece]:
    """The sentences and lines of a prompt, without dates and without space around them."""
    return [
        Piece(text=number, span=Span(start=found.start(), end=found.end()), words=words)
        for number, text in enumerate(texts)
        for found in _PIECE.finditer(text)
        if (words := " ".join(_DATES.sub("<date>", found[0]).split()))
    ][:MAX_PIECES]


def differences(before: Sequence[str], now: Sequence[str], at: Sequence[Piece]) -> tuple[list[Piece], int]:
    """Which pieces are new, and how many are gone, of two prompts given by a digest of each piece; `at` are those now.

    Neighbours are told as one.
    """
    new: list[Piece] = []
    gone = 0
    for tag, i, j, k, m in difflib.SequenceMatcher(a=before, b=now, autojunk=False).get_opcodes():
        if tag == "equal":
            continue
        gone += j - i
        for piece in at[k:m]:
            if new and new[-1].text == piece.text and new[-1].span.end == piece.span.start:
                piece = Piece(text=piece.text, span=Span(start=new.pop().span.start, end=piece.span.end), words="")  # noqa: PLW2901 - it grows
            new.append(piece)
    return new, gone


def _digest(text: str) -> str:
    return f"sha256:{hashlib.sha256(text.encode('utf-8', 'surrogatepass')).hexdigest()}"
