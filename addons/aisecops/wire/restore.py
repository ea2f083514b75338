"""Put back what stands for something else in an answer: in every text of it, written as it must be there.

Knows JSON, JSON inside JSON strings, and plain text. What stands for what is told by `Meanings`; what is no text stays
as it is. Streams are `restore_stream.py`'s.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Protocol

from aisecops.model.errors import WireError
from aisecops.model.exchange import Headers
from aisecops.model.json_places import all_strings, quoted, with_spans
from aisecops.wire.media_type import declared_charset, media_type, read_text

_MAX_NESTED = 3
_TEXTS = ("text/", "application/json", "application/xml", "application/x-ndjson", "application/jsonl")


class Meanings(Protocol):
    """What texts stand for."""

    def replaced(self, text: str, *, written: Callable[[str], str] = str, before: str = "") -> str:
        """`text` with all that is known replaced by what it means; `before` is what went before it."""
        ...

    def beginning(self, text: str, *, before: str = "") -> int:
        """How many characters at the end of `text` may be the beginning of something known."""
        ...


def restored_body(headers: Headers, body: bytes, meanings: Meanings) -> bytes:
    """`body`, which is decoded, restored. Raises WireError when its charset cannot say what comes back."""
    try:
        kind = media_type(headers)
        charset = declared_charset(kind)
        if kind is not None and not kind.is_json and not kind.name.startswith(_TEXTS):
            return body
        text = read_text(body, charset)
    except WireError:
        return body
    restored = restored_text(text, meanings)
    if restored == text:
        return body
    try:
        return restored.encode(charset)
    except UnicodeEncodeError:
        raise WireError("what stood for a value cannot be restored in the charset of the answer") from None


def restored_text(text: str, meanings: Meanings, *, depth: int = 0) -> str:
    """`text` restored; where it is JSON, in its strings and names, and it stays JSON."""
    if depth <= _MAX_NESTED and looks_like_json(text):
        try:
            strings = all_strings(text)
        except ValueError:
            # not one document: perhaps several, perhaps cut off, and in their strings most likely
            return meanings.replaced(text, written=in_json)
        changed = [
            (span, quoted(now))
            for value, span in strings
            if (now := restored_text(value, meanings, depth=depth + 1)) != value
        ]
        return with_spans(text, changed)
    return meanings.replaced(text)


def looks_like_json(text: str) -> bool:
    """True for what begins as an object, a list or a string does."""
    return text.lstrip("\ufeff \t\r\n")[:1] in {"{", "[", '"'}


def in_json(value: str) -> str:
    """`value` as it is written inside a JSON string."""
    return json.dumps(value, ensure_ascii=False)[1:-1]
