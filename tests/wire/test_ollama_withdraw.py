"""Calls taken out of Ollama's answers, whole and streamed. Its own library reads them in `tests/clients`."""

from __future__ import annotations

import orjson
import pytest

from aisecops.gateway.watch import StreamWatch
from aisecops.wire.dialects import stream_framing, withdrawn
from support.wire_samples import OLLAMA_ANSWER, OLLAMA_STREAM


def called(*names, content=""):
    calls = [{"function": {"name": name, "arguments": {}}} for name in names]
    return OLLAMA_ANSWER | {"message": {"role": "assistant", "content": content, "tool_calls": calls}}


def line(*names, content=""):
    return orjson.dumps(called(*names, content=content) | {"done": False}) + b"\n"


def through(stream, refuses, size):
    framing = stream_framing("ollama", "application/x-ndjson")
    watch = StreamWatch(status=200, dialect="ollama", judged=True, framing=framing)
    passed = b""
    for at in range(0, len(stream), size):
        passed += b"".join(watch.feed(stream[at : at + size]))
        while calls := watch.waiting:
            passed += b"".join(watch.weighed({n: "no" for n, call in enumerate(calls) if call.name in refuses}))
    return passed + b"".join(watch.end())


@pytest.mark.parametrize(
    ("refused", "left", "said"), [({0: "no"}, ["b"], "well\n\nno"), ({0: "no", 1: "nor"}, None, "well\n\nno\n\nnor")]
)
def test_a_whole_answer_says_why(refused, left, said):
    message = orjson.loads(withdrawn("ollama", orjson.dumps(called("a", "b", content="well")), refused))["message"]
    calls = message.get("tool_calls")
    assert (calls and [call["function"]["name"] for call in calls], message["content"]) == (left, said)


@pytest.mark.parametrize("size", [1, 50, 100_000])
def test_what_is_allowed_passes_byte_for_byte(size):
    assert through(OLLAMA_STREAM, set(), size) == OLLAMA_STREAM


@pytest.mark.parametrize("refused", ["a", "b", "c", "ac", "abc"])
@pytest.mark.parametrize("size", [7, 100_000])
def test_of_a_stream_the_line_of_a_refused_call_says_why(refused, size):
    last = orjson.dumps(OLLAMA_ANSWER | {"message": {"role": "assistant", "content": ""}}) + b"\n"
    lines = [line(content="well"), line("a", "b"), line("c"), last]
    messages = [orjson.loads(one)["message"] for one in through(b"".join(lines), refused, size).splitlines()]
    names = [call["function"]["name"] for message in messages for call in message.get("tool_calls", [])]
    assert names == [name for name in "abc" if name not in refused]
    assert "".join(message["content"] for message in messages).count("no") == len(refused)
