"""Server-sent events, read piece by piece and kept as they came.

Knows the WHATWG event stream rules: line ends, comments, fields, and that a stream may be cut anywhere.
"""

from __future__ import annotations

import re

import orjson

from aisecops.model.errors import WireError
from aisecops.wire.fields import JsonObject
from aisecops.wire.framing import MAX_EVENT_BYTES, StreamEvent, bounded, told_alike

_LINE_END = re.compile(rb"[\r\n]")
_CR = 0x0D
_FIELDS = frozenset({b"data", b"event", b"id", b"retry", b""})
"""Of the last kind are comments."""
_BOM = b"\xef\xbb\xbf"


class SseReader:
    """A `Framing`: one event for each block, up to and with the blank line that ends it.

    `alike`: with WireError for what some client of a model's provider reads in another way than the standard has it: a
    line that is no field of an event, a byte order mark, an event that says something in one of its lines.
    """

    def __init__(self, *, max_event_bytes: int = MAX_EVENT_BYTES, alike: bool = False) -> None:
        self._alike = alike
        self._max_event_bytes = max_event_bytes
        self._buffer = bytearray()
        self._line_start = 0
        self._looked_at = 0
        self._lines: list[bytes] = []
        self._first = True

    def feed(self, data: bytes) -> list[StreamEvent]:
        self._buffer += data
        events = self._whole_events(at_end=False)
        bounded(len(self._buffer), self._max_event_bytes)
        return events

    def end(self) -> list[StreamEvent]:
        events = self._whole_events(at_end=True)
        self._buffer.clear()
        return events

    def _whole_events(self, *, at_end: bool) -> list[StreamEvent]:
        events: list[StreamEvent] = []
        while (line_end := _LINE_END.search(self._buffer, self._looked_at)) is not None:
            stop = line_end.start()
            after = stop + 1
            if self._buffer[stop] == _CR:  # LF may follow, and belongs to it
                if after == len(self._buffer) and not at_end:
                    self._looked_at = stop
                    return events
                if self._buffer[after : after + 1] == b"\n":
                    after += 1
            line = bytes(self._buffer[self._line_start : stop])
            self._line_start = self._looked_at = after
            if line and not (self._first and not self._lines and line == _BOM):
                self._lines.append(line)
            else:
                events.append(self._dispatched(after))
        self._looked_at = len(self._buffer)
        return events

    def _dispatched(self, end: int) -> StreamEvent:
        bounded(end, self._max_event_bytes)
        raw = bytes(self._buffer[:end])
        lines = self._lines
        if self._first and lines:
            lines[0] = lines[0].removeprefix(_BOM)
        del self._buffer[:end]
        self._line_start = self._looked_at = 0
        self._lines = []
        self._first = False
        if not self._alike:
            return _event(raw, lines)
        if raw.startswith(_BOM) or any(line.partition(b":")[0] not in _FIELDS for line in lines):
            raise WireError("the stream has lines that are no fields of an event")
        event = _event(raw, lines)
        told_alike(event.data or "")
        return event

    def closing(self, document: JsonObject, *, begun: bool) -> bytes:  # noqa: ARG002 - the port's shape
        """Its name is the document's `type`, where it has one."""
        name = f"event: {document['type']}\n" if "type" in document else ""
        return name.encode() + b"data: " + orjson.dumps(document) + b"\n\n"


def _event(raw: bytes, lines: list[bytes]) -> StreamEvent:
    data: list[str] = []
    name = ""
    for line in lines:
        field, _, value = line.partition(b":")
        text = value.removeprefix(b" ").decode("utf-8", "replace")
        if field == b"data":
            data.append(text)
        elif field == b"event":
            name = text
    return StreamEvent(raw=raw, data="\n".join(data) if data else None, event=name or "message")
