"""Take content codings off, whole and bounded.

Knows gzip, deflate, br and zstd, and that what one reader skips another may read: so every member and frame is
decoded, and anything that no decoder would show (trailing bytes, skippable frames, names in gzip headers) is refused.
Does not know what the bytes mean.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator

import brotli
import zstandard

from aisecops.model.errors import WireError
from aisecops.model.exchange import Headers, values
from aisecops.model.refusals import Code
from aisecops.wire.zstd_frames import MAX_WINDOW_BYTES, block_slices

MAX_RATIO = 100
FREE_BYTES = 1024 * 1024  # any ratio up to here: small bodies may be as repetitive as they like
MAX_MEMBERS = 256  # of 64 KiB each in a block-wise gzip, more than the largest body allowed

_STEP_BYTES = 64 * 1024

_GZIP_HIDING_FLAGS = 0b0001_1100  # RFC 1952 2.3.1: extra field, file name, comment


class _Output:
    """What has been decoded, up to a bound."""

    def __init__(self, max_bytes: int) -> None:
        self.room = max_bytes
        self.pieces: list[bytes] = []

    def add(self, piece: bytes) -> None:
        self.room -= len(piece)
        if self.room < 0:
            raise WireError("the decoded body is too large, or too large for its encoded size", Code.TOO_LARGE)
        self.pieces.append(piece)


def decode(
    body: bytes, headers: Headers, *, max_bytes: int, max_ratio: int = MAX_RATIO, allow_names: bool = False
) -> bytes:
    """`body` without its content coding; nothing but the whole of it.

    At most `max_bytes` come out, and at most `max_ratio` times the encoded size or `FREE_BYTES`, whichever is more.
    `allow_names` lets gzip headers carry a file name and a comment, as files compressed in advance do: bytes that
    nobody shows, so only for what comes back. Raises `WireError`, `too_large` or `unreadable`.
    """
    decoder = _decoder(values(headers, "content-encoding"))
    limit = max_bytes if decoder is None else min(max_bytes, max(FREE_BYTES, len(body) * max_ratio))
    output = _Output(limit)
    if decoder is None or not body:
        output.add(body)
        return body
    if decoder is _gzip and not allow_names:
        decoder = _nameless_gzip
    try:
        decoder(body, output)
    except (zlib.error, brotli.error, zstandard.ZstdError):
        raise WireError("the body does not decode by its content-encoding") from None
    return b"".join(output.pieces)


type _Decoder = Callable[[bytes, _Output], None]


def _decoder(declared: list[str]) -> _Decoder | None:
    if not declared:
        return None
    if len(declared) > 1:
        raise WireError("more than one content-encoding header; send one")
    name = declared[0].strip(" \t").lower()
    if name not in _DECODERS:
        raise WireError("unknown or stacked content-encoding; use one of gzip, deflate, br, zstd or identity")
    return _DECODERS[name]


def _gzip(body: bytes, output: _Output) -> None:
    for _header in _gzip_members(body, output):
        pass


def _nameless_gzip(body: bytes, output: _Output) -> None:
    for header in _gzip_members(body, output):
        if len(header) > _GZIP_FLAGS_AT and header[_GZIP_FLAGS_AT] & _GZIP_HIDING_FLAGS:
            raise WireError("a gzip header carries an extra field, a file name or a comment; send it without")


_GZIP_FLAGS_AT = 3


def _gzip_members(body: bytes, output: _Output) -> Iterator[bytes]:
    """Decode member after member; yields the fixed header of each before it is decoded."""
    at = 0
    for _ in range(MAX_MEMBERS):
        yield body[at : at + 10]
        at = _inflate(body, at, zlib.decompressobj(wbits=31), output)
        if at == len(body):
            return
    raise WireError(f"the gzip body has over {MAX_MEMBERS} members")


def _deflate(body: bytes, output: _Output) -> None:
    # RFC 9110 8.4.1.2: deflate means the zlib format. The bare format some send has no header and no checksum, and
    # readers disagree on it: refused.
    if _inflate(body, 0, zlib.decompressobj(wbits=15), output) != len(body):
        raise WireError("bytes follow the end of the deflate body")


def _inflate(body: bytes, at: int, stream: zlib._Decompress, output: _Output) -> int:
    """Run one zlib stream from `at`; returns where it ended. Input goes in by steps, as what is over is copied."""
    view = memoryview(body)
    while not stream.eof:
        if at >= len(body):
            raise WireError("the body ends before its content coding does")
        step = view[at : at + _STEP_BYTES]
        at += len(step)
        output.add(stream.decompress(step, _STEP_BYTES))
        while stream.unconsumed_tail and not stream.eof:
            output.add(stream.decompress(stream.unconsumed_tail, _STEP_BYTES))
    return at - len(stream.unused_data)


def _brotli(body: bytes, output: _Output) -> None:
    stream = brotli.Decompressor()
    output.add(stream.process(body, output_buffer_limit=_STEP_BYTES))
    while not stream.is_finished():
        piece = stream.process(b"", output_buffer_limit=_STEP_BYTES)
        if not piece and not stream.is_finished():
            raise WireError("the body ends before its content coding does")
        output.add(piece)


def _zstd(body: bytes, output: _Output) -> None:
    stream = None
    frames = 0
    for piece, ends_frame in block_slices(body):
        if stream is None:
            frames += 1
            if frames > MAX_MEMBERS:
                raise WireError(f"the zstd body has over {MAX_MEMBERS} frames")
            stream = zstandard.ZstdDecompressor(max_window_size=MAX_WINDOW_BYTES).decompressobj()
        output.add(stream.decompress(piece))
        if ends_frame:
            if not stream.eof:
                raise WireError("the body ends before its content coding does")
            stream = None


_DECODERS: dict[str, _Decoder | None] = {
    "identity": None,
    "gzip": _gzip,
    "deflate": _deflate,
    "br": _brotli,
    "zstd": _zstd,
}
