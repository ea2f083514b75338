"""A content type is one media type with parameters, or refused."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aisecops.model.errors import WireError
from aisecops.wire.media_type import MediaType, declared_charset, media_type, read_media_type, read_text


@pytest.mark.parametrize(
    ("declared", "name", "parameters"),
    [
        ("application/json", "application/json", {}),
        ("Application/JSON;charset=UTF-8", "application/json", {"charset": "UTF-8"}),
        (' text/plain ; charset="utf-8" ; a=b;', "text/plain", {"charset": "utf-8", "a": "b"}),
        ('multipart/form-data; boundary="a \\"b;c"', "multipart/form-data", {"boundary": 'a "b;c'}),
    ],
)
def test_media_types_are_read(declared: str, name: str, parameters: dict[str, str]) -> None:
    assert read_media_type(declared) == MediaType(name=name, parameters=parameters)


@pytest.mark.parametrize(
    "declared",
    ["", "json", "text/", "/plain", "text/plain, text/html", "text/plain; charset", "text/plain; charset=", "text/plain; a=b; A=c",
     'text/plain; a="b', "text/plain x", "text/plain\n; a=b", "text/pl\0ain", "text / plain", "a=b"],
)  # fmt: skip
def test_what_can_be_read_in_two_ways_is_refused(declared: str) -> None:
    with pytest.raises(WireError):
        read_media_type(declared)


def test_two_headers_are_refused() -> None:
    with pytest.raises(WireError):
        media_type((("Content-Type", "text/plain"), ("content-type", "text/plain")))


def test_no_header_is_no_media_type() -> None:
    assert media_type((("Accept", "text/plain"),)) is None


@pytest.mark.parametrize(
    ("name", "is_json"), [("application/json", True), ("application/problem+json", True), ("text/json5", False)]
)
def test_types_built_on_json_are_json(name: str, is_json: bool) -> None:
    assert MediaType(name=name).is_json is is_json


@pytest.mark.parametrize(
    "charset", ["utf-7", "rot13", "hex", "idna", "unicode_escape", "nonsense", "utf-8,utf-16", "punycode"]
)
def test_a_charset_few_know_is_refused(charset: str) -> None:
    with pytest.raises(WireError):
        declared_charset(MediaType(name="text/plain", parameters={"charset": charset}))


@pytest.mark.parametrize("charset", ["UTF-8", "us-ascii", "ISO-8859-1", "windows-1252", "utf-16le", "utf-16"])
def test_text_comes_back_by_its_charset(charset: str) -> None:
    codec = declared_charset(MediaType(name="text/plain", parameters={"charset": charset}))
    assert read_text("hello".encode(codec), codec) == "hello"


@pytest.mark.parametrize(
    ("data", "codec"),
    [(b"\xff", "utf-8"), (b"\xe4", "ascii"), (b"a", "utf-16-le"), (b"a\0", "utf-16"), (b"\x81", "cp1252")],
)
def test_text_that_is_not_in_its_charset_is_refused(data: bytes, codec: str) -> None:
    with pytest.raises(WireError):
        read_text(data, codec)


@given(
    st.text(max_size=60)
    | st.lists(st.sampled_from(["text/plain", ";", "a", "=", '"', "\\", " ", "\t", ","])).map("".join)
)
def test_any_text_gives_a_media_type_or_a_wire_error(declared: str) -> None:
    with contextlib.suppress(WireError):
        assert "/" in read_media_type(declared).name
