"""Server-sent events, read piece by piece and kept as they came.

Knows the WHATWG event stream rules: line ends, comments, fields, and that a stream may be cut anywhere. Every event
carries its exact bytes, so that what is let through goes on unchanged. Does not know what events mean.
"""

from __future__ import annotations

import re

from aisecops.model.errors import WireError
from aisecops.model.refusals import Code
from aisecops.model.value import Value

MAX_EVENT_BYTES = 4 * 1024 * 1024

_LINE_END = re.compile(rb"[\r\n]")
_CR = 0x0D
_BOM = b"\xef\xbb\xbf"


class SseEvent(Value):
    """One block of the stream, up to and with the blank line that ends it.

    `data` None: nothing that a client would see as an event (a comment that keeps the line open, an id, a blank line).
    The `raw` bytes of all events, one after the other, are the stream.
    """

    raw: bytes
    data: str | None
    event: str = "message"


class SseReader:
    """Bytes in, whole events out. Where the bytes are cut makes no difference to the events."""

    def __init__(self, *, max_event_bytes: int = MAX_EVENT_BYTES) -> None:
        self._max_event_bytes = max_event_bytes
        self._buffer = bytearray()
        self._line_start = 0
        self._looked_at = 0
        self._lines: list[bytes] = []
        self._first = True

    def feed(self, data: bytes) -> list[SseEvent]:
        """The events that are whole now. Raises WireError, `too_large`, when one grows over its bound."""
        self._buffer += data
        events = self._whole_events(at_end=False)
        self._bound(len(self._buffer))
        return events

    def end(self) -> list[SseEvent]:
        """The stream has ended: what became whole by that. An unfinished event is none, and its bytes are dropped."""
        events = self._whole_events(at_end=True)
        self._buffer.clear()
        return events

    def _whole_events(self, *, at_end: bool) -> list[SseEvent]:
        events: list[SseEvent] = []
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

    def _dispatched(self, end: int) -> SseEvent:
        self._bound(end)
        raw = bytes(self._buffer[:end])
        lines = self._lines
        if self._first and lines:
            lines[0] = lines[0].removeprefix(_BOM)
        del self._buffer[:end]
        self._line_start = self._looked_at = 0
        self._lines = []
        self._first = False
        return _event(raw, lines)

    def _bound(self, size_bytes: int) -> None:
        if size_bytes > self._max_event_bytes:
            raise WireError(f"an event of the stream is over {self._max_event_bytes} bytes", Code.TOO_LARGE)


def _event(raw: bytes, lines: list[bytes]) -> SseEvent:
    data: list[str] = []
    name = ""
    for line in lines:
        field, _, value = line.partition(b":")
        text = value.removeprefix(b" ").decode("utf-8", "replace")
        if field == b"data":
            data.append(text)
        elif field == b"event":
            name = text
    return SseEvent(raw=raw, data="\n".join(data) if data else None, event=name or "message")
