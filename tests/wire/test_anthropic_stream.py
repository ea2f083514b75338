"""A streamed message says no less than a whole one, and its calls are held until they are whole."""

from __future__ import annotations

import pytest

from aisecops.model.errors import WireError
from aisecops.wire.anthropic_stream import MessageStream
from aisecops.wire.llm import ProposedCall, Usage
from support.wire_samples import MESSAGES_STREAM, events, stream

ROME = ProposedCall(name="weather", call_id="toolu_9", arguments='{"city":"Rome"}')


def fed(raw: bytes) -> MessageStream:
    reader = MessageStream()
    for event in events(raw):
        reader.feed(event)
    return reader


def test_the_stream_says_what_the_whole_answer_says() -> None:
    answer = fed(MESSAGES_STREAM).answer()
    assert (answer.texts, answer.proposals, answer.finish) == (("let me look",), (ROME,), "tool_use")
    assert answer.usage == Usage(input_tokens=20, output_tokens=7, cache_read_tokens=5, cache_write_tokens=5)
    assert answer.complete
    assert answer.model == "claude-sonnet-4-5"


def test_a_call_is_pending_until_its_block_stops() -> None:
    reader = MessageStream()
    pending = []
    for event in events(MESSAGES_STREAM):
        reader.feed(event)
        pending.append(reader.pending)
    assert pending == [False] * 6 + [True] * 4 + [False] * 3


def test_a_call_whose_input_came_with_its_start_is_whole() -> None:
    block = {"type": "tool_use", "id": "t", "name": "weather", "input": {"city": "Rome"}}
    raw = stream(
        {"type": "content_block_start", "index": 0, "content_block": block},
        {"type": "content_block_stop", "index": 0},
        named=True,
    )
    assert fed(raw).proposals == (ProposedCall(name="weather", call_id="t", arguments='{"city":"Rome"}'),)


def test_a_call_without_arguments_has_an_empty_object() -> None:
    block = {"type": "tool_use", "id": "t", "name": "now", "input": {}}
    raw = stream(
        {"type": "content_block_start", "index": 0, "content_block": block},
        {"type": "content_block_delta", "index": 0, "delta": {"type": "input_json_delta", "partial_json": ""}},
        {"type": "content_block_stop", "index": 0},
        named=True,
    )
    assert fed(raw).proposals[0].arguments == "{}"


BLOCK = {"type": "tool_use", "id": "t", "name": "mail", "input": {"to": "eve"}}


@pytest.mark.parametrize(
    "told",
    [
        [{"type": "message_start", "message": {"model": "claude-sonnet-4-5", "content": [BLOCK]}}],
        [
            {"type": "content_block_start", "index": 0, "content_block": BLOCK},
            {"type": "content_block_delta", "index": 0, "delta": {"type": "input_json_delta", "partial_json": "{}"}},
        ],
    ],
    ids=["in the start of the message", "in a block's start and in pieces"],
)
def test_a_call_that_stands_where_none_is_looked_for_or_twice_is_refused(told: list[dict[str, object]]) -> None:
    with pytest.raises(WireError):
        fed(stream(*told, named=True))


def start(index: int, name: str = "mail") -> dict[str, object]:
    block = {"type": "tool_use", "id": f"t{index}", "name": name, "input": {}}
    return {"type": "content_block_start", "index": index, "content_block": block}


@pytest.mark.parametrize(
    "raw",
    [
        stream(start(1), named=True),
        stream(start(0), start(1), named=True),
        stream(
            {"type": "message_start", "message": {"model": "m", "content": [{"type": "text", "text": ""}]}}, named=True
        ),
        stream(start(0)),
        stream(start(0), named=True).replace(b"event: content_block_start", b"event: ping"),
    ],
    ids=["a number left out", "one within another", "a block in the start", "without a name", "by another name"],
)
def test_events_that_clients_put_together_in_another_way_are_refused(raw: bytes) -> None:
    with pytest.raises(WireError):
        fed(raw)


def test_what_the_provider_runs_is_proposed_and_not_held() -> None:
    block = {"type": "server_tool_use", "id": "s", "name": "web_search", "input": {}}
    reader = fed(stream({"type": "content_block_start", "index": 0, "content_block": block}, named=True))
    assert not reader.pending
    assert reader.proposals[0].hosted


def test_a_stream_that_stops_leaves_its_call_pending() -> None:
    reader = fed(MESSAGES_STREAM[: MESSAGES_STREAM.rindex(b"event: content_block_stop")])
    assert reader.pending
    assert reader.proposals == ()
    assert not reader.answer().complete


def test_reasoning_is_weighed_and_not_kept() -> None:
    delta = {"type": "thinking_delta", "thinking": "hm"}
    raw = stream({"type": "content_block_delta", "index": 0, "delta": delta}, named=True)
    assert fed(raw).answer().reasoning_chars == 2


def test_an_error_in_the_stream_is_its_finish() -> None:
    raw = stream({"type": "error", "error": {"type": "overloaded_error", "message": "busy"}}, named=True)
    assert fed(raw).answer().finish == "error"


@pytest.mark.parametrize(
    "data",
    ["x", "1", '{"type":1}', '{"type":"content_block_delta","index":"0"}',
     '{"type":"content_block_delta","index":0,"delta":{"type":"text_delta"}}',
     '{"type":"message_delta","usage":{"output_tokens":-1}}'],
)  # fmt: skip
def test_an_event_that_is_none_of_theirs_is_refused(data: str) -> None:
    with pytest.raises(WireError):
        fed(stream(data))
