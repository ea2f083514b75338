"""A form with files is read whole, or not at all."""

from __future__ import annotations

import contextlib

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aisecops.model.errors import WireError
from aisecops.wire.media_type import read_media_type
from aisecops.wire.multipart import FormPart, read_form

PART = b'--b\r\nContent-Disposition: form-data; name="note"\r\n\r\nhello\r\n'
END = b"--b--\r\n"


def test_what_a_real_client_sends_is_read() -> None:
    files = {"doc": ("a.txt", b"line one\r\nline two", "text/plain")}
    request = httpx.Request("POST", "https://a.example", data={"note": "hello"}, files=files)
    boundary = read_media_type(request.headers["content-type"]).parameters["boundary"]
    assert read_form(request.read(), boundary) == [
        FormPart(name="note", filename="", content_type="", content=b"hello"),
        FormPart(name="doc", filename="a.txt", content_type="text/plain", content=b"line one\r\nline two"),
    ]


def test_the_last_line_end_may_be_missing() -> None:
    assert len(read_form(PART + b"--b--", "b")) == 1


def test_headers_we_have_no_use_for_are_handed_on() -> None:
    head = b"--b\r\nContent-Disposition: form-data; name=\"n\"; filename*=UTF-8''x; y=z\r\nX-Note: words\r\n\r\nv\r\n"
    assert read_form(head + END, "b")[0].other_headers == ("UTF-8''x", "z", "x-note", "words")


@pytest.mark.parametrize(
    "body",
    [
        b"", b"hello", PART, b"hidden\r\n" + PART + END, PART + END + b"hidden", PART + b"--b--hidden",
        PART + b"--b \r\n" + END, b'--b\nContent-Disposition: form-data; name="n"\n\nv\n--b--\n', b"--b\r\n\r\nv\r\n" + END,
        b'--b\r\nContent-Disposition: form-data; name="n"\r\nContent-Disposition: form-data; name="m"\r\n\r\nv\r\n' + END,
        b'--b\r\nContent-Disposition: form-data; name="n"; name="m"\r\n\r\nv\r\n' + END,
        b'--b\r\nContent-Disposition: attachment; name="n"\r\n\r\nv\r\n' + END,
        b'--b\r\nContent-Disposition: form-data; name="n"\r\nContent-Transfer-Encoding: base64\r\n\r\nv\r\n' + END,
        b'--b\r\nContent-Disposition: form-data;\r\n name="n"\r\n\r\nv\r\n' + END,
        b'--b\r\nContent-Disposition: form-data; name="\xff"\r\n\r\nv\r\n' + END,
        b'--b\r\nContent-Disposition: form-data; name="n"\r\n' + END,
    ],
)  # fmt: skip
def test_what_lenient_readers_skip_is_refused(body: bytes) -> None:
    with pytest.raises(WireError):
        read_form(body, "b")


@pytest.mark.parametrize("boundary", ["", " ", "b ", "x" * 71, "b\r\n", "ü", "b;c"])
def test_a_boundary_outside_its_grammar_is_refused(boundary: str) -> None:
    with pytest.raises(WireError):
        read_form(PART + END, boundary)


def test_a_swarm_of_parts_is_refused() -> None:
    with pytest.raises(WireError):
        read_form(PART * 1001 + END, "b")


@given(
    st.lists(
        st.sampled_from([PART, END, b"--b", b"\r\n", b"--", b"x", b": ", b"Content-Disposition: form-data"]),
        max_size=12,
    ).map(b"".join)
)
def test_any_bytes_give_parts_or_a_wire_error(body: bytes) -> None:
    with contextlib.suppress(WireError):
        read_form(body, "b")
