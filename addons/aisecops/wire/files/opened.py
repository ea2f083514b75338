"""Files that leave, opened: every text in them, and what of them cannot be read.

Runs in worker processes: documents of others are read by parsers that may be slow. Any bytes give texts, or are listed
as unread, or raise WireError.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from aisecops.model.errors import WireError
from aisecops.model.inside_bytes import Room
from aisecops.model.refusals import Code
from aisecops.model.value import Value
from aisecops.wire.files.archive import open_packed, open_tar, open_zip
from aisecops.wire.files.kind import Kind, kind_of
from aisecops.wire.files.mail import is_mail, open_mail
from aisecops.wire.files.markup import text_of
from aisecops.wire.files.pdf import open_pdf
from aisecops.wire.files.picture import open_picture
from aisecops.wire.files.shelf import MAX_BYTES, File, Shelf, Unread, plain_text

INSIDE = "inside:"
"""Before the place of a file, for what stands in it."""


class Opened(Value):
    """The texts in files, each with its place, and what could not be read."""

    parts: tuple[tuple[str, str], ...] = ()
    unread: tuple[Unread, ...] = ()


def opened(files: Sequence[File]) -> Opened:
    """All that is in `files`. Raises WireError `too_large`, or `unreadable` for files packed too deep."""
    return together(opened_each(files))


def opened_each(files: Sequence[File]) -> list[Opened]:
    """What is in each of `files`, which share what may come out of them. Raises as `opened` does."""
    shelf = Shelf(sum(len(file.data) for file in files))
    found = []
    for file in files:
        shelf.file(f"{INSIDE}{file.where}", file.data, depth=0, reason=file.reason)
        while shelf.waiting:
            depth, inner = shelf.waiting.pop()
            _open(inner, depth, shelf)
        found.append(Opened(parts=tuple(dict.fromkeys(shelf.parts)), unread=tuple(shelf.unread)))
        shelf.parts, shelf.unread = [], []
    return found


def together(found: Iterable[Opened]) -> Opened:
    """What is in several files as one. Raises WireError `too_large` for more than one request may hold."""
    each = list(found)
    parts = tuple(dict.fromkeys(part for one in each for part in one.parts))
    if len(each) > 1 and sum(len(text) for _, text in parts) > MAX_BYTES:
        raise WireError("what is packed in the request unfolds to too much", Code.TOO_LARGE)
    return Opened(parts=parts, unread=tuple(left for one in each for left in one.unread))


def text_inside(data: bytes, room: Room) -> str | None:
    """The text in a file that stood encoded in a text; None for what is no file.

    Raises WireError for one that cannot be read; what a picture shows is left unread, as its place may be one for it.
    """
    if kind_of(data) is None:
        return None
    found = opened([File(where="", data=data, reason="")])
    if any(not one.is_media for one in found.unread):
        raise WireError("a file that is encoded in a text of the request cannot be read; send it as an upload")
    text = "\n".join(text for _, text in found.parts)
    room.take(len(text))
    return text


def _open(file: File, depth: int, shelf: Shelf) -> None:
    kind = kind_of(file.data)
    if kind is Kind.ZIP:
        open_zip(file, depth, shelf)
    elif kind is Kind.TAR:
        open_tar(file, depth, shelf)
    elif kind is Kind.PACKED:
        open_packed(file, depth, shelf)
    elif kind is Kind.PDF:
        open_pdf(file, depth, shelf)
    elif kind is Kind.PICTURE:
        open_picture(file, shelf)
    elif kind is Kind.SOUND:
        shelf.sealed(file, is_media=True)
    elif kind is None and file.data:
        _open_text(file, depth, shelf)
    elif file.data:
        shelf.sealed(file)


def _open_text(file: File, depth: int, shelf: Shelf) -> None:
    """A file of no kind we know by its beginning: text, or unread."""
    text = plain_text(file.data)
    if text is None:
        shelf.sealed(file)
        return
    said = text_of(file.data) if text.lstrip("\ufeff \t\r\n")[:1] == "<" else None
    if said is None:
        shelf.text(file.where, text)
    else:
        shelf.text(file.where, said[0])
        shelf.aside(file.where, f"{said[1]}\n{text}")
    if is_mail(file.data):
        open_mail(file, depth, shelf)
