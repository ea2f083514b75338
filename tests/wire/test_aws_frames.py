"""AWS's frames. `test_framing.py` shows what they share with the other framings; boto3 reads ours in `tests/clients`."""

from __future__ import annotations

import struct
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aisecops.model.errors import WireError
from aisecops.wire.aws_frames import MAX_HEADER_BYTES, FrameReader, frame

HEADERS = {":event-type": "messageStop", ":content-type": "application/json", ":message-type": "event"}
EVENT = frame(HEADERS, b'{"stopReason":"end_turn"}')


def built(head: bytes, payload: bytes = b"{}", *, size: int | None = None, header_size: int | None = None) -> bytes:
    """A frame put together by the specification's own words, right or wrong."""
    lengths = struct.pack(
        ">II",
        16 + len(head) + len(payload) if size is None else size,
        len(head) if header_size is None else header_size,
    )
    start = lengths + struct.pack(">I", zlib.crc32(lengths)) + head + payload
    return start + struct.pack(">I", zlib.crc32(start))


def header(name: bytes, kind: int, value: bytes) -> bytes:
    return bytes([len(name)]) + name + bytes([kind]) + value


def string(name: bytes, value: bytes) -> bytes:
    return header(name, 7, struct.pack(">H", len(value)) + value)


IS_EVENT = string(b":message-type", b"event")


def test_a_frame_is_read_as_it_is_specified():
    [event] = FrameReader().feed(built(IS_EVENT + string(b":event-type", b"metadata"), b'{"a": 1}'))
    assert (event.event, event.data) == ("metadata", '{"a": 1}')


def test_what_is_written_is_what_the_specification_says():
    head = b"".join(string(name.encode(), value.encode()) for name, value in HEADERS.items())
    assert built(head, b'{"stopReason":"end_turn"}') == EVENT


@pytest.mark.parametrize("kind", range(10))
def test_headers_of_every_type_are_passed_over(kind):
    sizes = {0: 0, 1: 0, 2: 1, 3: 2, 4: 4, 5: 8, 8: 8, 9: 16}
    value = struct.pack(">H", 3) + b"abc" if kind in {6, 7} else bytes(sizes[kind])
    [event] = FrameReader().feed(built(header(b"x", kind, value) + IS_EVENT))
    assert event.data == "{}"


@given(st.integers(0, len(EVENT) - 1), st.integers(1, 255))
def test_a_frame_with_any_byte_changed_is_no_frame(at, by):
    raw = bytearray(EVENT)
    raw[at] ^= by
    try:
        assert FrameReader().feed(bytes(raw)) == []
    except WireError:
        return


@pytest.mark.parametrize(
    "raw",
    [
        built(b"\x05ab"),
        built(header(b"x", 10, b"") + IS_EVENT),
        built(header(b"x", 7, struct.pack(">H", 90)) + IS_EVENT),
        built(IS_EVENT + IS_EVENT),
        built(string(b":message-type", b"news")),
        built(b""),
        built(IS_EVENT, b"\xff"),
        built(b"", b"", size=15),
        built(IS_EVENT, size=16),
        built(b"", size=200_000, header_size=MAX_HEADER_BYTES + 1),
    ],
    ids=["name", "type", "value", "twice", "kind", "no kind", "utf-8", "short", "headers", "large headers"],
)
def test_what_others_could_read_otherwise_is_no_frame(raw):
    with pytest.raises(WireError):
        FrameReader().feed(raw)


def test_an_exception_is_one_whatever_it_is_called():
    [event] = FrameReader().feed(FrameReader().closing({"message": "no"}, begun=True))
    assert (event.event, event.data) == ("exception", '{"message":"no"}')


def test_half_a_frame_is_none():
    reader = FrameReader()
    assert reader.feed(EVENT[:-1]) + reader.end() == []
