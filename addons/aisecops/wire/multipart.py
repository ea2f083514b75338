"""Forms with files: multipart/form-data (RFC 7578), read whole or not at all.

Knows boundaries and part headers. What lenient readers skip (words before the first boundary or after the last, folded
headers, a transfer encoding) is refused, since whoever skips less would see more.
"""

from __future__ import annotations

import re

from aisecops.model.errors import WireError
from aisecops.model.refusals import Code
from aisecops.model.value import Value
from aisecops.wire.media_type import read_parameters

MAX_FORM_PARTS = 1000
_BOUNDARY = re.compile(r"[0-9A-Za-z'()+_,./:=? -]{0,69}[0-9A-Za-z'()+_,./:=?-]")  # RFC 2046 5.1.1
_HEADER = re.compile(r"([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*+([^\x00\r\n]*)")


class FormPart(Value):
    """One field or file. `content_type` is empty when none is declared; `other_headers` are the rest."""

    name: str
    filename: str
    content_type: str
    content: bytes
    other_headers: tuple[str, ...] = ()


def read_form(body: bytes, boundary: str) -> list[FormPart]:
    """The parts of a form, in order. Raises WireError."""
    if not _BOUNDARY.fullmatch(boundary):
        raise WireError("the multipart body has no usable boundary")
    delimiter = b"\r\n--" + boundary.encode()
    pieces = (b"\r\n" + body).split(delimiter, MAX_FORM_PARTS + 2)
    if len(pieces) > MAX_FORM_PARTS + 2:
        raise WireError(f"the multipart body has over {MAX_FORM_PARTS} parts", Code.TOO_LARGE)
    if pieces[0] or pieces[-1] not in {b"--", b"--\r\n"}:
        raise WireError("the multipart body does not begin and end with its boundary")
    return [_part(piece) for piece in pieces[1:-1]]


def _part(piece: bytes) -> FormPart:
    if not piece.startswith(b"\r\n"):
        raise WireError("a multipart boundary is not alone on its line")
    head, blank, content = piece[2:].partition(b"\r\n\r\n")
    if not blank:
        raise WireError("a part of the multipart body has no headers or no end of them")
    headers = _headers(head)
    disposition = headers.pop("content-disposition", "")
    kind, semicolon, tail = disposition.partition(";")
    if kind.strip(" \t").lower() != "form-data" or "content-transfer-encoding" in headers:
        raise WireError("a part of the multipart body is no plain form-data")
    parameters = read_parameters(semicolon + tail, "content-disposition")
    return FormPart(
        name=parameters.pop("name", ""),
        filename=parameters.pop("filename", ""),
        content_type=headers.pop("content-type", ""),
        content=content,
        other_headers=(*parameters.values(), *headers, *headers.values()),
    )


def _headers(head: bytes) -> dict[str, str]:
    headers: dict[str, str] = {}
    try:
        lines = head.decode().split("\r\n")
    except UnicodeDecodeError:
        raise WireError("a header in the multipart body is no text") from None
    for line in lines:
        found = _HEADER.fullmatch(line)
        if found is None or found[1].lower() in headers:
            raise WireError("a header in the multipart body cannot be read, or stands twice")
        headers[found[1].lower()] = found[2].rstrip(" \t")
    return headers
