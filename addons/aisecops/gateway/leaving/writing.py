"""Body, query and path that leave, as they are written, so that something can be put in the place of a part of them."""

from __future__ import annotations

import functools
from urllib.parse import quote

from aisecops.controls.dlp.written import WrittenBody
from aisecops.controls.dlp.written_form import WrittenForm
from aisecops.model.errors import WireError
from aisecops.model.exchange import Headers, HttpRequest
from aisecops.model.field_text import FieldText
from aisecops.wire.form_fields import form_fields, is_form, path_fields, query_fields
from aisecops.wire.media_type import declared_charset, media_type
from aisecops.wire.signed import body_is_signed, query_is_signed

_READ_AS_WRITTEN = frozenset({"utf-8", "ascii"})


def as_written(body: bytes, headers: Headers = ()) -> WrittenBody | WrittenForm | None:
    """`body`, which is decoded and was sent with `headers`; None for one in which nothing can be replaced."""
    try:
        kind = media_type(headers)
        if kind is not None and is_form(kind) and not _may_be_json(body):
            return WrittenForm(body, form_fields(kind, body))
        return WrittenBody(body) if declared_charset(kind) in _READ_AS_WRITTEN else None
    except (WireError, ValueError):
        return None


def query_as_written(request: HttpRequest) -> WrittenForm | None:
    """The query of `request`; None for one in which nothing can be replaced: a signed one, or one that is no ASCII."""
    _, _, query = request.path.partition("?")
    if not query.isascii() or query_is_signed(request):
        return None
    return WrittenForm(query.encode(), query_fields(query))


def path_as_written(request: HttpRequest) -> WrittenForm | None:
    """The path of `request`, segment by segment; None for one in which nothing can be replaced, as of a query."""
    path = request.path.partition("?")[0]
    if not path.isascii() or query_is_signed(request) or body_is_signed(request):
        return None
    return WrittenForm(path.encode(), path_fields(path), escape=functools.partial(quote, safe=""))


def header_as_written(request: HttpRequest, name: str) -> WrittenForm | None:
    """The value of the header `name`; None for one that stands twice, is no ASCII or may be signed."""
    found = [value for sent, value in request.headers if sent.lower() == name]
    if len(found) != 1 or not found[0].isascii() or query_is_signed(request) or body_is_signed(request):
        return None
    text = found[0]
    field = FieldText(where=f"header:{name}", text=text, starts=range(len(text) + 1), escaped=False)
    return WrittenForm(text.encode(), [field])


def _may_be_json(body: bytes) -> bool:
    """Some clients call it a form, and servers read it all the same."""
    return body.lstrip(b" \t\r\n")[:1] in {b"{", b"[", b'"'}
