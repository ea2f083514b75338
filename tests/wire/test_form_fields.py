"""The fields of a form with their places: each is where `parts.py` says, and written where it says itself."""

from __future__ import annotations

import itertools
from urllib.parse import unquote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aisecops.model.exchange import HttpRequest
from aisecops.model.provenance import Span
from aisecops.wire.form_fields import form_fields, is_form, path_fields, query_fields
from aisecops.wire.media_type import read_media_type
from aisecops.wire.parts import outgoing_parts

FORM = "application/x-www-form-urlencoded"
MULTIPART = "multipart/form-data; boundary=b"


def fields(body: bytes, kind: str = FORM) -> dict[str, str]:
    return {field.where: field.text for field in form_fields(read_media_type(kind), body)}


def told(body: bytes, kind: str) -> list[tuple[str, str]]:
    request = HttpRequest(
        method="POST", scheme="https", host="a.test", port=443, path="/", headers=(("Content-Type", kind),), body=body
    )
    return outgoing_parts(request, body, files=[])


def multipart(*parts: tuple[str, bytes, str]) -> bytes:
    said = b""
    for name, content, kind in parts:
        declared = f"\r\nContent-Type: {kind}" if kind else ""
        said += f'--b\r\nContent-Disposition: form-data; name="{name}"{declared}\r\n\r\n'.encode() + content + b"\r\n"
    return said + b"--b--\r\n"


@pytest.mark.parametrize(("kind", "is_one"), [(FORM, True), (MULTIPART, True), ("text/plain", False)])
def test_two_kinds_are_forms(kind, is_one):
    assert is_form(read_media_type(kind)) is is_one
    assert not is_form(None)


def test_the_fields_of_a_form_are_those_that_are_scanned():
    body = b"note=a+b%40c.de&x=%C3%A9+1&empty=&flag&e=\xc3\xa9"
    assert fields(body) == {
        "form:note": "a b@c.de",
        "form:x": "\u00e9 1",
        "form:empty": "",
        "form:flag": "",
        "form:e": "\u00e9",
    }
    assert {(where, text) for where, text in fields(body).items() if text} <= set(told(body, FORM))


@pytest.mark.parametrize("body", [b"a=1&a=2", b"4111111111111111=x", b"a=%ff", b"%ff=a"])
def test_what_stands_twice_or_cannot_be_named_or_read_is_none(body):
    assert fields(body) == {}


def test_a_form_in_another_charset_has_none():
    assert fields(b"a=b", f"{FORM}; charset=iso-8859-1") == {}


def test_texts_of_a_multipart_form_are_fields_and_files_and_json_are_none():
    body = multipart(
        ("note", b"mail a@b.co", ""), ("more", "f\u00fcr".encode(), "text/plain; charset=utf-8"), ("empty", b"", ""),
        ("file", b"\x89PNG\0", "image/png"), ("raw", b"\xff\xfe", ""), ("json", b'{"a": 1}', ""), ("nul", b"a\0b", ""),
        ("old", b"a", "text/plain; charset=latin-1"),
    )  # fmt: skip
    assert fields(body, MULTIPART) == {"upload:note:": "mail a@b.co", "upload:more:": "f\u00fcr", "upload:empty:": ""}
    assert ("upload:note:", "mail a@b.co") in told(body, MULTIPART)


@given(st.text(max_size=20), st.text(max_size=20))
def test_every_character_is_written_where_it_is_said_to_be(one, two):
    body = multipart(("one", one.encode("utf-8", "replace"), ""), ("two", two.encode("utf-8", "replace"), ""))
    for field in form_fields(read_media_type(MULTIPART), body):
        for at, char in enumerate(field.text):
            place = field.place(Span(start=at, end=at + 1))
            assert body[place.start : place.end] == char.encode()


@given(st.text(alphabet="ab%+&=;@/?40cC2fF~", max_size=40))
def test_of_a_query_each_field_says_what_is_scanned_and_is_written_where_it_says(query):
    request = HttpRequest(method="GET", scheme="https", host="a.test", port=443, path=f"/x?{query}", headers=())
    scanned = outgoing_parts(request, b"")
    for field in query_fields(query):
        assert not field.text or (field.where, field.text) in scanned
        written = [query[a:b] for a, b in itertools.pairwise(field.starts)]
        assert "".join(written) in query
        assert unquote_plus("".join(written)) == field.text


def test_the_segments_of_a_path_stand_where_they_are_written_and_a_plus_is_one():
    path = "/v1/a%20b+c/ann%40corp.example/x%zz"
    fields = path_fields(path)
    assert [(field.where, field.text) for field in fields] == [
        ("path:0", "v1"),
        ("path:1", "a b+c"),
        ("path:2", "ann@corp.example"),
        ("path:3", "x%zz"),
    ]
    span = fields[2].place(Span(start=0, end=16))
    assert path[span.start : span.end] == "ann%40corp.example"


def test_a_segment_that_is_no_text_is_no_field():
    assert [field.where for field in path_fields("/a/%ff/b")] == ["path:0", "path:2"]
