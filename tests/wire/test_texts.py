from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from aisecops.wire.limits import JsonBounds
from aisecops.wire.texts import names_in, said_in, strings_in, texts_of

JSON = (("Content-Type", "application/json"),)
HTML = (("Content-Type", "text/html; charset=utf-8"),)


def test_json_is_read_without_its_escapes_and_by_its_long_values() -> None:
    long = "a value that is long enough \u00e9 to stand alone"
    found = texts_of(JSON, json.dumps({"a": [{"b": long}], "c": "short"}).encode())
    assert long in found[0]
    assert found[1:] == [long]


def test_a_page_is_read_as_it_stands_as_it_shows_and_what_it_says_beside() -> None:
    page = "<p>Send <b>the</b> &amp; file</p><!-- hidden words that are quite long --><img alt='a long text about the picture'>"
    found = texts_of(HTML, page.encode())
    assert found[0] == page
    assert "Send  the  & file" in found[1]
    assert found[2:] == ["hidden words that are quite long", "a long text about the picture"]


def test_what_a_script_says_is_not_shown() -> None:
    found = texts_of(HTML, b"<script>var words = 'that nobody is shown'</script>seen")
    assert "nobody" not in found[1]
    assert "nobody" in found[2]


def test_broken_json_and_plain_text_are_one_text() -> None:
    assert texts_of(JSON, b'{"a": ') == ['{"a": ']
    assert texts_of((), b"plain words") == ["plain words"]


def test_what_is_no_text_has_none() -> None:
    assert texts_of((("Content-Type", "image/png"),), b"\x89PNG\r\n\x1a\n\x00\x00") == []


def test_every_text_of_a_value_is_found() -> None:
    assert sorted(strings_in({"a": ["x", {"b": "y"}], "c": None, "d": 1})) == ["x", "y"]


@given(st.binary(max_size=400), st.sampled_from(["text/html", "application/json", "text/plain", ""]))
def test_any_bytes_have_texts_or_none(body: bytes, kind: str) -> None:
    assert all(isinstance(text, str) for text in texts_of((("Content-Type", kind),), body))


def test_what_a_body_says_is_its_json_whatever_it_is_called_else_its_text() -> None:
    assert said_in(JSON, b'{"a": 1}', JsonBounds()) == {"a": 1}
    assert said_in((("Content-Type", "text/plain"),), b' [1, "x"]', JsonBounds()) == [1, "x"]
    assert said_in(JSON, b"{not json", JsonBounds()) == "{not json"
    assert said_in((), b"plain", JsonBounds()) == "plain"
    assert said_in(JSON, b"\xff\xfe", JsonBounds()) is None
    assert said_in(JSON, b"", JsonBounds()) is None


def test_names_are_the_words_that_they_are_made_of() -> None:
    assert names_in({"ignore_this": [{"orThat": 1}], "a.b-c": {}}) == ["ignore this", "a b c", "or That"]
    assert names_in("text") == []
