"""What all framings share, shown on each of them: the same events however the bytes are cut, and their bytes untouched."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from aisecops.model.errors import WireError
from aisecops.model.refusals import Code
from aisecops.wire.aws_frames import FrameReader
from aisecops.wire.framing import StreamEvent, with_data
from aisecops.wire.json_array import ArrayReader
from aisecops.wire.json_lines import LineReader
from aisecops.wire.sse import SseReader
from support.bedrock_samples import STREAM
from support.gemini_samples import CHUNKS, as_list
from support.wire_samples import CHAT_STREAM, OLLAMA_STREAM

FRAMINGS = {
    "sse": (SseReader, CHAT_STREAM),
    "lines": (LineReader, OLLAMA_STREAM),
    "frames": (FrameReader, STREAM),
    "list": (ArrayReader, as_list(CHUNKS)),
}


def read(framing, *pieces):
    return [event for piece in pieces for event in framing.feed(piece)] + framing.end()


@pytest.mark.parametrize("name", FRAMINGS)
@given(cuts=st.lists(st.integers(0, 3000), max_size=6))
@example(cuts=[-1])
def test_the_same_bytes_cut_anywhere_give_the_same_events(name, cuts):
    made, raw = FRAMINGS[name]
    ends = sorted(min(cut, len(raw)) if cut >= 0 else len(raw) + cut for cut in cuts)
    pieces = [raw[a:b] for a, b in zip([0, *ends], [*ends, len(raw)], strict=True)]
    events = read(made(), *pieces)
    assert events == read(made(), raw)
    assert b"".join(event.raw for event in events) == raw


@pytest.mark.parametrize("name", FRAMINGS)
def test_an_event_over_its_bound_is_too_large_whole_or_not(name):
    made, raw = FRAMINGS[name]
    for piece in (raw, raw[:50]):
        with pytest.raises(WireError) as shown:
            read(made(max_event_bytes=40), piece)
        assert shown.value.code is Code.TOO_LARGE


@pytest.mark.parametrize("name", [name for name in FRAMINGS if name != "frames"])  # of which every byte is summed up
def test_an_event_is_changed_where_it_stands(name):
    made, raw = FRAMINGS[name]
    first = next(event for event in read(made(), raw) if event.data)
    changed = with_data(first, '{"new": 1}')
    assert [event.data for event in read(made(), changed)] == ['{"new": 1}']


def test_what_stands_in_several_lines_of_a_stream_stands_in_one_then():
    event = StreamEvent(raw=b'id: 1\ndata: {\ndata: "a": 1}\n\n', data='{\n"a": 1}')
    assert with_data(event, "{}") == b"id: 1\ndata: {}\n\n"


@pytest.mark.parametrize(("raw", "data"), [(b"\x00{ }\x01", "{}"), (b": keep\n\n", None), (b"data: a\n\n", "b")])
def test_what_cannot_be_found_where_it_stands_is_not_changed_by_guessing(raw, data):
    with pytest.raises(WireError):
        with_data(StreamEvent(raw=raw, data=data), "{}" if data != "b" else "x\ny")
