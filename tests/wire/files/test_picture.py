from __future__ import annotations

import zlib

import pytest

from aisecops.wire.files.picture import open_picture
from aisecops.wire.files.shelf import File, Shelf
from support.packing import jpeg, png


def test_what_is_written_beside_is_read_also_compressed_and_behind_the_end():
    for data in (
        png("some words"),
        png(behind=b"some words"),
        jpeg("some words"),
        png(behind="some words".encode("utf-16-le")),
    ):
        shelf = Shelf(len(data))
        open_picture(File(where="f", data=data, reason="upload"), shelf)
        assert any("some words" in text for _, text in shelf.parts)
        assert [one.is_media for one in shelf.unread] == [True]


@pytest.mark.parametrize(("kind", "before"), [(b"zTXt", b"k\0\0"), (b"iTXt", b"k\0\1\0en\0xx\0"), (b"iCCP", b"x\0\0")])
def test_each_kind_of_chunk_is_read(kind, before):
    assert words_in(kind, before + zlib.compress(b"some words")) == ["some words"]


@pytest.mark.parametrize("unit", [b"x", b"x\x9c", b"\0x\x9c", b"\0"])
def test_a_chunk_of_nothing_but_beginnings_is_read(unit):
    """Four million bytes are read at once, or for hours."""
    assert words_in(b"zTXt", unit * (4_000_000 // len(unit))) == []


def words_in(kind: bytes, chunk: bytes) -> list[str]:
    data = b"\x89PNG\r\n\x1a\n" + len(chunk).to_bytes(4) + kind + chunk + b"\0\0\0\0"
    shelf = Shelf(len(data))
    open_picture(File(where="f", data=data, reason="upload"), shelf)
    return [text for _, text in shelf.parts if "words" in text]
