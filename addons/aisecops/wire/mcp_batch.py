"""A batch of MCP messages taken apart and put together again, each with the bytes that it came in.

Knows where a message begins and ends. Does not know which of them may pass.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable

from aisecops.model.value import Value
from aisecops.wire.limits import JsonBounds
from aisecops.wire.mcp import Message, events_of, read_sent

_BETWEEN = re.compile(r"[ \t\r\n,]*")
_value_at = json.JSONDecoder().raw_decode


class Piece(Value):
    """One message, and the bytes in which it was said."""

    message: Message
    raw: bytes


def pieces_of(document: bytes, *, bounds: JsonBounds) -> list[Piece]:
    """The messages of one document, a batch or a message alone. Raises WireError as `read_sent` does."""
    sent = read_sent(bounds.read(document))
    if not sent.batched:
        return [Piece(message=sent.messages[0], raw=document.strip())]
    text = document.decode()
    at, raws = text.index("[") + 1, []
    for _ in sent.messages:
        start = _after_blanks(text, at)
        _, at = _value_at(text, start)
        raws.append(text[start:at].encode())
    return [Piece(message=message, raw=raw) for message, raw in zip(sent.messages, raws, strict=True)]


def answered_pieces(body: bytes, *, streamed: bool, bounds: JsonBounds) -> list[Piece]:
    """The messages of a whole answer, in order. `streamed`: a server-sent stream that has ended. Raises WireError."""
    documents = events_of(body) if streamed else [body]
    return [piece for document in documents for piece in pieces_of(document, bounds=bounds)]


def batch_of(raws: Iterable[bytes]) -> bytes:
    """Messages as one document."""
    return b"[" + b",".join(raws) + b"]"


def stream_of(raws: Iterable[bytes]) -> bytes:
    """Messages as server-sent events, one in each."""
    return b"".join(b"event: message\n" + b"".join(map(_line, raw.splitlines())) + b"\n" for raw in raws)


def _line(line: bytes) -> bytes:
    return b"data: " + line + b"\n"


def _after_blanks(text: str, at: int) -> int:
    found = _BETWEEN.match(text, at)
    return found.end() if found else at
