"""Archives: zip (and so every modern office document), tar, and single files packed by gzip, bzip2, xz or zstd.

Everything in them is taken out, names included, or the archive counts as unread. Nothing is written anywhere.
"""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import tarfile
import zipfile
import zlib
from collections.abc import Callable
from typing import Protocol

from aisecops.model.errors import WireError
from aisecops.model.inside_bytes import stretches
from aisecops.model.refusals import Code
from aisecops.wire.coding import decode
from aisecops.wire.files.shelf import File, Shelf, inside, plain_text

_ENCRYPTED = 0x1
_LOCAL_HEADER = b"PK\x03\x04"
_LOCAL_BYTES = 30
_STEP_BYTES = 64 * 1024
_BROKEN = (OSError, EOFError, ValueError, NotImplementedError, zlib.error, lzma.LZMAError)


class _Readable(Protocol):
    def read(self, size: int, /) -> bytes: ...


def open_zip(file: File, depth: int, shelf: Shelf) -> None:
    """Every member of a zip; what is locked, of an unknown method or in no directory is unread."""
    try:
        archive = zipfile.ZipFile(io.BytesIO(file.data))
        members = archive.infolist()
    except (*_BROKEN, zipfile.BadZipFile, OverflowError):
        shelf.sealed(file)
        return
    shelf.aside(file.where, "\n".join(member.filename for member in members))
    shelf.aside(file.where, "\n".join(_words(note) for member in members for note in (member.comment, member.extra)))
    if _hides(file.data, members):
        shelf.sealed(file)
        return
    shelf.beside(file)
    for index, member in enumerate(members):
        where = inside(file.where, member.filename, index)
        if member.is_dir() and not member.file_size:
            continue
        if member.flag_bits & _ENCRYPTED:
            shelf.left_out(where, member.compress_size, file.reason)
            continue
        try:
            with archive.open(member) as stream:
                data = _whole(stream, shelf)
        except (*_BROKEN, zipfile.BadZipFile):
            shelf.left_out(where, member.compress_size, file.reason)
            continue
        shelf.file(where, data, depth=depth + 1, reason=file.reason)


def _hides(data: bytes, members: list[zipfile.ZipInfo]) -> bool:
    """True when a reader that goes from header to header would find a member that the directory does not name."""
    taken = _LOCAL_BYTES
    named = sorted((one.header_offset, one.header_offset + taken + one.compress_size) for one in members)
    at = 0
    for start, end in named:
        if data.find(_LOCAL_HEADER, at, start) >= 0:
            return True
        at = max(at, end)
    return data.find(_LOCAL_HEADER, at) >= 0


def open_tar(file: File, depth: int, shelf: Shelf) -> None:
    """Every member of a tar, and the names and notes in its headers."""
    shelf.beside(file)
    try:
        with tarfile.open(fileobj=io.BytesIO(file.data), mode="r:") as archive:
            for index, member in enumerate(archive):
                owner = (member.uname, member.gname)
                notes = "\n".join((member.name, member.linkname, *owner, *map(str, member.pax_headers.values())))
                shelf.aside(file.where, notes)
                stream = archive.extractfile(member) if member.isfile() else None
                if stream is not None:
                    data = _whole(stream, shelf)
                    shelf.file(inside(file.where, member.name, index), data, depth=depth + 1, reason=file.reason)
    except (*_BROKEN, tarfile.TarError, OverflowError):
        shelf.sealed(file)


def _words(note: bytes) -> str:
    """A note beside a member, as text if it is any."""
    return plain_text(note) or stretches(note)


def open_packed(file: File, depth: int, shelf: Shelf) -> None:
    """The one file that was packed; members in a row are one after the other in it."""
    shelf.beside(file)
    try:
        data = _unpacked(file.data, shelf)
    except _BROKEN:
        shelf.sealed(file)
        return
    shelf.file(f"{file.where}/unpacked", data, depth=depth + 1, reason=file.reason)


def _unpacked(data: bytes, shelf: Shelf) -> bytes:
    packed = io.BytesIO(data)
    if data.startswith(_ZSTD):
        return _zstd(data, shelf)
    for mark, unpack in _UNPACKS.items():
        if data.startswith(mark):
            return _whole(unpack(packed), shelf)
    raise ValueError("packed by nobody we know")


def _zstd(data: bytes, shelf: Shelf) -> bytes:
    try:
        found = decode(data, (("content-encoding", "zstd"),), max_bytes=shelf.room)
    except WireError as error:
        if error.code is Code.TOO_LARGE:
            raise
        raise ValueError(error.detail) from error
    shelf.took(len(found))
    return found


def _xz(packed: io.BytesIO) -> lzma.LZMAFile:
    return lzma.LZMAFile(packed, format=lzma.FORMAT_XZ)


_ZSTD = b"\x28\xb5\x2f\xfd"
_UNPACKS: dict[bytes, Callable[[io.BytesIO], _Readable]] = {
    b"\x1f\x8b": lambda packed: gzip.GzipFile(fileobj=packed),
    b"BZh": bz2.BZ2File,
    b"\xfd7zXZ": _xz,
}


def _whole(stream: _Readable, shelf: Shelf) -> bytes:
    """All that `stream` gives, as far as there is room for it."""
    found = bytearray()
    while piece := stream.read(_STEP_BYTES):
        shelf.took(len(piece))
        found += piece
    return bytes(found)
