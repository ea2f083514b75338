"""A streamed answer as events, whichever way its bytes are cut: what all framings share.

Every event carries its exact bytes, so that what is let through goes on unchanged. Does not know what events mean.
"""

from __future__ import annotations

import json
import re
from typing import Protocol

from aisecops.model.errors import WireError
from aisecops.model.refusals import Code
from aisecops.model.value import Value
from aisecops.wire.fields import JsonObject

_DATA_LINES = re.compile(rb"^(?:data(?::[^\r\n]*)?(\r\n|\r|\n))+", re.MULTILINE)

_END_MARK = "[DONE]"

MAX_EVENT_BYTES = 4 * 1024 * 1024


class StreamEvent(Value):
    """One event of the stream, with everything up to the next.

    `data` None: nothing that a client would see as an event (a comment that keeps the line open, a blank line, the
    bracket that ends a list). The `raw` bytes of all events, one after the other, are the stream.
    """

    raw: bytes
    data: str | None
    event: str = "message"


class Framing(Protocol):
    """Bytes in, whole events out. Where the bytes are cut makes no difference to the events."""

    def feed(self, data: bytes) -> list[StreamEvent]:
        """The events that are whole now. Raises WireError for bytes that are no events, and for an event too large."""
        ...

    def end(self) -> list[StreamEvent]:
        """The stream has ended: what became whole by that. An unfinished event is none, and its bytes are dropped."""
        ...

    def closing(self, document: JsonObject, *, begun: bool) -> bytes:
        """The bytes that end the stream with an error, `document`; `begun`: some of its events were passed on."""
        ...


def with_data(event: StreamEvent, data: str) -> bytes:
    """The bytes of `event` with `data` in place of its own, in the same framing. Raises WireError when it has none.

    Data that a stream of server-sent events has on several lines is on one then.
    """
    own = (event.data or "").encode()
    raw = event.raw
    if own and own not in raw:
        raw = _DATA_LINES.sub(lambda lines: b"data: " + own + lines[1], raw, count=1)
    if not own or own not in raw or "\n" in data:
        raise WireError("an event of the stream cannot be changed where it stands")
    before, _, after = raw.partition(own)
    return before + data.encode() + after


def told_alike(lines: str) -> None:
    """Raises WireError when a reader that takes each of `lines` by itself finds an object, or the end, in one of them.

    `lines` is what one event says. There are programs that read line by line, and for which more ends a line than for
    others.
    """
    pieces = lines.splitlines()
    if len(pieces) > 1 and any(_says_by_itself(piece.strip().removeprefix("data:").strip()) for piece in pieces):
        raise WireError("an event of the stream says something else to who reads it line by line")


def _says_by_itself(piece: str) -> bool:
    if piece.startswith(_END_MARK):
        return True
    if not piece.startswith("{"):
        return False
    try:
        return isinstance(json.loads(piece), dict)
    except ValueError:
        return False


def after(event: StreamEvent, raw: bytes) -> bytes:
    """`raw`, an event like `event`, as it is written when it comes after that."""
    # of a list the first has the bracket before it, and every other a comma
    return raw.replace(b"[", b",", 1) if event.raw.lstrip().startswith(b"[") else raw


def closes_list(event: StreamEvent) -> bool:
    """True for what ends a stream that is a list: nothing may come after it."""
    return event.data is None and event.raw.strip() == b"]"


def bounded(size_bytes: int, most: int) -> None:
    """Raises WireError, `too_large`, for an event of more than `most` bytes."""
    if size_bytes > most:
        raise WireError(f"an event of the stream is over {most} bytes", Code.TOO_LARGE)
