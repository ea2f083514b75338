from __future__ import annotations

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
