"""An answer read in pieces has the texts it has when it is read whole."""

from __future__ import annotations

import gzip
import hashlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aisecops.model.errors import WireError
from aisecops.wire.answer_pieces import OVERLAP, STRETCH_BYTES, AnswerPieces, texts_in_pieces

QUOTE = "the harbour master counted forty cranes before the tide \u00e9 turned and nobody else was there to see it"
JSON = (("Content-Type", "application/json"),)
FILLING = "words of no worth, line after line; "


def texts(body: bytes, kind: str, step: int, *, coding: str = "", most: int = 10**6) -> list[str]:
    headers = (("Content-Type", kind), *((("Content-Encoding", coding),) if coding else ()))
    pieces = AnswerPieces(headers, most=most)
    found = [pieces.feed(body[at : at + step]) for at in range(0, len(body), step)]
    pieces.end()
    assert pieces.sha256 == hashlib.sha256(body).hexdigest()
    return [text for piece in found for text in piece.texts]


@given(st.integers(0, 3000), st.integers(100, 2000))
def test_a_quote_that_a_border_cuts_stands_in_one_of_the_pieces(before: int, step: int) -> None:
    body = (FILLING * 100)[:before] + QUOTE + FILLING * 50
    assert len(QUOTE) < OVERLAP
    assert any(QUOTE in text for text in texts(body.encode(), "text/plain", step))


def test_json_is_read_without_its_escapes() -> None:
    body = json.dumps({"a": FILLING * 30, "b": QUOTE.replace(" the ", '\n"the" ')}).encode()
    assert b"\\u00e9" in body
    assert any(QUOTE.replace(" the ", ' "the" ') in text for text in texts(body, "application/json", 700))


def test_a_page_is_read_as_it_shows() -> None:
    page = (
        f"<p>{FILLING * 40}</p><p>{QUOTE.replace('forty', '<b>forty</b>')}</p><!-- {FILLING} -->{FILLING * 40}".encode()
    )
    found = [" ".join(text.split()) for text in texts(page, "text/html", 900)]
    assert any(QUOTE in text for text in found)
    assert any(text == FILLING.strip() for text in found)


def test_what_is_compressed_is_read_too() -> None:
    body = gzip.compress(f"{FILLING * 90}{QUOTE}".encode())
    assert any(QUOTE in text for text in texts(body, "text/plain", 50, coding="gzip"))


@pytest.mark.parametrize("noise", [b"\x00", b"\xff\xfe\xff"])
def test_what_is_no_text_has_none_from_there_on(noise: bytes) -> None:
    pieces = AnswerPieces((("Content-Type", "text/plain"),), most=1000)
    assert pieces.feed(b"some words").texts == ("some words",)
    assert pieces.has_more
    assert pieces.feed(noise).texts == ()
    assert not pieces.has_more


def test_only_so_much_is_read_as_text_and_all_of_it_digested() -> None:
    assert len("".join(texts(b"word " * 4000, "text/plain", 1000, most=2500))) < 3000 + 3 * OVERLAP


def test_what_is_compressed_is_decoded_to_its_end_even_when_nothing_is_read() -> None:
    pieces = AnswerPieces((("Content-Encoding", "gzip"),), most=0)
    body = gzip.compress(b"words")
    pieces.feed(body[:-2])
    assert pieces.has_more
    with pytest.raises(WireError):
        pieces.end()


@given(
    st.lists(st.binary(max_size=60), max_size=6), st.sampled_from(["text/html", "application/json", "image/png", "?"])
)
def test_any_pieces_have_texts_or_none(parts: list[bytes], kind: str) -> None:
    pieces = AnswerPieces((("Content-Type", kind),), most=1000)
    for part in parts:
        assert all(isinstance(text, str) for text in pieces.feed(part).texts)
    pieces.end()


@pytest.mark.parametrize("at", [0, STRETCH_BYTES - 50, STRETCH_BYTES, 3 * STRETCH_BYTES - 1])
def test_a_quote_is_found_wherever_it_stands_in_a_large_body(at: int) -> None:
    body = (FILLING * 9000)[:at] + QUOTE + (FILLING * 9000)[: 4 * STRETCH_BYTES - at]
    assert any(QUOTE in text for text in texts_in_pieces((("Content-Type", "text/plain"),), body.encode()))
    assert any(QUOTE in text for text in texts_in_pieces(JSON, json.dumps({"a": body}).encode()))
