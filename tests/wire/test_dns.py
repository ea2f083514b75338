"""DNS messages, with the host's own reader of them as a second opinion."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mitmproxy.dns import DNSMessage
from mitmproxy.net.dns import types

from aisecops.model.errors import WireError
from aisecops.wire.dns import Rcode, answer, format_error, is_query, read_query
from support.dns import EDNS, query

LABEL = st.text("abcxyz019_", min_size=1, max_size=63)


@settings(max_examples=50, deadline=None)
@given(st.lists(LABEL, min_size=1, max_size=3), st.integers(0, 65535))
def test_another_reader_reads_what_is_written(labels, ident):
    asked = read_query(query(".".join(labels), ident=ident))
    told = DNSMessage.unpack(answer(asked, Rcode.NO_ERROR, "198.18.0.7", ttl_s=30))

    assert (told.id, told.query, told.response_code) == (ident, False, 0)
    assert (told.question.name, told.question.type) == (".".join(labels), types.A)
    (record,) = told.answers
    assert (record.name, str(record.ipv4_address), record.ttl) == (".".join(labels), "198.18.0.7", 30)


def test_the_question_comes_back_in_its_own_letters_and_is_read_in_small_ones():
    asked = read_query(query("aPI.Test"))
    assert asked.name == "api.test"
    assert b"\x03aPI\x04Test" in answer(asked, Rcode.REFUSED)


def test_edns_is_understood_and_not_answered():
    asked = read_query(query("api.test", extra=EDNS))
    told = DNSMessage.unpack(answer(asked, Rcode.NO_ERROR))
    assert (told.answers, told.additionals, told.recursion_available) == ([], [], True)


@pytest.mark.parametrize(
    "message",
    [
        query("api.test")[:-1],
        query("api.test") + b"x",
        query("api.test", counts=(2, 0, 0, 0)),
        query("api.test", counts=(0, 0, 0, 0)),
        query("api.test", counts=(1, 1, 0, 0)),
        query("api.test", counts=(1, 0, 1, 0)),
        query("api.test", counts=(1, 0, 0, 2), extra=EDNS * 2),
        query("api.test", counts=(1, 0, 0, 1)),
        query("api.test", counts=(1, 0, 0, 1), extra=EDNS + b"x"),
        query("", name=b"\xc0\x0c"),  # a pointer to itself
        query("", name=b"\x03api\xc0\x0c"),
        query("", name=b"\x40" + b"a" * 64 + b"\0"),
        query("", name=b"\x05a.b c\0"),
        query("", name=b"\x03a\x00b\0"),
        query("", name=b"\x02\xc3\xbc\0"),
        query("", name=b"\x3f" + b"a" * 63),
        query("", name=(b"\x3f" + b"a" * 63) * 4 + b"\0"),
        query("a" * 40, extra=b"\0" * 600),
    ],
)
def test_what_no_stub_resolver_sends_is_not_read(message):
    assert is_query(message)
    with pytest.raises(WireError):
        read_query(message)
    told = DNSMessage.unpack(format_error(message))
    assert (told.id, told.response_code, told.questions, told.answers) == (7, 1, [], [])


@given(st.binary(max_size=600))
@settings(max_examples=200, deadline=None)
def test_any_bytes_are_a_question_or_an_error(message):
    if not is_query(message):
        return
    try:
        asked = read_query(message)
    except WireError:
        assert len(format_error(message)) == 12
    else:
        assert asked.question in message


def test_an_answer_is_never_answered():
    assert not is_query(answer(read_query(query("api.test")), Rcode.NO_ERROR))
    assert not is_query(b"\0" * 11)
