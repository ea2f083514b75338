from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aisecops.controls.dlp.lexicon import Lexicon
from aisecops.model.errors import WireError
from aisecops.wire.restore import restored_body, restored_text

REAL = 'O"Neil \\ \u00e9\n'
KNOWN = Lexicon({"k7x@mail.example": "ann@corp.com", "Bratri": REAL}, any_case=True)
JSON = (("Content-Type", "application/json"),)


def test_json_is_restored_in_values_and_names_and_all_else_keeps_its_bytes() -> None:
    body = b'{ "n":1.10, "k7x@mail.example" : ["to k7x@mail.example"], "big":12345678901234567890, "e":1E5 }'
    assert restored_body(JSON, body, KNOWN) == body.replace(b"k7x@mail.example", b"ann@corp.com")


def test_what_needs_escapes_gets_them_as_often_as_it_is_inside_a_string() -> None:
    inner = json.dumps({"name": "Bratri", "deep": json.dumps(["Bratri"])})
    body = json.dumps({"arguments": inner, "text": "Bratri"}).encode()
    restored = json.loads(restored_body(JSON, body, KNOWN))
    assert restored["text"] == REAL
    assert json.loads(restored["arguments"])["name"] == REAL
    assert json.loads(json.loads(restored["arguments"])["deep"]) == [REAL]


def test_an_escaped_stand_in_is_one_too() -> None:
    assert json.loads(restored_body(JSON, rb'{"a": "k7x\u0040mail.example"}', KNOWN)) == {"a": "ann@corp.com"}


def test_lines_of_json_stay_lines_of_json() -> None:
    body = b'{"a": "Bratri"}\n{"a": "Bratri"}\n'
    restored = restored_body((("Content-Type", "application/x-ndjson"),), body, KNOWN)
    assert [json.loads(line) for line in restored.splitlines()] == [{"a": REAL}] * 2


def test_a_text_is_restored_in_its_charset_or_not_delivered() -> None:
    latin = (("Content-Type", "text/plain; charset=iso-8859-1"),)
    assert restored_body(latin, "f\u00fcr k7x@mail.example".encode("latin-1"), KNOWN) == "f\u00fcr ann@corp.com".encode(
        "latin-1"
    )
    with pytest.raises(WireError, match="charset"):
        restored_body((("Content-Type", "text/plain; charset=us-ascii"),), b"Bratri", KNOWN)


def test_what_is_no_text_stays_as_it_is() -> None:
    for kind in ("image/png", "application/octet-stream"):
        assert restored_body((("Content-Type", kind),), b"k7x@mail.example", KNOWN) == b"k7x@mail.example"
    assert restored_body((("Content-Type", "text/plain"),), b"\xff k7x@mail.example", KNOWN) == b"\xff k7x@mail.example"


@settings(max_examples=60)
@given(st.recursive(st.text() | st.integers(-(2**53), 2**53) | st.none(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=8))  # fmt: skip
def test_json_without_a_stand_in_keeps_every_byte(value: object) -> None:
    text = json.dumps(value)
    assert restored_text(text, KNOWN) == text
