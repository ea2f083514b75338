"""AWS's event stream: binary frames with their length, headers and two checksums.

Knows the framing alone (`application/vnd.amazon.eventstream`). Strict: a frame whose checksums or lengths do not hold
is no frame, so that nobody behind us reads other events than we did.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Mapping

import orjson

from aisecops.model.errors import WireError
from aisecops.wire.fields import JsonObject
from aisecops.wire.framing import MAX_EVENT_BYTES, StreamEvent, bounded

MAX_HEADER_BYTES = 128 * 1024

_PRELUDE = struct.Struct(">III")
_CHECKSUM = struct.Struct(">I")
_LENGTH = struct.Struct(">H")
_LEAST = _PRELUDE.size + _CHECKSUM.size
_STRING = 7
_SIZES = {0: 0, 1: 0, 2: 1, 3: 2, 4: 4, 5: 8, 8: 8, 9: 16}
"""Bytes of a header's value by its type; bytes and strings (6, 7) say their own length."""
_OF_OWN_LENGTH = frozenset({6, _STRING})


class FrameReader:
    """A `Framing`: one event for each frame, named by its `:event-type`; of an exception, `exception`."""

    def __init__(self, *, max_event_bytes: int = MAX_EVENT_BYTES) -> None:
        self._max_event_bytes = max_event_bytes
        self._buffer = bytearray()

    def feed(self, data: bytes) -> list[StreamEvent]:
        self._buffer += data
        events: list[StreamEvent] = []
        while (size := self._whole()) is not None:
            raw = bytes(self._buffer[:size])
            del self._buffer[:size]
            events.append(_event(raw))
        return events

    def end(self) -> list[StreamEvent]:
        self._buffer.clear()
        return []

    def closing(self, document: JsonObject, *, begun: bool) -> bytes:  # noqa: ARG002 - the port's shape
        headers = {":exception-type": "validationException", ":content-type": "application/json"}
        return frame({**headers, ":message-type": "exception"}, orjson.dumps(document))

    def _whole(self) -> int | None:
        """The size of the frame at the start, once it is all there."""
        if len(self._buffer) < _PRELUDE.size:
            return None
        size, header_size, checksum = _PRELUDE.unpack_from(self._buffer)
        if zlib.crc32(self._buffer[: _PRELUDE.size - _CHECKSUM.size]) != checksum:
            raise WireError("the checksum of a frame's beginning is wrong")
        if size < _LEAST + header_size or header_size > MAX_HEADER_BYTES:
            raise WireError("a frame's lengths do not fit")
        bounded(size, self._max_event_bytes)
        return size if len(self._buffer) >= size else None


def frame(headers: Mapping[str, str], payload: bytes) -> bytes:
    """One frame with string headers."""
    head = b"".join(
        bytes([len(name)]) + name.encode() + bytes([_STRING]) + _LENGTH.pack(len(value)) + value.encode()
        for name, value in headers.items()
    )
    return _framed(head, payload)


def _framed(head: bytes, payload: bytes) -> bytes:
    lengths = struct.pack(">II", _LEAST + len(head) + len(payload), len(head))
    body = lengths + _CHECKSUM.pack(zlib.crc32(lengths)) + head + payload
    return body + _CHECKSUM.pack(zlib.crc32(body))


def reframed(event: StreamEvent, data: str) -> bytes:
    """The bytes of `event`, a frame, with `data` for what it says."""
    size = _PRELUDE.unpack_from(event.raw)[1]
    return _framed(event.raw[_PRELUDE.size : _PRELUDE.size + size], data.encode())


def _event(raw: bytes) -> StreamEvent:
    end = len(raw) - _CHECKSUM.size
    if zlib.crc32(raw[:end]) != _CHECKSUM.unpack_from(raw, end)[0]:
        raise WireError("the checksum of a frame is wrong")
    start = _PRELUDE.size + _PRELUDE.unpack_from(raw)[1]
    headers = _headers(raw[_PRELUDE.size : start])
    match headers.get(":message-type"):
        case "event":
            name = headers.get(":event-type", "")
        case "exception" | "error" as name:
            pass
        case _:
            raise WireError("a frame is neither an event nor an exception")
    try:
        data = raw[start:end].decode()
    except UnicodeDecodeError as error:
        raise WireError("what a frame says is not UTF-8") from error
    return StreamEvent(raw=raw, data=data or None, event=name)


def _headers(raw: bytes) -> dict[str, str]:
    """The headers that are strings, each name once. Raises WireError."""
    found: dict[str, str] = {}
    at = 0
    seen: set[bytes] = set()
    try:
        while at < len(raw):
            name = raw[at + 1 : (at := at + 1 + raw[at])]
            kind = raw[at]
            at += 1
            size = _SIZES.get(kind)
            if size is None and kind in _OF_OWN_LENGTH:
                size = _LENGTH.unpack_from(raw, at)[0]
                at += _LENGTH.size
            if size is None or name in seen or at + size > len(raw):
                raise WireError("the headers of a frame cannot be read")
            seen.add(name)
            if kind == _STRING:
                found[name.decode()] = raw[at : at + size].decode()
            at += size
    except (IndexError, struct.error, UnicodeDecodeError) as error:
        raise WireError("the headers of a frame cannot be read") from error
    return found
