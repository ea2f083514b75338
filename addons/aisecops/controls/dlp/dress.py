"""The text as it stands, and as it reads once a first dress is taken off: percent signs, base64.

One level, and never longer than what it came from. Every stretch of a taken-off text knows which stretch of the
original it came from, so that a finding points at what would leave.
"""

from __future__ import annotations

import base64
import binascii
import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import unquote_to_bytes

from aisecops.controls.dlp.triggers import MIN_ENCODED
from aisecops.model.provenance import Span

_PERCENT = re.compile(r"%[0-9A-Fa-f]{2}")
_WORD = re.compile(r"\S+")
_RUN = re.compile(rf"[A-Za-z0-9+/_-]{{{MIN_ENCODED},}}={{0,2}}")
_READABLE = re.compile(rb"[\t\n\r\x20-\x7e]{8,}")
_URL_SAFE = str.maketrans("-_", "+/")


@dataclass(frozen=True, slots=True)
class Layer:
    """One reading of a text. `starts` are where its pieces begin, `origins` where each stands in the original."""

    dress: str
    text: str
    starts: tuple[int, ...] = ()
    origins: tuple[Span, ...] = ()

    def place(self, span: Span) -> Span:
        """Where in the original text the reading's `span` comes from."""
        if not self.origins:
            return span
        first = bisect_right(self.starts, span.start) - 1
        last = bisect_right(self.starts, max(span.start, span.end - 1)) - 1
        return Span(start=self.origins[first].start, end=self.origins[last].end)


def layers(text: str) -> Iterator[Layer]:
    """The text itself first, then each reading that differs from it."""
    yield Layer(dress="", text=text)
    if _PERCENT.search(text):
        words = ((match, _plain(match[0])) for match in _WORD.finditer(text) if _PERCENT.search(match[0]))
        yield from _layer("percent", words)
    if _RUN.search(text):
        yield from _layer("base64", ((match, _opened(match[0])) for match in _RUN.finditer(text)))


def _layer(dress: str, pieces: Iterator[tuple[re.Match[str], str]]) -> Iterator[Layer]:
    texts, starts, origins, length = [], [], [], 0
    for match, piece in pieces:
        if piece:
            texts.append(piece)
            starts.append(length)
            origins.append(Span(start=match.start(), end=match.end()))
            length += len(piece) + 1
    if texts:
        yield Layer(dress=dress, text="\n".join(texts), starts=tuple(starts), origins=tuple(origins))


def _plain(word: str) -> str:
    return unquote_to_bytes(word.encode("utf-8", "surrogatepass")).decode("utf-8", "replace")


def _opened(run: str) -> str:
    """What a base64 run says, if it says anything that can be read; of a picture, only its readable stretches."""
    body = run.rstrip("=").translate(_URL_SAFE)
    body = body[:-1] if len(body) % 4 == 1 else body
    try:
        data = base64.b64decode(body + "=" * (-len(body) % 4), validate=True)
    except (binascii.Error, ValueError):
        return ""
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return "\n".join(stretch.decode("ascii") for stretch in _READABLE.findall(data))
