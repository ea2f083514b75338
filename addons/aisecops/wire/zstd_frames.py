"""Where the blocks of a zstd body are (RFC 8878 section 3.1.1), found without decoding any.

Knows frame and block headers: enough to feed a decoder block by block, so that each step gives a bounded output, and
to refuse skippable frames and dictionaries. The decoder itself still checks everything else.
"""

from __future__ import annotations

from collections.abc import Iterator

from aisecops.model.errors import WireError
from aisecops.model.refusals import Code

MAX_WINDOW_BYTES = 8 * 1024 * 1024  # RFC 9659: the most an HTTP sender may use
MAX_BLOCKS = 16_384  # a block gives up to 128 KiB, so only very short blocks ever come near

_MAGIC = bytes.fromhex("28b52ffd")
_CONTENT_SIZE_BYTES = (0, 2, 4, 8)
_RAW_BLOCK, _RUN_BLOCK, _COMPRESSED_BLOCK = 0, 1, 2


class Blocks:
    """Cuts a body that comes in pieces, so that each slice holds one block. Keeps the block that is not whole yet."""

    def __init__(self) -> None:
        self._rest = b""
        self._count = 0
        self._inside = False
        self._checksum_bytes = 0

    def feed(self, piece: bytes) -> Iterator[tuple[memoryview, bool]]:
        """The slices that `piece` completes, in order, each with whether it ends a frame.

        Raises `WireError` where the structure is not that of plain frames.
        """
        data = self._rest + piece if self._rest else piece
        view = memoryview(data)
        at = 0
        while (found := self._slice_end(data, at)) is not None:
            end, last = found
            self._inside = not last
            yield view[at:end], last
            at = end
        self._rest = data[at:]

    def end(self) -> None:
        """Nothing more comes. Raises `WireError` when that is within a frame."""
        if self._inside or self._rest:
            raise WireError("the body ends before its content coding does")

    def _slice_end(self, data: bytes, at: int) -> tuple[int, bool] | None:
        """Where the slice from `at` ends, and whether a frame does; None while it is not all there."""
        block = at if self._inside else self._after_frame_header(data, at)
        if block is None or len(data) < block + 3:
            return None
        end, last = _after_block(data, block)
        if last:
            end += self._checksum_bytes
        if end > len(data):
            return None
        self._count += 1
        if self._count > MAX_BLOCKS:
            raise WireError(f"the zstd body has over {MAX_BLOCKS} blocks", Code.TOO_LARGE)
        return end, last

    def _after_frame_header(self, data: bytes, at: int) -> int | None:
        """Where the first block begins; None while the header is not all there."""
        if not _MAGIC.startswith(data[at : at + 4]):
            raise WireError("the zstd body holds something that is no plain frame")
        if len(data) <= at + 4:
            return None
        descriptor = data[at + 4]
        if descriptor & 0b11:
            raise WireError("the zstd body needs a dictionary")
        single_segment = bool(descriptor & 0b0010_0000)
        size_bytes = _CONTENT_SIZE_BYTES[descriptor >> 6] or int(single_segment)
        self._checksum_bytes = 4 if descriptor & 0b100 else 0
        return at + 5 + (0 if single_segment else 1) + size_bytes


def _after_block(data: bytes, at: int) -> tuple[int, bool]:
    header = int.from_bytes(data[at : at + 3], "little")
    kind, size = header >> 1 & 0b11, header >> 3
    if kind == _RUN_BLOCK:
        size = 1
    elif kind not in {_RAW_BLOCK, _COMPRESSED_BLOCK}:
        raise WireError("the zstd body holds a block of no known kind")
    return at + 3 + size, bool(header & 1)
