"""A list of objects, read as it comes. `test_framing.py` shows what it shares with the other framings."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aisecops.model.errors import WireError
from aisecops.wire.json_array import ArrayReader

VALUES = st.dictionaries(
    st.text(max_size=4), st.text(max_size=6) | st.lists(st.text('[]{}",\\', max_size=6), max_size=3)
)


@given(st.lists(VALUES, max_size=4), st.sampled_from([None, 1]), st.integers(1, 9))
def test_every_object_is_an_event_however_it_is_cut(values, indent, size):
    raw = json.dumps(values, indent=indent).encode()
    reader = ArrayReader()
    events = [event for at in range(0, len(raw), size) for event in reader.feed(raw[at : at + size])] + reader.end()
    assert [json.loads(event.data) for event in events if event.data] == values
    assert b"".join(event.raw for event in events) == raw


@pytest.mark.parametrize(
    "raw", [b'{"a": 1}', b"[1]", b'[{"a": 1} {"b": 2}]', b'[{"a": 1},]', b'[,{"a": 1}]', b'[{"a": 1}] x', b'[{"a": 1}][', b'[{"a": "\xff"}]']
)  # fmt: skip
def test_what_others_could_read_otherwise_is_no_stream(raw):
    with pytest.raises(WireError):
        ArrayReader().feed(raw)


@pytest.mark.parametrize("whole", [1, 2])
def test_it_ends_as_a_list_that_can_be_read(whole):
    reader = ArrayReader()
    passed = b"".join(event.raw for event in reader.feed(b'[{"a": 1}, {"a": 2}')[:whole])
    assert json.loads(passed + reader.closing({"error": "no"}, begun=True))[-1] == {"error": "no"}
    assert json.loads(reader.closing({"error": "no"}, begun=False)) == [{"error": "no"}]
