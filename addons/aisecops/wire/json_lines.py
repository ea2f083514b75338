"""A stream of JSON documents, each on a line of its own (`application/x-ndjson`)."""

from __future__ import annotations

import orjson

from aisecops.model.errors import WireError
from aisecops.wire.fields import JsonObject
from aisecops.wire.framing import MAX_EVENT_BYTES, StreamEvent, bounded, told_alike


class LineReader:
    """A `Framing`: one event for each line. The last line needs no end."""

    def __init__(self, *, max_event_bytes: int = MAX_EVENT_BYTES) -> None:
        self._max_event_bytes = max_event_bytes
        self._buffer = bytearray()

    def feed(self, data: bytes) -> list[StreamEvent]:
        looked_at = len(self._buffer)
        self._buffer += data
        events: list[StreamEvent] = []
        start = 0
        while (stop := self._buffer.find(b"\n", max(start, looked_at))) >= 0:
            events.append(self._event(bytes(self._buffer[start : stop + 1])))
            start = stop + 1
        del self._buffer[:start]
        bounded(len(self._buffer), self._max_event_bytes)
        return events

    def end(self) -> list[StreamEvent]:
        rest = bytes(self._buffer)
        self._buffer.clear()
        return [self._event(rest)] if rest else []

    def _event(self, raw: bytes) -> StreamEvent:
        bounded(len(raw), self._max_event_bytes)
        try:
            line = raw.decode().strip()
        except UnicodeDecodeError as error:
            raise WireError("a line of the stream is not UTF-8") from error
        told_alike(line)
        return StreamEvent(raw=raw, data=line or None)

    def closing(self, document: JsonObject, *, begun: bool) -> bytes:  # noqa: ARG002 - the port's shape
        return orjson.dumps(document) + b"\n"
