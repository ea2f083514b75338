"""Putting something into a field of a form; every other byte stays."""

from __future__ import annotations

from urllib.parse import parse_qs

import pytest

from aisecops.controls.dlp.written_form import WrittenForm
from aisecops.model.field_text import FieldText
from aisecops.model.finding import Finding
from aisecops.model.provenance import Span

BODY = b"a=x+ann%40b.co+%C3%BC&b=1"
FIELDS = [
    FieldText("form:a", "x ann@b.co \u00fc", [2, 3, 4, 5, 6, 7, 10, 11, 12, 13, 14, 15, 21], escaped=True),
    FieldText("form:b", "1", [24, 25], escaped=True),
]


def finding(where: str, start: int, end: int) -> Finding:
    return Finding(entity="X", where=where, span=Span(start=start, end=end), confidence=1.0, fingerprint="ab")


def test_what_stands_in_a_field_is_replaced_as_a_form_writes_it():
    written = WrittenForm(BODY, FIELDS)
    span = written.place(finding("form:a", 2, 10))
    assert span is not None
    assert written.reads(span) == "ann@b.co"
    changed = written.with_edits([(span, "<MAIL> & \u00e9")])
    assert changed == b"a=x+%3CMAIL%3E+%26+%C3%A9+%C3%BC&b=1"
    assert parse_qs(changed.decode())["a"] == ["x <MAIL> & \u00e9 \u00fc"]


def test_a_field_that_is_not_escaped_takes_it_as_it_is():
    written = WrittenForm(
        "--b für ann".encode(), [FieldText("upload:n:", "für ann", [4, 5, 7, 8, 9, 10, 11, 12], escaped=False)]
    )
    span = written.place(finding("upload:n:", 4, 7))
    assert span is not None
    assert written.with_edits([(span, "<é>")]) == "--b für <é>".encode()


@pytest.mark.parametrize(
    "found", [("form:c", 0, 1), ("form:b", 0, 2), ("form:b", 1, 1), ("body:", 0, 1), ("query:a", 0, 1)]
)
def test_what_has_no_place_cannot_be_replaced(found):
    assert WrittenForm(BODY, FIELDS).place(finding(*found)) is None


def test_its_passages_are_its_fields_and_outside_of_them_nothing_reads():
    written = WrittenForm(BODY, FIELDS)
    assert [passage.text for passage in written.passages()] == ["x ann@b.co \u00fc", "1"]
    assert written.reads(Span(start=0, end=1)) == ""
