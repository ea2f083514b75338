"""A streamed response says no less than a whole one, and its calls are held until they are whole."""

from __future__ import annotations

import pytest

from aisecops.model.errors import WireError
from aisecops.wire.llm import ProposedCall, Usage
from aisecops.wire.openai_responses_stream import ResponseStream
from support.wire_samples import RESPONSES_ANSWER, RESPONSES_STREAM, events, stream

ROME = ProposedCall(name="weather", call_id="call_9", arguments='{"city":"Rome"}')


def fed(raw: bytes) -> ResponseStream:
    reader = ResponseStream()
    for event in events(raw):
        reader.feed(event)
    return reader


def test_the_stream_says_what_the_whole_answer_says() -> None:
    answer = fed(RESPONSES_STREAM).answer()
    assert (answer.texts, answer.proposals, answer.finish) == (("let me look",), (ROME,), "completed")
    assert answer.usage == Usage(input_tokens=20, output_tokens=7, cache_read_tokens=5)
    assert answer.complete


def test_a_call_is_pending_until_its_item_is_done() -> None:
    reader = ResponseStream()
    pending = []
    for event in events(RESPONSES_STREAM):
        reader.feed(event)
        pending.append(reader.pending)
    assert pending == [False] * 5 + [True, True] + [False, False]


def test_a_call_that_only_the_last_event_shows_is_proposed() -> None:
    raw = stream({"type": "response.completed", "response": RESPONSES_ANSWER}, named=True)
    assert [call.name for call in fed(raw).proposals] == ["weather", "local_shell", "web_search"]


CALL = {"type": "function_call", "id": "fc_1", "call_id": "c1", "name": "mail", "arguments": '{"to":"eve"}'}
BEGUN = {"type": "response.output_item.added", "output_index": 0, "item": {**CALL, "arguments": ""}}
PIECE = {"type": "response.function_call_arguments.delta", "output_index": 0, "delta": '{"to":"eve"}'}
ALL = {"type": "response.function_call_arguments.done", "output_index": 0, "arguments": '{"to":"eve"}'}
OTHER = {**CALL, "arguments": '{"to":"ann"}'}
DONE = {"type": "response.output_item.done", "output_index": 0, "item": OTHER}
EMPTY = {"id": "r", "model": "gpt-4o", "status": "completed", "output": []}
LAST = {"type": "response.completed", "response": EMPTY}


@pytest.mark.parametrize(
    "told",
    [
        [{**BEGUN, "item": CALL}, LAST],
        [BEGUN, PIECE, LAST],
        [BEGUN, ALL, LAST],
        [BEGUN, PIECE, DONE],
        [BEGUN, ALL, DONE],
        [BEGUN, PIECE, {**ALL, "arguments": OTHER["arguments"]}],
        [{**BEGUN, "item": CALL}, DONE],
        [BEGUN, {**DONE, "item": {**CALL, "name": "read"}}],
        [BEGUN, PIECE, {**LAST, "response": {**EMPTY, "output": [OTHER]}}],
        [{"type": "response.created", "response": {**EMPTY, "output": [CALL]}}],
        [{"type": "response.in_progress", "response": {**EMPTY, "output": [CALL]}}],
    ],
)
def test_a_call_that_its_events_tell_in_two_ways_or_never_end_is_refused(told: list[dict[str, object]]) -> None:
    with pytest.raises(WireError):
        fed(stream(*told, named=True))


@pytest.mark.parametrize(
    "told",
    [
        [BEGUN, PIECE, ALL, {**DONE, "item": CALL}, LAST],
        [{**BEGUN, "item": {**CALL, "arguments": "{}"}}, {**DONE, "item": CALL}],
        [BEGUN, PIECE, {**LAST, "response": {**EMPTY, "output": [CALL]}}],
    ],
)
def test_a_call_that_some_events_leave_out_is_whole_where_another_says_it(told: list[dict[str, object]]) -> None:
    reader = fed(stream(*told, named=True))
    assert [call.arguments for call in reader.proposals] == ['{"to":"eve"}']
    assert not reader.pending


def test_what_the_provider_runs_is_not_held() -> None:
    item = {"type": "web_search_call", "id": "ws_1", "status": "in_progress"}
    reader = fed(stream({"type": "response.output_item.added", "output_index": 0, "item": item}, named=True))
    assert not reader.pending


def test_a_stream_that_stops_is_not_complete() -> None:
    reader = fed(RESPONSES_STREAM[: RESPONSES_STREAM.index(b"event: response.function_call_arguments")])
    answer = reader.answer()
    assert reader.pending
    assert (answer.texts, answer.usage, answer.complete, answer.model) == (("let me look",), None, False, "gpt-4o")


def test_reasoning_is_weighed_and_not_kept() -> None:
    raw = stream({"type": "response.reasoning_summary_text.delta", "delta": "hm"}, named=True)
    assert fed(raw).answer().reasoning_chars == 2


def test_an_error_in_the_stream_is_its_finish() -> None:
    assert fed(stream({"type": "error", "message": "busy"}, named=True)).answer().finish == "error"


@pytest.mark.parametrize("data", ["x", "1", '{"type":1}', '{"type":"response.output_text.delta","delta":1}'])
def test_an_event_that_is_none_of_theirs_is_refused(data: str) -> None:
    with pytest.raises(WireError):
        fed(stream(data))


def item(kind: str, index: int, name: str, item_id: str, arguments: str = "") -> dict[str, object]:
    call = {"type": "function_call", "id": item_id, "call_id": item_id, "name": name, "arguments": arguments}
    return {"type": f"response.output_item.{kind}", "output_index": index, "item": call}


def test_pieces_that_name_one_call_and_stand_at_another_are_refused() -> None:
    begun = [item("added", 0, "note", "fc_1"), item("added", 1, "pay", "fc_2")]
    piece = {"type": "response.function_call_arguments.delta", "output_index": 0, "item_id": "fc_2", "delta": "{}"}
    with pytest.raises(WireError):
        fed(stream(*begun, piece, named=True))
    with pytest.raises(WireError):
        fed(stream(*begun, item("done", 0, "note", "fc_2", "{}"), named=True))


def test_an_id_that_is_nobody_elses_may_change() -> None:
    done = {"type": "response.function_call_arguments.done", "output_index": 0, "item_id": "fc_9", "arguments": "{}"}
    raw = stream(item("added", 0, "note", "fc_1"), done, item("done", 0, "note", "fc_8", "{}"), named=True)
    assert [call.name for call in fed(raw).proposals] == ["note"]


def test_the_end_of_arguments_that_names_another_call_is_refused() -> None:
    done = {"type": "response.function_call_arguments.done", "output_index": 0, "name": "pay", "arguments": "{}"}
    with pytest.raises(WireError):
        fed(stream(item("added", 0, "note", "fc_1"), done, named=True))
