"""Take content codings off, whole and bounded.

Knows gzip, deflate, br and zstd, and that what one reader skips another may read: so every member and frame is
decoded, and anything that no decoder would show (trailing bytes, skippable frames, names in gzip headers) is refused.
A body may come whole or in pieces: it is the same decoder. Does not know what the bytes mean.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator
from typing import Protocol

import brotli
import zstandard

from aisecops.model.errors import WireError
from aisecops.model.exchange import Headers, values
from aisecops.model.refusals import Code
from aisecops.wire.zstd_frames import MAX_WINDOW_BYTES, Blocks

MAX_RATIO = 100
FREE_BYTES = 1024 * 1024  # any ratio up to here: small bodies may be as repetitive as they like
MAX_MEMBERS = 256  # of 64 KiB each in a block-wise gzip, more than the largest body allowed

_STEP_BYTES = 64 * 1024

_GZIP_HIDING_FLAGS = 0b0001_1100  # RFC 1952 2.3.1: extra field, file name, comment


def decode(
    body: bytes, headers: Headers, *, max_bytes: int, max_ratio: int = MAX_RATIO, allow_names: bool = False
) -> bytes:
    """`body` without its content coding; nothing but the whole of it.

    At most `max_bytes` come out, and at most `max_ratio` times the encoded size or `FREE_BYTES`, whichever is more.
    `allow_names` lets gzip headers carry a file name and a comment, as files compressed in advance do: bytes that
    nobody shows, so only for what comes back. Raises `WireError`, `too_large` or `unreadable`.
    """
    decoder = _decoder(values(headers, "content-encoding"), allow_names=allow_names)
    room = max_bytes if decoder is None else min(max_bytes, max(FREE_BYTES, len(body) * max_ratio))
    if decoder is None or not body:
        if len(body) > room:
            raise _too_large()
        return body
    pieces = []
    for piece in _decoded(decoder, body):
        room -= len(piece)
        if room < 0:
            raise _too_large()
        pieces.append(piece)
    decoder.end()
    return b"".join(pieces)


class PieceDecoder:
    """Takes the content coding off a body that comes in pieces and may be of any size; keeps little of it.

    No more than `MAX_RATIO` times what has come so far comes out, or `FREE_BYTES`. Names in gzip headers are let pass,
    as this is for what comes back.
    """

    def __init__(self, headers: Headers) -> None:
        """Raises `WireError` for a coding that is not known."""
        self._decoder = _decoder(values(headers, "content-encoding"), allow_names=True)
        self._came = self._gone = 0

    @property
    def is_plain(self) -> bool:
        """True when there is nothing to take off."""
        return self._decoder is None

    def feed(self, piece: bytes) -> Iterator[bytes]:
        """What `piece` gives, in steps of bounded size. Raises `WireError` as `decode` does."""
        if self._decoder is None:
            yield piece
            return
        self._came += len(piece)
        for out in _decoded(self._decoder, piece) if piece else ():
            self._gone += len(out)
            if self._gone > max(FREE_BYTES, self._came * MAX_RATIO):
                raise _too_large()
            yield out

    def end(self) -> None:
        """Nothing more comes. Raises `WireError` when the coding is not at its end."""
        if self._decoder is not None and self._came:
            self._decoder.end()


class _Decoder(Protocol):
    def feed(self, piece: bytes) -> Iterator[bytes]:
        """What `piece` gives, in steps."""
        ...

    def end(self) -> None:
        """Raises `WireError` when the coding is not at its end."""
        ...


def _decoded(decoder: _Decoder, piece: bytes) -> Iterator[bytes]:
    try:
        yield from decoder.feed(piece)
    except (zlib.error, brotli.error, zstandard.ZstdError):
        raise WireError("the body does not decode by its content-encoding") from None


def _too_large() -> WireError:
    return WireError("the decoded body is too large, or too large for its encoded size", Code.TOO_LARGE)


def _too_short() -> WireError:
    return WireError("the body ends before its content coding does")


def _decoder(declared: list[str], *, allow_names: bool) -> _Decoder | None:
    if not declared:
        return None
    if len(declared) > 1:
        raise WireError("more than one content-encoding header; send one")
    name = declared[0].strip(" \t").lower()
    if name == "identity":
        return None
    if name == "gzip":
        return _Gzip(allow_names=allow_names)
    if name not in _DECODERS:
        raise WireError("unknown or stacked content-encoding; use one of gzip, deflate, br, zstd or identity")
    return _DECODERS[name]()


_GZIP_FLAGS_AT = 3


class _Gzip:
    """Member after member (RFC 1952)."""

    def __init__(self, *, allow_names: bool) -> None:
        self._allow_names = allow_names
        self._members = 0
        self._member: Zlib | None = None
        self._header = b""

    def feed(self, piece: bytes) -> Iterator[bytes]:
        view = memoryview(piece)
        while view:
            if self._member is None:
                self._begin()
            member = self._member
            assert member is not None
            self._look(bytes(view[: _GZIP_FLAGS_AT + 1]))
            yield from member.feed(view)
            view = view[member.taken :]
            if member.eof:
                self._member = None

    def end(self) -> None:
        if self._member is not None or not self._members:
            raise _too_short()

    def _begin(self) -> None:
        self._members += 1
        if self._members > MAX_MEMBERS:
            raise WireError(f"the gzip body has over {MAX_MEMBERS} members")
        self._member, self._header = Zlib(wbits=31), b""

    def _look(self, start: bytes) -> None:
        """Refuse what a member's header would carry along unseen."""
        if self._allow_names or len(self._header) > _GZIP_FLAGS_AT:
            return
        self._header += start
        if len(self._header) > _GZIP_FLAGS_AT and self._header[_GZIP_FLAGS_AT] & _GZIP_HIDING_FLAGS:
            raise WireError("a gzip header carries an extra field, a file name or a comment; send it without")


