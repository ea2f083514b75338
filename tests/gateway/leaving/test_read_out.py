"""What is in files is said with the rest, and what cannot be read leaves only as far as the rule lets it."""

from __future__ import annotations

import pytest

from aisecops.gateway.leaving.read_out import read_out, without_echoes
from aisecops.model.errors import WireError
from aisecops.model.finding import Finding
from aisecops.model.provenance import Span
from aisecops.model.rules import Unread
from aisecops.wire.files.shelf import File
from support.packing import SEALED, png, word
from support.parts import WordScanner

SCANNER = WordScanner()


def upload(data: bytes) -> list[File]:
    return [File(where="upload:f", data=data, reason="upload")]


async def test_the_texts_in_a_document_stand_behind_those_of_the_request():
    parts, unread = await read_out(SCANNER, Unread.REFUSE, [("path:0", "a")], upload(word("in the document")))
    assert parts[0] == ("path:0", "a")
    assert ("inside:upload:f/word/document.xml" in dict(parts), unread) == (True, ())


@pytest.mark.parametrize(
    ("data", "lets"),
    [(png(), {Unread.MEDIA, Unread.ALLOW}), (SEALED["7z"], {Unread.ALLOW}), (word("x"), set(Unread))],
    ids=["picture", "sealed", "document"],
)
async def test_what_cannot_be_read_leaves_as_the_rule_says(data, lets):
    for rule in Unread:
        if rule in lets:
            await read_out(SCANNER, rule, [], upload(data))
        else:
            with pytest.raises(WireError, match="unread: allow"):
                await read_out(SCANNER, rule, [], upload(data))


def finding(where: str, entity: str = "EMAIL_ADDRESS") -> Finding:
    return Finding(entity=entity, where=where, span=Span(start=0, end=5), confidence=1.0, fingerprint="f")


@pytest.mark.parametrize(
    ("alone", "together", "kept"),
    [
        ("body:/a/to", "joined:body:/a", False),
        ("query:to", "joined:query:", False),
        ("body:/a/b/to", "joined:body:/a", True),
        ("body:/c/to", "joined:body:/a", True),
        ("header:x-note", "joined:body:/a", True),
    ],
)
def test_what_one_member_says_alone_is_judged_there(alone, together, kept):
    found = without_echoes([finding(alone), finding(together), finding(together, "CREDIT_CARD")])
    assert [(one.where, one.entity) for one in found][1:] == [(together, "EMAIL_ADDRESS")] * kept + [
        (together, "CREDIT_CARD")
    ]
