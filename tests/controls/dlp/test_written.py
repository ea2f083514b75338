from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aisecops.controls.dlp import written as module
from aisecops.controls.dlp.written import WrittenBody
from aisecops.model.finding import Finding
from aisecops.model.provenance import Span


def finding(where: str, start: int, end: int) -> Finding:
    return Finding(entity="X", where=where, span=Span(start=start, end=end), confidence=1.0, fingerprint="00")


def replaced(body: bytes, where: str, start: int, end: int) -> bytes | None:
    written = WrittenBody(body)
    place = written.place(finding(where, start, end))
    return None if place is None else written.with_edits([(place, "_")])


def test_in_a_string_with_escapes_only_the_span_changes() -> None:
    body = rb'{"a": "\u00e9\ud83d\ude00\n\"ann\" \/x", "b": 1.10}'
    assert replaced(body, "body:/a", 4, 7) == rb'{"a": "\u00e9\ud83d\ude00\n\"_\" \/x", "b": 1.10}'
    assert replaced(body, "body:/a", 1, 3) == rb'{"a": "\u00e9_\"ann\" \/x", "b": 1.10}'


@pytest.mark.parametrize(
    ("body", "where", "start", "end"),
    [
        (b'{"a": 4111}', "body:/a", 0, 4),
        (b'{"a": 4111}', "body:", 6, 10),
        (b'{"a": "b"}', "body:", 2, 3),
        (b'{"a": "b", "c": "d"}', "body:", 7, 15),
        (b'"ann"', "body:", 0, 3),
        (b'{"a": "b"}', "body:/b", 0, 1),
        (b'{"a": "b"}', "body:/a", 0, 2),
        (b'{"a": "b"}\n{"a": "b"}', "body:/0/a", 0, 1),
        (b"a=b", "form:a", 0, 1),
        (b"text", "body:", 2, 9),
    ],
)
def test_what_has_no_place_of_its_own_has_none(body: bytes, where: str, start: int, end: int) -> None:
    assert replaced(body, where, start, end) is None


def test_a_finding_in_the_whole_text_of_json_counts_inside_one_string() -> None:
    assert replaced(b'{"a": "ann b"}', "body:", 7, 10) == b'{"a": "_ b"}'


def test_what_is_no_utf8_is_no_body_that_can_be_changed() -> None:
    with pytest.raises(ValueError, match="decode"):
        WrittenBody(b"\xff\xfea\0")


def test_json_inside_a_json_string_is_opened_and_read_as_often_as_it_is_written() -> None:
    body = json.dumps({"arguments": json.dumps({"to": 'o"neil \u00e9', "n": 1}), "text": "plain"}).encode()
    written = WrittenBody(body)
    found = {one.text: one for one in written.passages()}
    assert set(found) == {'o"neil \u00e9', "plain"}
    inside = found['o"neil \u00e9'].place(Span(start=0, end=8))
    assert written.reads(inside) == 'o"neil \u00e9'
    assert json.loads(json.loads(written.with_edits([(inside, "x")]))["arguments"]) == {"to": "x", "n": 1}
    assert written.reads(found["plain"].place(Span(start=0, end=5))) == "plain"


def test_of_a_plain_text_the_whole_is_one_passage() -> None:
    written = WrittenBody("f\u00fcr ann".encode())
    (whole,) = written.passages()
    assert written.reads(whole.place(Span(start=4, end=7))) == "ann"


def test_a_long_text_full_of_escapes_is_measured_once(monkeypatch: pytest.MonkeyPatch) -> None:
    body = json.dumps({"a": "line\n" * 2_000}).encode()
    written, counted = WrittenBody(body), []

    class Counted:
        def finditer(self, raw: str) -> object:
            counted.append(raw)
            return escape.finditer(raw)

    escape = module._ESCAPE
    monkeypatch.setattr(module, "_ESCAPE", Counted())
    places = [written.place(finding("body:/a", at, at + 4)) for at in range(0, 9_000, 5)]
    assert [written.reads(place) for place in places if place] == ["line"] * 1_800
    assert len(counted) <= 2


@settings(max_examples=60)
@given(st.text(min_size=1, max_size=20), st.booleans(), st.data())
def test_a_span_is_put_where_it_is_read(value: str, ascii_only: bool, data: st.DataObject) -> None:
    body = json.dumps({"a": [value]}, ensure_ascii=ascii_only).encode("utf-8", "surrogatepass")
    start = data.draw(st.integers(0, len(value) - 1))
    end = data.draw(st.integers(start + 1, len(value)))
    changed = replaced(body, "body:/a/0", start, end)
    assert changed is not None
    assert json.loads(changed) == {"a": [value[:start] + "_" + value[end:]]}
