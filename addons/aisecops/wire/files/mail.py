"""E-mail (RFC 5322, MIME): its headers, and every part of it without its transfer encoding."""

from __future__ import annotations

import re
from email import message_from_bytes
from email.message import Message
from email.policy import Compat32

from aisecops.wire.files.shelf import File, Shelf, inside

MAX_HEADER_CHARS = 64 * 1024
"""Of one header: what the standard library takes to read one grows with the square of its length."""
_HEAD_BYTES = 8192
_TELLS = re.compile(rb"^(?:MIME-Version|Content-Transfer-Encoding)[ \t]*:", re.IGNORECASE | re.MULTILINE)
_HEADER = re.compile(rb"[!-9;-~]+[ \t]*:")


class _LongHeaderError(Exception):
    """A header is longer than one that is read."""


class _Bounded(Compat32):
    """Reads headers as they stand, up to the bound."""

    def header_source_parse(self, sourcelines: list[str]) -> tuple[str, str]:
        if sum(map(len, sourcelines)) > MAX_HEADER_CHARS:
            raise _LongHeaderError
        return super().header_source_parse(sourcelines)


def is_mail(data: bytes) -> bool:
    """True for text that begins with headers, one of them MIME's."""
    head = data[:_HEAD_BYTES]
    return _HEADER.match(head) is not None and _TELLS.search(head) is not None


def open_mail(file: File, depth: int, shelf: Shelf) -> None:
    """Its parts, each to be opened in its turn. One with a header that is too long is unread."""
    try:
        message = message_from_bytes(file.data, policy=_Bounded())
    except _LongHeaderError:
        shelf.sealed(file)
        return
    for index, part in enumerate(message.walk()):
        shelf.aside(file.where, "\n".join(f"{name}: {value}" for name, value in part.items()))
        payload = None if part.is_multipart() else part.get_payload(decode=True)
        if isinstance(payload, bytes):
            shelf.took(len(payload))
            shelf.file(inside(file.where, _name(part), index), payload, depth=depth + 1, reason=file.reason)


def _name(part: Message) -> str:
    return part.get_filename() or part.get_content_type()
