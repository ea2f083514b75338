"""What is in a file is given out, and what cannot be read is named."""

from __future__ import annotations

import gzip

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aisecops.model.errors import WireError
from aisecops.model.inside_bytes import Room
from aisecops.wire.files.opened import Opened, opened, text_inside
from aisecops.wire.files.shelf import MAX_NESTING, File, Shelf, inside, plain_text
from support.packing import PACKED, SEALED, SHOWN, locked_zip, pdf, png, zip_that_hides, zipped

SAID = "these words: 4111 1111 1111 1111"


def look(data: bytes) -> Opened:
    return opened([File(where="upload:f", data=data, reason="upload")])


def says(found: Opened, text: str = SAID) -> bool:
    return any(text in part for _, part in found.parts)


@pytest.mark.parametrize("kind", PACKED)
def test_what_is_in_a_file_is_read(kind):
    found = look(PACKED[kind](SAID))
    assert says(found)
    assert found.unread == ()
    assert all(where.startswith("inside:upload:f") for where, _ in found.parts)


@pytest.mark.parametrize("kind", SHOWN)
def test_what_is_written_in_a_picture_is_read_and_the_picture_is_not(kind):
    found = look(SHOWN[kind](SAID))
    assert says(found)
    assert [(one.reason, one.is_media) for one in found.unread] == [("upload", True)]


@pytest.mark.parametrize("kind", SEALED)
def test_what_cannot_be_read_is_named(kind):
    found = look(SEALED[kind])
    assert [(one.where, one.is_media) for one in found.unread] == [("inside:upload:f", False)]


def test_a_locked_or_hidden_member_is_named():
    assert [one.where for one in look(locked_zip()).unread] == ["inside:upload:f/a.txt"]
    assert look(zip_that_hides(SAID)).unread
    assert look(zipped({"a.zip": locked_zip()})).unread


def test_a_document_with_a_picture_says_that_it_has_one():
    assert [one.is_media for one in look(pdf(SAID, picture=True)).unread] == [True]
    assert [one.is_media for one in look(zipped({"word/media/1.png": png()})).unread] == [True]


def test_files_in_files_have_an_end():
    data = SAID.encode()
    for _ in range(MAX_NESTING + 1):
        data = zipped({"a": data})
    with pytest.raises(WireError):
        look(data)


def test_what_unfolds_to_too_much_is_turned_down():
    for data in (
        zipped({"a": bytes(70_000_000)}),
        gzip.compress(bytes(70_000_000)),
        zipped({f"{n}": b"x" for n in range(1001)}),
    ):
        with pytest.raises(WireError) as told:
            look(data)
        assert told.value.code == "too_large"


def test_a_file_that_stood_in_a_text_gives_its_text_or_is_turned_down():
    assert SAID in (text_inside(PACKED["pdf"](SAID), Room(0)) or "")
    assert text_inside(SAID.encode(), Room(0)) is None
    assert text_inside(png(), Room(0)) is not None
    with pytest.raises(WireError):
        text_inside(locked_zip(), Room(0))


def test_a_name_that_may_say_something_is_its_position():
    assert inside("upload:f", "word/document.xml", 3) == "upload:f/word/document.xml"
    assert inside("upload:f", "a/4111111111111111.txt", 3) == "upload:f/a/{3}"


@pytest.mark.parametrize(
    ("data", "text"),
    [
        ("\u00e9".encode(), "\u00e9"),
        (b"caf\xe9 and more", "caf\u00e9 and more"),
        ("a1".encode("utf-16"), "a1"),
        (b"a\0b", None),
        (bytes(range(128, 256)), None),
    ],
    ids=range(5),
)
def test_text_is_text_in_the_usual_charsets(data, text):
    assert plain_text(data) == text


def test_a_shelf_has_room_for_so_much():
    shelf = Shelf(1)
    shelf.took(shelf.room)
    with pytest.raises(WireError):
        shelf.took(1)


BEGINNINGS = [packing(SAID)[:40] for packing in (PACKED | SHOWN).values()]


@settings(max_examples=80, deadline=None)
@given(st.builds(lambda head, tail: head + tail, st.sampled_from([b"", *BEGINNINGS]), st.binary(max_size=300)))
def test_any_bytes_give_texts_or_are_named_or_turned_down(data):
    try:
        found = look(data)
    except WireError:
        return
    assert not data.strip() or found.parts or found.unread
