from __future__ import annotations

import pytest

from aisecops.wire.dialects import stream_framing
from aisecops.wire.gemini_stream import GeminiStream
from support.gemini_samples import CHUNKS, answer, as_events, as_list, call, candidate

FORMS = [("text/event-stream", as_events), ("application/json", as_list)]


def streamed(kind, raw) -> GeminiStream:
    framing, reader = stream_framing("gemini", kind), GeminiStream()
    for event in framing.feed(raw) + framing.end():
        reader.feed(event)
    return reader


@pytest.mark.parametrize(("kind", "form"), FORMS)
def test_the_whole_is_what_the_chunks_said(kind, form):
    said = streamed(kind, form(CHUNKS)).answer()
    assert (said.texts, said.reasoning_chars, said.finish, said.complete) == (("let me look",), 2, "STOP", True)
    assert [one.arguments for one in said.proposals] == ['{"city":"Rome"}']
    assert (said.usage.input_tokens, said.usage.output_tokens) == (21, 7)


def test_calls_are_placed_by_answer_and_order():
    second = candidate(call("b")) | {"index": 1}
    reader = streamed("application/json", as_list([answer(candidate(call("a")), second), answer(candidate(call("c")))]))
    assert [(place, one.name) for place, one in reader.placed] == [((0, 0), "a"), ((1, 1), "b"), ((0, 2), "c")]


def test_a_stream_that_breaks_off_is_not_complete():
    assert not streamed("text/event-stream", as_events(CHUNKS[:-1])).answer().complete
