from __future__ import annotations

import pytest

from aisecops.wire.files.markup import text_of


def test_runs_of_a_paragraph_are_one_text_and_values_of_their_own_too():
    said = text_of(
        b"<d><p><r><t>4111 11</t></r><r><t>11 1111</t></r></p><p to='x@y.example'>next</p><!-- beside --></d>"
    )
    assert said is not None
    assert said[0].splitlines()[:2] == ["4111 1111 1111", "next"]
    assert {"4111 11", "next", "x@y.example", " beside "} <= set(said[1].splitlines())


@pytest.mark.parametrize(
    "document",
    [
        b'<!DOCTYPE a [<!ENTITY x "y">]><a>&x;</a>',
        b'<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>',
        b"<a>",
        b"<a></b>",
        b"",
    ],
)
def test_what_declares_entities_or_is_no_xml_is_not_read(document):
    assert text_of(document) is None
