"""A form as it is written, and where in its bytes each of its fields stands: to put something in the place of a part.

The same questions as of a `WrittenBody`, whose places are bytes here. Knows no form: fields come read.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from urllib.parse import quote_plus

from aisecops.model.field_text import FieldText
from aisecops.model.finding import Finding
from aisecops.model.json_places import with_spans
from aisecops.model.provenance import Span

_BYTES = "iso-8859-1"
"""Each byte is one character, so that a place in the text is one in the body."""


class WrittenForm:
    """The form in `body` whose replaceable fields are `fields`."""

    def __init__(self, body: bytes, fields: Sequence[FieldText], *, escape: Callable[[str], str] = quote_plus) -> None:
        """`escape` writes a text as an escaped field has it."""
        self._escape = escape
        self.text = body.decode(_BYTES)
        self._fields = {field.where: field for field in fields}

    def place(self, finding: Finding) -> Span | None:
        """Where `finding` stands; None where nothing can be put in its place."""
        field = self._fields.get(finding.where)
        if field is None or not 0 <= finding.span.start < finding.span.end <= len(field.text):
            return None
        return field.place(finding.span)

    def reads(self, span: Span) -> str:
        """What the field around `span` says there."""
        field = self._at(span)
        if field is None:
            return ""
        starts = list(field.starts)
        return field.text[starts.index(span.start) : starts.index(span.end)]

    def passages(self) -> Iterator[FieldText]:
        """Every text in the form."""
        yield from self._fields.values()

    def with_edits(self, edits: Sequence[tuple[Span, str]]) -> bytes:
        """The form with each span replaced; all else keeps its bytes. The spans do not overlap."""
        return with_spans(self.text, [(span, self._as_written(span, new)) for span, new in edits]).encode(_BYTES)

    def _as_written(self, span: Span, new: str) -> str:
        field = self._at(span)
        escaped = self._escape(new) if field is not None and field.escaped else new
        return escaped.encode().decode(_BYTES)

    def _at(self, span: Span) -> FieldText | None:
        around = (field for field in self._fields.values() if field.starts[0] <= span.start < field.starts[-1])
        return next(around, None)
