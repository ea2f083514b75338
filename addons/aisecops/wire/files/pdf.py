"""PDF: the text of its pages and forms, what is written about it, and every stream it holds, shown or not.

Page text is read by pypdf; streams are found by their own mark, so that none is left out because no page shows it.
"""

from __future__ import annotations

import base64
import contextlib
import io
import re
import zlib
from collections.abc import Callable, Iterator

from aisecops.model.inside_bytes import stretches
from aisecops.wire.coding import Zlib
from aisecops.wire.files.kind import KIND_BYTES, kind_of
from aisecops.wire.files.shelf import File, Shelf, plain_text

MAX_PAGES = 2000
_STREAM = re.compile(rb"(?<!end)stream\r?\n")
_PICTURE = re.compile(rb"/Subtype\s*/Image\b")
_KERNED = re.compile(rb"\)[ \r\n]{0,4}-?[0-9]{1,6}(?:\.[0-9]{0,6})?[ \r\n]{0,4}\(")
"""Between pieces of a word that stand a little closer or further apart (ISO 32000-1 9.4.3)."""


def open_pdf(file: File, depth: int, shelf: Shelf) -> None:
    """Its texts; files in it to be opened in their turn. A locked one, or one with too many pages, is unread."""
    shelf.beside(file)
    pictures = _PICTURE.search(file.data) is not None
    for data in (*_streams(file.data, shelf), *_filtered(file.data, shelf)):
        pictures = pictures or _PICTURE.search(data) is not None
        if kind_of(data) is not None:
            shelf.file(f"{file.where}/stream", data, depth=depth + 1, reason=file.reason)
        else:
            shelf.aside(file.where, plain_text(data) or stretches(data))
            if (closer := _KERNED.sub(b"", data)) != data:
                shelf.aside(file.where, plain_text(closer) or stretches(closer))
    pages = _pages(file.data)
    if pages is None:
        shelf.sealed(file)
        return
    for number, text in enumerate(pages):
        shelf.text(f"{file.where}/page/{number}", text)
    if pictures:
        shelf.left_out(f"{file.where}/picture", len(file.data), file.reason, is_media=True)


class _Taken:
    """How far a file was read. What is read again counts as what comes out: one stream may stand in another."""

    def __init__(self, shelf: Shelf) -> None:
        self._shelf = shelf
        self._until = 0

    def __call__(self, start: int, end: int) -> None:
        """Raises WireError when too much is read again."""
        self._shelf.took(max(min(self._until, end) - start, 0))
        self._until = max(self._until, end)


def _marks(data: bytes) -> Iterator[tuple[int, int, int]]:
    """Where the word stands that begins a stream, and where its content begins and ends; nowhere without an end."""
    end = 0
    for match in _STREAM.finditer(data):
        if 0 <= end < match.end():
            end = data.find(b"endstream", match.end())
        yield match.start(), match.end(), max(end, match.end())


def _streams(data: bytes, shelf: Shelf) -> Iterator[bytes]:
    """What each stream holds: inflated if it is deflated, else as it stands."""
    view = memoryview(data)
    taken = _Taken(shelf)
    for _, start, end in _marks(data):
        found = bytearray()
        if _may_be_deflated(data[start : start + 2]):
            inflate = Zlib(wbits=zlib.MAX_WBITS)
            with contextlib.suppress(zlib.error):
                for piece in inflate.feed(view[start:]):
                    shelf.took(len(piece))
                    found += piece
            taken(start, start + inflate.taken)
        if found:
            yield bytes(found)
        elif kind_of(data[start : start + KIND_BYTES]) is not None:
            taken(start, end)
            yield data[start:end]


def _may_be_deflated(begun: bytes) -> bool:
    """False for two bytes with which nothing of zlib's begins (RFC 1950 2.2)."""
    return len(begun) > 1 and begun[0] & 0x0F == zlib.DEFLATED and int.from_bytes(begun) % 31 == 0


def _filtered(data: bytes, shelf: Shelf) -> Iterator[bytes]:
    """What streams hold that are written in letters, deflated below them or not (ISO 32000-1 7.4.2, 7.4.3)."""
    taken = _Taken(shelf)
    for at, start, end in _marks(data):
        object_at = data.rfind(b"obj", max(0, at - _DICTIONARY_BYTES), at)
        for name, unpacked in _LETTERS.items():
            if 0 <= object_at <= data.find(name, object_at, at):
                taken(start, end)
                with contextlib.suppress(ValueError):
                    plain = unpacked(data[start:end])
                    shelf.took(len(plain))
                    yield plain
                    yield from _streams(b"stream\n" + plain, shelf)


def _ascii85(body: bytes) -> bytes:
    return base64.a85decode(body.strip().removeprefix(b"<~").partition(b"~>")[0], ignorechars=b" \t\n\r\v\0\f")


def _hexadecimal(body: bytes) -> bytes:
    digits = b"".join(body.partition(b">")[0].split()).decode("ascii", "replace")
    return bytes.fromhex(digits + "0" * (len(digits) % 2))


_LETTERS: dict[bytes, Callable[[bytes], bytes]] = {b"/ASCII85Decode": _ascii85, b"/ASCIIHexDecode": _hexadecimal}
_DICTIONARY_BYTES = 2048


def _pages(data: bytes) -> list[str] | None:
    """The text of each page, and last what stands in form fields; None when it cannot be read."""
    import pypdf

    try:
        reader = pypdf.PdfReader(io.BytesIO(data))
        if reader.is_encrypted and not reader.decrypt(""):
            return None
        if len(reader.pages) > MAX_PAGES:
            return None
        texts = [page.extract_text() for page in reader.pages]
        texts.append("\n".join(str(value) for value in (reader.get_form_text_fields() or {}).values()))
    except Exception:  # noqa: BLE001 - whatever a broken document makes it raise, the document is not read
        return None
    return texts
