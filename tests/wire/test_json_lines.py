"""A document on each line. `test_framing.py` shows what it shares with the other framings."""

from __future__ import annotations

import pytest

from aisecops.model.errors import WireError
from aisecops.wire.json_lines import LineReader


def test_a_blank_line_is_no_event_and_the_last_needs_no_end():
    reader = LineReader()
    assert [event.data for event in reader.feed(b'{"a": 1}\r\n\n{"b"')] == ['{"a": 1}', None]
    assert [event.data for event in reader.feed(b": 2}") + reader.end()] == ['{"b": 2}']


def test_what_is_not_utf_8_is_no_line():
    with pytest.raises(WireError):
        LineReader().feed(b'{"a": "\xff"}\n')


def test_it_ends_with_a_line_of_its_own():
    assert LineReader().closing({"error": "no"}, begun=True) == b'{"error":"no"}\n'


def test_a_line_that_holds_another_to_some_clients_is_refused():
    with pytest.raises(WireError):
        LineReader().feed(b'{"x": [\r{"message": {}}\r]}\n')
    assert LineReader().feed('{"text": "one\u2028two"}\n'.encode())
