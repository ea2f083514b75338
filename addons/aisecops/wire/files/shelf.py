"""What was found in the files of one request: texts with their places, and what could not be read. Bounded.

Files are opened from outside in; each opener puts texts here, and files that it finds inside back.
"""

from __future__ import annotations

import codecs
import re

from aisecops.model.errors import WireError
from aisecops.model.inside_bytes import stretches
from aisecops.model.refusals import Code
from aisecops.model.value import Value
from aisecops.wire.places import is_plain

MAX_FILES = 1000
MAX_NESTING = 5
MAX_BYTES = 64 * 1024 * 1024
FREE_BYTES = 8 * 1024 * 1024
MAX_RATIO = 100

ASIDE = "#aside"
"""Behind the place of a text that is not the file's own: looked into as all are, and nothing is known again by it."""

_WIDE = re.compile(rb"(?:[\x20-\x7e]\x00){6,}")
_CONTROLS = bytes(code for code in range(32) if code not in b"\t\n\r\f\x1b")
_MOSTLY_ASCII = 0.7


class File(Value):
    """A file that leaves: where it stands, its bytes, and as what: `body`, `upload` or `media`."""

    where: str
    data: bytes
    reason: str


class Unread(Value):
    """Content that leaves and is no text: where it is, how large, and as what: `body`, `upload` or `media`.

    `is_media`: a picture or a sound. What is written in it was read, what it shows or says was not.
    """

    where: str
    size_bytes: int
    reason: str
    is_media: bool = False


class Shelf:
    """Takes texts and files out of files, up to the bounds."""

    def __init__(self, size_bytes: int) -> None:
        self.parts: list[tuple[str, str]] = []
        self.unread: list[Unread] = []
        self.waiting: list[tuple[int, File]] = []
        self._left = min(MAX_BYTES, max(FREE_BYTES, MAX_RATIO * size_bytes))
        self._files = 0

    @property
    def room(self) -> int:
        """Bytes that may still come out."""
        return self._left

    def took(self, size_bytes: int) -> None:
        """So much came out. Raises WireError `too_large` when that is too much altogether."""
        self._left -= size_bytes
        if self._left < 0:
            raise WireError("what is packed in the request unfolds to too much", Code.TOO_LARGE)

    def text(self, where: str, text: str) -> None:
        """A text that was in a file: what its reader is shown."""
        if text.strip():
            self.parts.append((where, text))

    def aside(self, where: str, text: str) -> None:
        """Words of a file that every such file has, or that nobody is shown: names, marks, notes."""
        self.text(f"{where}{ASIDE}", text)

    def file(self, where: str, data: bytes, *, depth: int, reason: str) -> None:
        """A file that was in a file, to be opened in its turn. Raises WireError for one too many."""
        self._files += 1
        if self._files > MAX_FILES:
            raise WireError(f"the request has over {MAX_FILES} files in files", Code.TOO_LARGE)
        if depth > MAX_NESTING:
            raise WireError(f"files in the request are packed more than {MAX_NESTING} times over")
        self.waiting.append((depth, File(where=where, data=data, reason=reason)))

    def sealed(self, file: File, *, is_media: bool = False) -> None:
        """A file that cannot be read; what is readable of its bytes all the same is a text."""
        self.left_out(file.where, len(file.data), file.reason, is_media=is_media)
        self.beside(file)

    def left_out(self, where: str, size_bytes: int, reason: str, *, is_media: bool = False) -> None:
        """Something in a file that cannot be read."""
        self.unread.append(Unread(where=where, size_bytes=size_bytes, reason=reason, is_media=is_media))

    def beside(self, file: File) -> None:
        """The readable stretches of a file's bytes: names, comments, what stands before, behind and between."""
        self.aside(file.where, stretches(file.data))
        wide = (stretch.decode("utf-16-le") for stretch in _WIDE.findall(file.data))
        self.aside(file.where, "\n".join(wide))


def inside(where: str, name: str, index: int) -> str:
    """The place of the member `name` of the file at `where`; its position where the name may not be said."""
    return f"{where}/{'/'.join(step if is_plain(step) else f'{{{index}}}' for step in name.split('/')[-2:])}"


def plain_text(data: bytes) -> str | None:
    """`data` as text; None for what is none."""
    for mark, charset in ((codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"), (b"", "utf-8")):
        if data.startswith(mark):
            try:
                text = data.decode(charset)
            except UnicodeDecodeError:
                break
            return None if charset == "utf-8" and data.translate(None, _CONTROLS) != data else text
    # one byte to the character: in every such charset ASCII is ASCII
    ascii_bytes = sum(data.count(code) for code in range(32, 127))
    if data.translate(None, _CONTROLS) == data and ascii_bytes >= _MOSTLY_ASCII * len(data):
        return data.decode("iso-8859-1")
    return None
