"""The blocks of a zstd body are found as the decoder finds them."""

from __future__ import annotations

import contextlib

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from aisecops.model.errors import WireError
from aisecops.wire.zstd_frames import Blocks


def block_slices(body: bytes, *, step: int = 1 << 20) -> list[tuple[bytes, bool]]:
    blocks = Blocks()
    pieces = [body[at : at + step] for at in range(0, len(body), step)]
    found = [(bytes(block), last) for piece in pieces for block, last in blocks.feed(piece)]
    blocks.end()
    return found


@given(
    st.lists(
        st.binary(max_size=400) | st.binary(min_size=1, max_size=3).map(lambda piece: piece * 90_000),
        min_size=1,
        max_size=3,
    ),
    st.booleans(),
    st.booleans(),
    st.integers(1, 19),
)
def test_the_slices_are_the_body_and_each_frame_ends_once(
    pieces: list[bytes], checksum: bool, size: bool, level: int
) -> None:
    encoder = zstandard.ZstdCompressor(level=min(level, 5), write_checksum=checksum, write_content_size=size)
    body = b"".join(encoder.compress(piece) for piece in pieces)
    slices = block_slices(body)
    assert b"".join(piece for piece, _ in slices) == body
    assert sum(last for _, last in slices) == len(pieces)
    assert block_slices(body, step=7) == slices


@given(st.binary(max_size=200).map(lambda data: bytes.fromhex("28b52ffd") + data))
def test_any_bytes_give_slices_or_a_wire_error(body: bytes) -> None:
    with contextlib.suppress(WireError):
        assert b"".join(piece for piece, _ in block_slices(body)) == body


@pytest.mark.parametrize(
    "body", ["502a4d1800000000", "28b52ffd", "28b52ffd2301", "28b52ffd0058070000", "28b52ffd0058ffffff", "00"]
)
def test_what_is_no_plain_frame_is_refused(body: str) -> None:
    with pytest.raises(WireError):
        block_slices(bytes.fromhex(body))
