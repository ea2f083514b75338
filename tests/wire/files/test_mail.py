from __future__ import annotations

import pytest

from aisecops.wire.files.mail import is_mail, open_mail
from aisecops.wire.files.shelf import File, Shelf
from support.packing import mail


def test_every_part_of_a_mail_waits_to_be_opened():
    data = mail("x")
    shelf = Shelf(len(data))
    open_mail(File(where="f", data=data, reason="upload"), 0, shelf)
    assert [file.data[:4] for _, file in shelf.waiting] == [b"see ", b"PK\x03\x04"]
    assert any("Subject: the numbers" in text for _, text in shelf.parts)


def test_only_what_begins_with_headers_is_mail():
    assert is_mail(mail("x"))
    assert not is_mail(b"Dear all: see MIME-Version: 1.0")
    assert not is_mail(b"{}")


@pytest.mark.parametrize("header", [";a*0=b", ";a=b\n "])
def test_a_mail_with_a_header_without_end_is_unread(header):
    """Four million characters of it are refused at once, or read for hours."""
    data = (
        b"MIME-Version: 1.0\r\nContent-Type: text/plain" + header.encode() * (4_000_000 // len(header)) + b"\r\n\r\nx"
    )
    shelf = Shelf(len(data))
    open_mail(File(where="f", data=data, reason="upload"), 0, shelf)
    assert [one.where for one in shelf.unread] == ["f"]


def test_a_header_as_long_as_any_is_read():
    data = b"MIME-Version: 1.0\r\nSubject: " + b"words " * 10_000 + b"\r\n\r\nsaid"
    shelf = Shelf(len(data))
    open_mail(File(where="f", data=data, reason="upload"), 0, shelf)
    assert [file.data for _, file in shelf.waiting] == [b"said"]
    assert not shelf.unread
