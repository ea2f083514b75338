"""The fields of a form that something else can be put into, with where they are written: URL-encoded, and multipart.

A query is a form of the first sort. Knows the two forms and names places as `parts.py` does. What it does not list
stays as it is or does not leave.
"""

from __future__ import annotations

import itertools
import re
from collections import Counter
from collections.abc import Iterator

from aisecops.model.field_text import FieldText
from aisecops.wire.media_type import MediaType, declared_charset, read_media_type
from aisecops.wire.multipart import read_form
from aisecops.wire.places import is_plain

FORM = "application/x-www-form-urlencoded"
MULTIPART = "multipart/form-data"
_UNIT = re.compile(rb"%[0-9A-Fa-f]{2}|.", re.DOTALL)
_BLANK = b"\r\n\r\n"
_UNICODE = frozenset({"utf-8", "ascii"})


def is_form(kind: MediaType | None) -> bool:
    """Is a body of this kind a form?"""
    return kind is not None and kind.name in {FORM, MULTIPART}


def form_fields(kind: MediaType, body: bytes) -> list[FieldText]:
    """The fields whose text stands as it is written, each at a place of its own; names that say too much are none.

    `body` is decoded. Raises WireError for a form that cannot be read.
    """
    if kind.name == FORM and declared_charset(kind) not in _UNICODE:
        return []
    found = _pairs(body) if kind.name == FORM else _uploads(body, kind.parameters.get("boundary", ""))
    return _met_once(found)


def query_fields(query: str) -> list[FieldText]:
    """The same of a query, which is ASCII; places are in what stands behind its `?`."""
    return _met_once(_pairs(query.encode("ascii"), "query"))


def path_fields(path: str) -> list[FieldText]:
    """The same of the segments of a path, which is ASCII and has no query; each is at `path:N`."""
    found = []
    at = 0
    for index, segment in enumerate(path.encode("ascii").split(b"/")):
        read = _read(segment, at, plus_is_blank=False)
        at += len(segment) + 1
        if index and read is not None:
            found.append(FieldText(where=f"path:{index - 1}", text=read[0], starts=read[1], escaped=True))
    return found


def _met_once(found: Iterator[FieldText]) -> list[FieldText]:
    fields = list(found)
    met = Counter(field.where for field in fields)
    return [field for field in fields if met[field.where] == 1]


def _pairs(body: bytes, place: str = "form") -> Iterator[FieldText]:
    at = 0
    for pair in body.split(b"&"):
        name, equals, value = pair.partition(b"=")
        start = at + len(name) + len(equals)
        at += len(pair) + 1
        chosen, text = _read(name, 0), _read(value, start)
        if chosen is not None and text is not None and is_plain(chosen[0]):
            yield FieldText(where=f"{place}:{chosen[0]}", text=text[0], starts=text[1], escaped=True)


def _read(raw: bytes, start: int, *, plus_is_blank: bool = True) -> tuple[str, list[int]] | None:
    """What `raw` says, which stands from `start` on, and where each character is written; None for no UTF-8."""
    units = [(match[0], start + match.start()) for match in _UNIT.finditer(raw)]
    blank = b"+" if plus_is_blank else b""
    data = bytes(32 if unit == blank else unit[0] if len(unit) == 1 else int(unit[1:], 16) for unit, _ in units)
    try:
        text = data.decode()
    except UnicodeDecodeError:
        return None
    return text, _starts(text, [at for _, at in units], start + len(raw))


def _starts(text: str, places: list[int], end: int) -> list[int]:
    """Where each character of `text` begins, of whose bytes `places` are the places; at last `end`."""
    sizes = (len(char.encode()) for char in text)
    return [*(places[at] for at in itertools.accumulate(sizes, initial=0) if at < len(places)), end]


def _uploads(body: bytes, boundary: str) -> Iterator[FieldText]:
    at = 0
    for part in read_form(body, boundary):
        start = body.index(_BLANK, at) + len(_BLANK)  # headers hold no blank line, and the part ends where it says
        at = start + len(part.content)
        text = _plain(part.content, read_media_type(part.content_type) if part.content_type else None)
        if text is not None and is_plain(part.name):
            starts = _starts(text, list(range(start, at)), at)
            yield FieldText(where=f"upload:{part.name}:", text=text, starts=starts, escaped=False)


def _plain(content: bytes, kind: MediaType | None) -> str | None:
    """The text of a part that is one; None for a file, for JSON and for whatever is read in more ways than one."""
    if kind is not None and (not kind.name.startswith("text/") or declared_charset(kind) not in _UNICODE):
        return None
    try:
        text = content.decode()
    except UnicodeDecodeError:
        return None
    return None if "\0" in text or text.lstrip(" \t\r\n\ufeff")[:1] in {"{", "[", '"'} else text