class _Deflate:
    """The zlib format (RFC 9110 8.4.1.2); the bare one has no header and no checksum, and readers disagree on it."""

    def __init__(self) -> None:
        self._stream = Zlib(wbits=15)

    def feed(self, piece: bytes) -> Iterator[bytes]:
        yield from self._stream.feed(memoryview(piece))
        if self._stream.taken < len(piece):
            raise WireError("bytes follow the end of the deflate body")

    def end(self) -> None:
        if not self._stream.eof:
            raise _too_short()


class Zlib:
    """One zlib stream. `taken`: how much of the last piece belonged to it."""

    def __init__(self, *, wbits: int) -> None:
        self._stream = zlib.decompressobj(wbits=wbits)
        self.taken = 0

    @property
    def eof(self) -> bool:
        """True when it has come to its end."""
        return self._stream.eof

    def feed(self, view: memoryview) -> Iterator[bytes]:
        """What `view` gives. It goes in by steps, as what is over is copied."""
        stream, self.taken = self._stream, 0
        while not stream.eof and self.taken < len(view):
            step = view[self.taken : self.taken + _STEP_BYTES]
            self.taken += len(step)
            yield stream.decompress(step, _STEP_BYTES)
            while stream.unconsumed_tail and not stream.eof:
                yield stream.decompress(stream.unconsumed_tail, _STEP_BYTES)
        self.taken -= len(stream.unused_data)


class _Brotli:
    def __init__(self) -> None:
        self._stream = brotli.Decompressor()

    def feed(self, piece: bytes) -> Iterator[bytes]:
        if self._stream.is_finished():
            raise WireError("bytes follow the end of the br body")
        out = self._stream.process(piece, output_buffer_limit=_STEP_BYTES)
        while out:
            yield out
            out = b"" if self._stream.is_finished() else self._stream.process(b"", output_buffer_limit=_STEP_BYTES)

    def end(self) -> None:
        if not self._stream.is_finished():
            raise _too_short()


class _Zstd:
    """Frame after frame, block by block."""

    def __init__(self) -> None:
        self._blocks = Blocks()
        self._frames = 0
        self._stream: zstandard.ZstdDecompressionObj | None = None

    def feed(self, piece: bytes) -> Iterator[bytes]:
        for block, ends_frame in self._blocks.feed(piece):
            if self._stream is None:
                self._frames += 1
                if self._frames > MAX_MEMBERS:
                    raise WireError(f"the zstd body has over {MAX_MEMBERS} frames")
                self._stream = zstandard.ZstdDecompressor(max_window_size=MAX_WINDOW_BYTES).decompressobj()
            yield self._stream.decompress(block)
            if ends_frame:
                if not self._stream.eof:
                    raise _too_short()
                self._stream = None

    def end(self) -> None:
        self._blocks.end()


_DECODERS: dict[str, Callable[[], _Decoder]] = {"deflate": _Deflate, "br": _Brotli, "zstd": _Zstd}
