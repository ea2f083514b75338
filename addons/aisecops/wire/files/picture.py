"""What is written in a picture beside what it shows: comments, EXIF, XMP, text chunks; what is behind its end.

What it shows is not read. Most of what is written is plain in the bytes; PNG may compress it.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator

from aisecops.wire.files.shelf import File, Shelf, plain_text

_PNG = b"\x89PNG\r\n\x1a\n"
_TEXT_CHUNKS = frozenset({b"zTXt", b"iTXt", b"iCCP"})
_MAX_TEXT_BYTES = 1024 * 1024
_ZEROS = 4


def open_picture(file: File, shelf: Shelf) -> None:
    """Its texts; the picture itself is unread."""
    shelf.sealed(file, is_media=True)
    if file.data.startswith(_PNG):
        for chunk in _text_chunks(file.data):
            for text in _inflated(chunk, shelf):
                shelf.aside(file.where, text)


def _text_chunks(data: bytes) -> Iterator[bytes]:
    at = len(_PNG)
    while at + 8 <= len(data):
        size, kind = int.from_bytes(data[at : at + 4]), data[at + 4 : at + 8]
        if kind in _TEXT_CHUNKS:
            yield data[at + 8 : at + 8 + size]
        at += 12 + size


def _inflated(chunk: bytes, shelf: Shelf) -> Iterator[str]:
    """What is compressed in a chunk, behind one of its first zeros.

    They stand behind a keyword, are the method, and in iTXt stand behind a language and the keyword in it.
    """
    at = 0
    for _ in range(_ZEROS):
        at = chunk.find(0, at) + 1
        if not at:
            return
        try:
            data = zlib.decompressobj().decompress(chunk[at:], _MAX_TEXT_BYTES)
        except zlib.error:
            data = b""
        if data:
            shelf.took(len(data))
            if text := plain_text(data):
                yield text
            return
