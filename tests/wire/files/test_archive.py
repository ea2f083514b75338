from __future__ import annotations

import io
import struct
import tarfile
import zipfile

import pytest

from aisecops.wire.files.archive import open_packed, open_tar, open_zip
from aisecops.wire.files.shelf import File, Shelf
from support.packing import PACKED, locked_zip, tarred, zip_that_hides, zipped


def shelf_of(opening, data: bytes) -> Shelf:
    shelf = Shelf(len(data))
    opening(File(where="f", data=data, reason="upload"), 0, shelf)
    return shelf


def test_every_member_waits_to_be_opened_and_its_name_is_a_text():
    shelf = shelf_of(open_zip, zipped({"a.txt": b"one", "b/c.bin": b"\0two"}))
    assert [(depth, file.where, file.data) for depth, file in shelf.waiting] == [
        (1, "f/a.txt", b"one"),
        (1, "f/b/c.bin", b"\0two"),
    ]
    assert ("f#aside", "a.txt\nb/c.bin") in shelf.parts


def test_notes_beside_a_member_are_texts():
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        member = zipfile.ZipInfo("a.txt")
        member.comment = b"a comment"
        member.extra = struct.pack("<HH", 0x7777, 10) + b"some extra"
        archive.writestr(member, "words")
    told = "\n".join(text for _, text in shelf_of(open_zip, packed.getvalue()).parts)
    assert "a comment" in told
    assert "some extra" in told
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        member = tarfile.TarInfo("a.txt")
        member.uname, member.gname = "an owner", "a group"
        archive.addfile(member)
    assert "an owner\na group" in "\n".join(text for _, text in shelf_of(open_tar, packed.getvalue()).parts)


def test_a_tar_and_a_packed_file_give_what_is_in_them():
    assert [file.data for _, file in shelf_of(open_tar, tarred({"a": b"one"})).waiting] == [b"one"]
    assert [file.data for _, file in shelf_of(open_packed, PACKED["xz"]("one")).waiting] == [b"one"]


@pytest.mark.parametrize(
    "data",
    [locked_zip(), zip_that_hides("x"), zipped({"a": "b"})[:-5], b"PK\x03\x04"],
    ids=["locked", "hides", "cut", "head"],
)
def test_what_is_locked_hidden_or_broken_is_unread(data):
    assert shelf_of(open_zip, data).unread


def test_an_archive_in_an_archive_hides_nothing():
    assert not shelf_of(open_zip, zipped({"a.zip": zipped({"b": "c"})}, method=zipfile.ZIP_STORED)).unread


@pytest.mark.parametrize("kind", ["gzip", "bzip2", "xz", "zstd"])
def test_a_packed_file_that_was_cut_is_unread(kind):
    assert shelf_of(open_packed, PACKED[kind]("words " * 100)[:-6]).unread
