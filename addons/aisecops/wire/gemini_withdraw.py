"""Take proposed calls out of an answer of Gemini's, or a chunk of one: the part of a call becomes one of text."""

from __future__ import annotations

from aisecops.wire.fields import JsonObject
from aisecops.wire.gemini import candidates_in, spelled
from aisecops.wire.withdraw import Words


def from_gemini(answer: JsonObject, words: Words) -> None:
    """The `Way` of generateContent. Why an answer ended says nothing of calls there."""
    for _, _, parts in candidates_in(answer):
        for at, part in parts:
            if part.get(spelled(part, "functionCall", at)) and (why := words()) is not None:
                part.clear()
                part["text"] = why
