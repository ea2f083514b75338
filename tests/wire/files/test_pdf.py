from __future__ import annotations

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


def test_a_locked_document_is_unread():
    assert [one.where for one in shelf_of(pdf("x", locked="secret")).unread] == ["f"]
