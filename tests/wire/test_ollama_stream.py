from __future__ import annotations

import json

from aisecops.wire.json_lines import LineReader
from aisecops.wire.ollama_stream import OllamaStream
from support.wire_samples import OLLAMA_STREAM


def streamed(raw: bytes) -> OllamaStream:
    framing, reader = LineReader(), OllamaStream()
    for event in framing.feed(raw) + framing.end():
        reader.feed(event)
    return reader


def test_the_whole_is_what_the_lines_said():
    answer = streamed(OLLAMA_STREAM).answer()
    assert (answer.texts, answer.reasoning_chars, answer.finish) == (("let me look",), 2, "stop")
    assert [call.arguments for call in answer.proposals] == ['{"city":"Rome"}']
    assert (answer.usage.input_tokens, answer.usage.output_tokens, answer.complete) == (20, 7, True)


def test_calls_are_placed_in_the_order_they_came():
    lines = [{"model": "m", "message": {"role": "assistant", "tool_calls": [{"function": {"name": n}} for n in names]}} for names in ("ab", "c")]  # fmt: skip
    reader = streamed(b"".join(json.dumps(line).encode() + b"\n" for line in lines))
    assert [(place, call.name) for place, call in reader.placed] == [((0, 0), "a"), ((0, 1), "b"), ((0, 2), "c")]


def test_a_stream_that_breaks_off_is_not_complete_and_one_that_fails_says_so():
    assert not streamed(b"".join(OLLAMA_STREAM.splitlines(keepends=True)[:-1])).answer().complete
    assert streamed(b'{"error": "no such model"}\n').answer().finish == "error"
