"""A stream that is one JSON list of objects, as Google sends one where no event stream was asked for.

Knows JSON just enough to see where each object ends. An event has the bracket or comma before its object in its bytes.
"""

from __future__ import annotations

import re

import orjson

from aisecops.model.errors import WireError
from aisecops.wire.fields import JsonObject
from aisecops.wire.framing import MAX_EVENT_BYTES, StreamEvent, bounded

_BLANK = re.compile(rb"[ \t\r\n]*")
_MARK = re.compile(rb'["{}\[\]]')
_QUOTED = re.compile(rb'["\\]')

_AFTER = {"start": b"[", "opened": b"{]", "object": b",]", "comma": b"{", "closed": b""}
"""What may come next, but for blanks: nothing is skipped, so that others see the same objects."""


class ArrayReader:
    """A `Framing`: one event for each object."""

    def __init__(self, *, max_event_bytes: int = MAX_EVENT_BYTES) -> None:
        self._max_event_bytes = max_event_bytes
        self._buffer = bytearray()
        self._at = self._start = self._depth = 0
        self._in_string = False
        self._seen = "start"

    def feed(self, data: bytes) -> list[StreamEvent]:
        self._buffer += data
        events: list[StreamEvent] = []
        while (event := self._next()) is not None:
            events.append(event)
        bounded(len(self._buffer), self._max_event_bytes)
        return events

    def end(self) -> list[StreamEvent]:
        rest, self._buffer = bytes(self._buffer), bytearray()
        return [StreamEvent(raw=rest, data=None)] if rest and self._seen == "closed" else []

    def closing(self, document: JsonObject, *, begun: bool) -> bytes:
        return (b"," if begun else b"[") + orjson.dumps(document) + b"]"

    def _next(self) -> StreamEvent | None:
        if self._depth == 0 and not self._opens():
            if self._seen != "closed" or b"]" not in self._buffer:
                return None
            self._at = self._buffer.index(b"]") + 1  # blanks behind it come with the end, whenever they came
            return self._taken(data=False)
        return self._taken(data=True) if self._closes() else None

    def _opens(self) -> bool:
        """Go to where an object begins; False when none has begun yet."""
        while True:
            blank = _BLANK.match(self._buffer, self._at)
            self._at = blank.end() if blank else self._at
            if self._at == len(self._buffer):
                return False
            mark = bytes(self._buffer[self._at : self._at + 1])
            if mark not in {bytes([one]) for one in _AFTER[self._seen]}:
                raise WireError("the stream is no list of objects")
            self._seen = {b"[": "opened", b",": "comma", b"]": "closed", b"{": "object"}[mark]
            if mark == b"{":
                self._start = self._at
                return True
            self._at += 1

    def _closes(self) -> bool:
        """Go to the end of the object; False when it has not come yet."""
        while (mark := (_QUOTED if self._in_string else _MARK).search(self._buffer, self._at)) is not None:
            self._at = mark.end()
            if mark[0] == b"\\":
                if self._at == len(self._buffer):
                    self._at = mark.start()
                    return False
                self._at += 1
            elif mark[0] == b'"':
                self._in_string = not self._in_string
            else:
                self._depth += 1 if mark[0] in b"{[" else -1
                if self._depth == 0:
                    return True
        self._at = len(self._buffer)
        return False

    def _taken(self, *, data: bool) -> StreamEvent:
        raw = bytes(self._buffer[: self._at])
        bounded(len(raw), self._max_event_bytes)
        try:
            said = raw[self._start :].decode() if data else None
        except UnicodeDecodeError as error:
            raise WireError("an object of the stream is not UTF-8") from error
        del self._buffer[: self._at]
        self._at = self._start = 0
        return StreamEvent(raw=raw, data=said)
