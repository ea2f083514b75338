"""An answer of any size, read while it passes: its coding taken off, its bytes digested, its texts found.

Keeps little of it, whatever its size. What the texts mean is for others; an answer that is there whole is `texts.py`'s.
"""

from __future__ import annotations

import codecs
import hashlib
import re

from aisecops.model.errors import WireError
from aisecops.model.exchange import Headers
from aisecops.model.value import Value
from aisecops.wire.coding import PieceDecoder
from aisecops.wire.media_type import declared_charset, media_type
from aisecops.wire.page import Page

OVERLAP = 1024
"""Characters of a piece that are read again with the next, so that words across the border are found together."""

STRETCH_BYTES = 64 * 1024
_ESCAPE = re.compile(r'\\(?:u([0-9a-fA-F]{4})|(["\\/bfnrt]))')


class Piece(Value):
    """The texts of one piece of an answer, and the digest of its bytes as they came."""

    texts: tuple[str, ...]
    sha256: str


class AnswerPieces:
    """Reads the pieces of one answer in order. Of more than `most` characters only the first are read as text."""

    def __init__(self, headers: Headers, *, most: int) -> None:
        """Raises `WireError` for a coding that is not known."""
        self._decoder = PieceDecoder(headers)
        self._texts = _Texts(headers)
        self._left = most
        self._digest = hashlib.sha256()

    @property
    def is_plain(self) -> bool:
        """True for a body without a coding."""
        return self._decoder.is_plain

    @property
    def has_more(self) -> bool:
        """False when nothing that still comes could hold a text that is read, or be badly coded."""
        return not self._decoder.is_plain or self._reads

    @property
    def sha256(self) -> str:
        """The digest of all that came."""
        return self._digest.hexdigest()

    def pass_by(self, data: bytes) -> None:
        """Only count `data` in, when nothing in it has to be read."""
        self._digest.update(data)

    def feed(self, data: bytes) -> Piece:
        """Read `data`. Raises `WireError` for what does not decode."""
        self._digest.update(data)
        texts: list[str] = []
        for out in self._decoder.feed(data):
            if self._reads:
                texts += (text for text in self._texts.feed(out) if text.strip())
                self._left -= len(out)
        return Piece(texts=tuple(texts), sha256=hashlib.sha256(data).hexdigest())

    def end(self) -> None:
        """Nothing more comes. Raises `WireError` when the coding is not at its end."""
        self._decoder.end()

    @property
    def _reads(self) -> bool:
        return self._left > 0 and self._texts.is_text


def texts_in_pieces(headers: Headers, body: bytes) -> list[str]:
    """The texts of a large `body`, which is decoded, as `texts_of` has them: the whole first, then its parts.

    Found a stretch at a time, so that nobody has to wait long for it.
    """
    texts, whole, parts = _Texts(headers), [], []
    for start in range(0, len(body), STRETCH_BYTES):
        if texts.is_text:
            parts += texts.feed(body[start : start + STRETCH_BYTES])[1:]
            whole.append(texts.newest)
    return ["".join(whole), *parts] if whole else []


class _Texts:
    """The texts of pieces: each as it stands behind the end of the one before, and as a page shows it.

    `newest` is the last piece alone, as it stands.
    """

    def __init__(self, headers: Headers) -> None:
        self.newest = ""
        self._tail = ""
        self._shown = ""
        self._page: Page | None = None
        self._is_json = False
        self._began = False
        try:
            self._decoder = codecs.getincrementaldecoder(declared_charset(media_type(headers)))()
        except WireError:
            self.is_text = False
        else:
            self.is_text = True

    def feed(self, data: bytes) -> list[str]:
        """The texts that `data` completes; from the first byte on that is no text there are none any more."""
        try:
            text = self._decoder.decode(data)
        except UnicodeDecodeError:
            text = "\0"
        if "\0" in text:
            self.is_text = False
            self.newest = ""
            return []
        self._begin(text)
        standing, self._tail = self._tail + text, (self._tail + text)[-OVERLAP:]
        if self._is_json:
            standing, text = unescaped(standing), unescaped(text)
        self.newest = text
        return [standing, *(self._shown_by(self._page, text) if self._page is not None else ())]

    def _begin(self, text: str) -> None:
        start = text.lstrip("\ufeff \t\r\n")[:1]
        if not self._began and start:
            self._began = True
            self._is_json = start in {"{", "[", '"'}
            self._page = Page() if start == "<" else None

    def _shown_by(self, page: Page, text: str) -> list[str]:
        page.feed(text)
        shown = " ".join((self._shown, *page.shown))
        beside = list(page.beside)
        self._shown = shown[-OVERLAP:]
        page.shown.clear()
        page.beside.clear()
        return [shown, *beside]


def unescaped(text: str) -> str:
    """JSON as it reads when it was taken apart: without the escapes of its strings."""

    def plain(found: re.Match[str]) -> str:
        code, sign = found.groups()
        if code is not None:
            return chr(int(code, 16))
        return sign if sign in '"\\/' else " "

    return _ESCAPE.sub(plain, text)
