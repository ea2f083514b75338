from __future__ import annotations

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
