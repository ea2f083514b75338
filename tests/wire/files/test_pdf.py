from __future__ import annotations

import base64
import contextlib
import random
import zlib

import pytest

from aisecops.model.errors import WireError
from aisecops.wire.files.pdf import open_pdf
from aisecops.wire.files.shelf import File, Shelf
from support.packing import pdf


def shelf_of(data: bytes) -> Shelf:
    shelf = Shelf(len(data))
    open_pdf(File(where="f", data=data, reason="upload"), 0, shelf)
    return shelf


def test_the_text_of_a_page_is_read():
    assert ("f/page/0", "shown words") in [(where, text.strip()) for where, text in shelf_of(pdf("shown words")).parts]


def test_a_stream_that_no_page_shows_is_read():
    shown = pdf("shown words")
    start = shown.index(b"stream\n")
    unseen = pdf("words that no page shows")
    stream = unseen[unseen.index(b"stream\n") : unseen.index(b"endstream") + 9]
    shelf = shelf_of(shown[:start] + shown[start:] + b"\n" + stream)
    assert any("words that no page shows" in text for _, text in shelf.parts)


@pytest.mark.parametrize("below", [zlib.compress, bytes], ids=["deflated", "plain"])
@pytest.mark.parametrize(
    ("name", "written"),
    [
        (b"/ASCII85Decode", lambda data: base64.a85encode(data) + b"~>"),
        (b"/ASCIIHexDecode", lambda data: data.hex().encode() + b">"),
    ],
    ids=["base85", "hex"],
)
def test_a_stream_that_is_written_in_letters_is_read(name, written, below):
    stream = written(below(b"BT (words in letters) Tj ET"))
    hidden = b"\n9 0 obj <</Filter [" + name + b" /FlateDecode]>> stream\n" + stream + b"\nendstream endobj\n"
    assert any("words in letters" in text for _, text in shelf_of(pdf("shown words") + hidden).parts)


def test_letters_that_stand_closer_or_further_apart_are_one_word():
    stream = b"BT [(4) -10 (0) 12.5 (1)-3(2)] TJ ET"
    hidden = b"\n9 0 obj <<>> stream\n" + zlib.compress(stream) + b"\nendstream endobj\n"
    assert any("(4012)" in text for _, text in shelf_of(pdf("shown words") + hidden).parts)


def test_a_locked_document_is_unread():
    assert [one.where for one in shelf_of(pdf("x", locked="secret")).unread] == ["f"]


@pytest.mark.parametrize(
    "unit",
    [b"stream\n", b"stream\nx\x9c", b"stream\n%PDF-", b"/ASCII85Decode stream\n", b"obj /ASCIIHexDecode stream\n0"],
)
def test_a_document_of_nothing_but_beginnings_of_streams_is_read_or_refused(unit):
    """Two million bytes are read in a second, or for hours when each beginning has the rest read again."""
    data = b"%PDF-1.4\n" + unit * (2_000_000 // len(unit)) + b"endstream"
    with contextlib.suppress(WireError):
        assert shelf_of(data).parts


def test_what_stands_in_several_streams_counts_each_time():
    inner = b"stream\n%PDF-" + b"words " * 2_000
    with pytest.raises(WireError, match="too much"):
        shelf_of(b"%PDF-1.4\n" + inner * 400 + b"endstream")


def test_a_large_document_of_streams_side_by_side_is_read():
    stream = b"\n9 0 obj <<>> stream\n" + zlib.compress(random.Random(1).randbytes(30_000)) + b"\nendstream endobj\n"
    assert shelf_of(pdf("shown words") + stream * 50).parts
