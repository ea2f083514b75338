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


def block_slices(body: bytes) -> Iterator[tuple[memoryview, bool]]:
    """The bytes of `body` in order, cut so that each slice holds one block, with whether it ends a frame.

    Raises `WireError` where the structure is not that of whole, plain frames.
    """
    view = memoryview(body)
    at = blocks = 0
    while at < len(body):
        start, at, checksum_bytes = at, *_after_frame_header(body, at)
        last = False
        while not last:
            blocks += 1
            if blocks > MAX_BLOCKS:
                raise WireError(f"the zstd body has over {MAX_BLOCKS} blocks", Code.TOO_LARGE)
            at, last = _after_block(body, at)
            if last:
                at += checksum_bytes
            if at > len(body):
                raise WireError("the body ends before its content coding does")
            yield view[start:at], last
            start = at


def _after_frame_header(body: bytes, at: int) -> tuple[int, int]:
    """Where the first block begins, and how many checksum bytes follow the last."""
    if body[at : at + 4] != _MAGIC:
        raise WireError("the zstd body holds something that is no plain frame")
    if len(body) <= at + 4:
        raise WireError("the body ends before its content coding does")
    descriptor = body[at + 4]
    if descriptor & 0b11:
        raise WireError("the zstd body needs a dictionary")
    single_segment = bool(descriptor & 0b0010_0000)
    size_bytes = _CONTENT_SIZE_BYTES[descriptor >> 6] or int(single_segment)
    return at + 5 + (0 if single_segment else 1) + size_bytes, 4 if descriptor & 0b100 else 0


def _after_block(body: bytes, at: int) -> tuple[int, bool]:
    header = int.from_bytes(body[at : at + 3], "little")
    if len(body) < at + 3:
        raise WireError("the body ends before its content coding does")
    kind, size = header >> 1 & 0b11, header >> 3
    if kind == _RUN_BLOCK:
        size = 1
    elif kind not in {_RAW_BLOCK, _COMPRESSED_BLOCK}:
        raise WireError("the zstd body holds a block of no known kind")
    return at + 3 + size, bool(header & 1)
