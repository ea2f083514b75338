"""What kind of file bytes are, by how they begin. Knows beginnings; opens nothing."""

from __future__ import annotations

from enum import StrEnum


class Kind(StrEnum):
    """How the content of a file is come by."""

    ZIP = "zip"
    TAR = "tar"
    PACKED = "packed"
    PDF = "pdf"
    PICTURE = "picture"
    SOUND = "sound"
    SEALED = "sealed"


# beginnings so long that what is random seldom has one: keys and digests in base64 are asked, too
_PICTURES = (b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"GIF87a", b"GIF89a", b"II*\0", b"MM\0*", b"8BPS")
_SOUNDS = (b"ID3\3", b"ID3\4", b"OggS", b"fLaC", b"\x1aE\xdf\xa3", b"MThd")
_PACKED = (b"\x1f\x8b\x08", b"BZh", b"\xfd7zXZ\0", b"\x28\xb5\x2f\xfd")
_SEALED = (
    *(b"7z\xbc\xaf\x27\x1c", b"Rar!\x1a\x07", b"MSCF", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", b"\x04\x22\x4d\x18"),
    *(b"age-encryption.org/", b"SQLite format 3\0", b"LZIP", b"xar!", b"!<arch>\n", b"hsqs"),
)
_TAR_MARK, _TAR_AT = b"ustar", 257
_PDF_WITHIN = 1024
KIND_BYTES = _PDF_WITHIN
"""So many bytes of a file tell its kind; no mark stands behind them."""
_RIFF = {b"WEBP": Kind.PICTURE, b"WAVE": Kind.SOUND, b"AVI ": Kind.SOUND}
_BRANDS = (b"heic", b"heix", b"mif1", b"avif")


def kind_of(data: bytes) -> Kind | None:
    """The kind of file that `data` is; None for text, and for what is no file we know."""
    if data.startswith(_ANY_BEGINNING):
        return next(kind for kind, beginnings in _BEGINNINGS.items() if data.startswith(beginnings))
    if data[_TAR_AT : _TAR_AT + len(_TAR_MARK)] == _TAR_MARK:
        return Kind.TAR
    if b"%PDF-" in data[:_PDF_WITHIN]:
        return Kind.PDF
    if data[:4] == b"RIFF":
        return _RIFF.get(data[8:12])
    if data[4:8] == b"ftyp":
        return Kind.PICTURE if data[8:12] in _BRANDS else Kind.SOUND
    return None


_BEGINNINGS: dict[Kind, tuple[bytes, ...]] = {
    Kind.ZIP: (b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08"),
    Kind.PACKED: _PACKED,
    Kind.PICTURE: _PICTURES,
    Kind.SOUND: _SOUNDS,
    Kind.SEALED: _SEALED,
}
_ANY_BEGINNING = tuple(beginning for beginnings in _BEGINNINGS.values() for beginning in beginnings)
