"""A streamed chat completion says no less than a whole one, and its calls are held until they are whole."""

from __future__ import annotations

import json

import pytest

from aisecops.model.errors import WireError
from aisecops.wire import assembly
from aisecops.wire.llm import ProposedCall, Usage
from aisecops.wire.openai_chat import read_answer
from aisecops.wire.openai_chat_stream import ChatStream
from support.wire_samples import CHAT_ANSWER, CHAT_STREAM, chat_chunk, events, stream

ROME = ProposedCall(name="weather", call_id="call_9", arguments='{"city":"Rome"}')


def fed(raw: bytes) -> ChatStream:
    reader = ChatStream()
    for event in events(raw):
        reader.feed(event)
    return reader


def test_the_stream_says_what_the_whole_answer_says() -> None:
    streamed, whole = fed(CHAT_STREAM).answer(), read_answer(CHAT_ANSWER)
    assert (streamed.texts, streamed.proposals, streamed.finish) == (whole.texts, whole.proposals, whole.finish)
    assert streamed.usage == Usage(input_tokens=20, output_tokens=7)
    assert streamed.complete


def test_a_call_is_pending_from_its_first_piece_until_the_choice_finishes() -> None:
    reader = ChatStream()
    seen = []
    for event in events(CHAT_STREAM):
        reader.feed(event)
        seen.append((reader.pending, reader.proposals))
    assert [pending for pending, _ in seen] == [False] * 3 + [True] * 3 + [False] * 3
    assert [calls for _, calls in seen] == [()] * 6 + [(ROME,)] * 3


def test_two_calls_at_once_are_kept_apart() -> None:
    raw = stream(
        chat_chunk({"tool_calls": [{"index": 0, "id": "a", "function": {"name": "one", "arguments": "{"}},
                                   {"index": 1, "id": "b", "function": {"name": "two", "arguments": "["}}]}),
        chat_chunk({"tool_calls": [{"index": 1, "function": {"arguments": "]"}}, {"index": 0, "function": {"arguments": "}"}}]}),
        chat_chunk({}, finish="tool_calls"),
    )  # fmt: skip
    assert [(call.call_id, call.arguments) for call in fed(raw).proposals] == [("a", "{}"), ("b", "[]")]


def test_each_choice_finishes_its_own_calls() -> None:
    part = {"tool_calls": [{"index": 0, "id": "a", "function": {"name": "one", "arguments": "{}"}}]}
    reader = fed(stream(chat_chunk(part), chat_chunk(part, index=1), chat_chunk({}, finish="tool_calls")))
    assert (reader.pending, len(reader.proposals)) == (True, 1)


def test_a_stream_that_stops_leaves_its_call_pending() -> None:
    cut = CHAT_STREAM[: CHAT_STREAM.index(b'"finish_reason": "tool_calls"')]
    reader = fed(cut)
    assert reader.pending
    assert reader.proposals == ()
    assert not reader.answer().complete
    assert reader.answer().usage is None


def test_the_end_mark_closes_what_never_finished() -> None:
    part = {"tool_calls": [{"index": 0, "id": "a", "type": "custom", "custom": {"name": "sql", "input": "select 1"}}]}
    assert fed(stream(chat_chunk(part), "[DONE]")).proposals == (
        ProposedCall(name="sql", call_id="a", arguments="select 1"),
    )


def test_a_function_of_the_first_days_is_a_call() -> None:
    raw = stream(
        chat_chunk({"function_call": {"name": "weather", "arguments": "{"}}),
        chat_chunk({"function_call": {"arguments": "}"}}, finish="function_call"),
    )
    assert fed(raw).proposals == (ProposedCall(name="weather", call_id="", arguments="{}"),)


def test_reasoning_is_weighed_and_not_kept() -> None:
    answer = fed(stream(chat_chunk({"reasoning_content": "hm hm"}), chat_chunk({"content": "yes"}))).answer()
    assert (answer.texts, answer.reasoning_chars) == (("yes",), 5)


def test_an_error_in_the_stream_is_its_finish() -> None:
    assert fed(stream(json.dumps({"error": {"message": "busy"}}))).answer().finish == "error"


@pytest.mark.parametrize(
    "data",
    [
        "x",
        "[]",
        '{"choices":1}',
        '{"choices":[{"delta":{"content":1}}]}',
        '{"a":1,"a":2}',
        '{"choices":[{"message":{"tool_calls":[{"id":"a"}]}}]}',
        '{"choices":[{"delta":{},"message":{"function_call":{"name":"a"}}}]}',
    ],
)
def test_an_event_that_is_no_chunk_is_refused(data: str) -> None:
    with pytest.raises(WireError):
        fed(stream(data))


def test_an_endless_answer_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(assembly, "MAX_ANSWER_CHARS", 10)
    with pytest.raises(WireError):
        fed(stream(*[chat_chunk({"content": "abc"})] * 4))


def call_at(index: int, name: str = "", arguments: str = "") -> dict[str, object]:
    return chat_chunk({"tool_calls": [{"index": index, "function": {"name": name, "arguments": arguments}}]})


@pytest.mark.parametrize(
    "told",
    [
        [call_at(5, "one"), call_at(0, "two")],
        [call_at(1, "one"), call_at(2, "two"), call_at(1, arguments="{}")],
        [call_at(0, "one"), call_at(0, "two")],
        [chat_chunk({"tool_calls": [{"index": 0, "function": {"name": "a"}, "custom": {"name": "b", "input": ""}}]})],
        [{"type": "response.output_item.done", "item": {}}],
    ],
    ids=["a later number first", "numbers with a gap", "two names", "of two kinds", "of a response"],
)
def test_calls_that_clients_put_together_in_two_ways_are_refused(told: list[dict[str, object]]) -> None:
    with pytest.raises(WireError):
        fed(stream(*told))


def test_a_provider_may_number_its_calls_from_one() -> None:
    raw = stream(call_at(1, "one", "{"), call_at(1, arguments="}"), call_at(2, "two", "{}"), "[DONE]")
    assert [(call.name, call.arguments) for call in fed(raw).proposals] == [("one", "{}"), ("two", "{}")]
