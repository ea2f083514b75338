"""Chat completions, as requests and whole answers."""

from __future__ import annotations

from typing import Any

import pytest

from aisecops.model.errors import WireError
from aisecops.wire.llm import ProposedCall, Role, SegmentKind, Usage
from aisecops.wire.openai_chat import read_answer, read_call
from support.wire_samples import CHAT_ANSWER, CHAT_REQUEST, WEATHER


def request(**more: Any) -> dict[str, Any]:
    return {**CHAT_REQUEST, **more}


def test_every_piece_of_the_conversation_becomes_a_segment_with_its_place() -> None:
    said = [(part.position, part.role.value, part.kind.value, part.text) for part in read_call(CHAT_REQUEST).segments]
    assert said == [
        ("/messages/0/content", "developer", "text", "be brief"),
        ("/messages/1/content/0/text", "user", "text", "what is this?"),
        ("/messages/1/content/1/image_url/url", "user", "image", "https://pictures.example/cat.png"),
        ("/messages/1/content/2/image_url/url", "user", "image", said[3][3]),
        ("/messages/1/content/3/input_audio/data", "user", "audio", said[4][3]),
        ("/messages/1/content/4/file/file_id", "user", "file", "file-1"),
        ("/messages/1/content/5", "user", "other", '{"light":1,"type":"hologram"}'),
        ("/messages/2/tool_calls/0/function/arguments", "assistant", "tool_call", '{"city":"Oslo"}'),
        ("/messages/2/tool_calls/1/custom/input", "assistant", "tool_call", "select 1"),
        ("/messages/3/content", "tool", "tool_result", "rain"),
    ]
    assert said[3][3].startswith("sha256:")


def test_positions_point_to_the_text_they_name() -> None:
    for part in read_call(CHAT_REQUEST).segments:
        value: Any = CHAT_REQUEST
        for step in part.position.split("/")[1:]:
            value = value[int(step) if isinstance(value, list) else step]
        if part.kind in {SegmentKind.TEXT, SegmentKind.TOOL_CALL, SegmentKind.TOOL_RESULT}:
            assert value == part.text


def test_a_result_is_linked_to_its_call() -> None:
    segments = read_call(CHAT_REQUEST).segments
    assert [(part.name, part.call_id) for part in segments if part.call_id] == [
        ("weather", "call_1"), ("sql", "call_2"), ("", "call_1"),
    ]  # fmt: skip


def test_the_bounds_and_the_schemas_are_read() -> None:
    call = read_call(request(n=3))
    assert (call.model, call.stream, call.max_output_tokens, call.answers) == ("gpt-4o", False, 64, 3)
    assert call.response_schema == WEATHER
    assert [(tool.name, tool.schema, tool.hosted) for tool in call.tools] == [
        ("weather", WEATHER, False), ("sql", None, False),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("more", "limit"), [({}, None), ({"max_tokens": 9}, 9), ({"max_completion_tokens": 0, "max_tokens": 9}, 0)]
)
def test_the_newer_name_of_the_limit_wins(more: dict[str, Any], limit: int | None) -> None:
    assert read_call({"model": "m", "messages": [], **more}).max_output_tokens == limit


def test_the_providers_own_search_is_an_offer_it_runs_itself() -> None:
    offers = read_call(request(tools=None, web_search_options={})).tools
    assert [(tool.name, tool.hosted) for tool in offers] == [("web_search", True)]


def test_functions_of_the_first_days_are_read() -> None:
    call = read_call({
        "model": "m",
        "functions": [{"name": "weather", "parameters": WEATHER}],
        "messages": [
            {"role": "assistant", "content": None, "function_call": {"name": "weather", "arguments": "{}"}},
            {"role": "function", "name": "weather", "content": "rain"},
        ],
    })  # fmt: skip
    assert [(part.role, part.kind, part.name) for part in call.segments] == [
        (Role.ASSISTANT, SegmentKind.TOOL_CALL, "weather"), (Role.TOOL, SegmentKind.TOOL_RESULT, "weather"),
    ]  # fmt: skip
    assert call.segments[0].position == "/messages/0/function_call/arguments"
    assert call.tools[0].name == "weather"


def test_a_predicted_output_is_said_too() -> None:
    [part] = read_call({"model": "m", "prediction": {"type": "content", "content": "x"}}).segments
    assert (part.position, part.text) == ("/prediction/content", "x")


@pytest.mark.parametrize(
    "body",
    [
        None, [], "x", {"model": 1}, {"model": "m", "messages": {}}, {"model": "m", "messages": ["x"]},
        {"model": "m", "messages": [{"role": "root", "content": "x"}]}, {"model": "m", "messages": [{"content": "x"}]},
        {"model": "m", "messages": [{"role": "user", "content": 1}]},
        {"model": "m", "messages": [{"role": "user", "content": [{"type": "text"}]}]},
        {"model": "m", "messages": [{"role": "user", "content": ["x"]}]},
        {"model": "m", "stream": "yes"}, {"model": "m", "max_tokens": -1}, {"model": "m", "max_tokens": 1.5},
        {"model": "m", "max_tokens": True}, {"model": "m", "tools": [{}]}, {"model": "m", "n": "3"},
        {"model": "m", "tools": [{"type": "function"}]},
        {"model": "m", "messages": [{"role": "assistant", "tool_calls": [{"id": "x"}]}]},
    ],
)  # fmt: skip
def test_a_wrong_type_where_it_matters_is_refused(body: Any) -> None:
    with pytest.raises(WireError):
        read_call(body)


def test_the_words_of_a_refusal_name_the_place_and_not_the_content() -> None:
    with pytest.raises(WireError) as refused:
        read_call({"model": "m", "messages": [{"role": "user", "content": [{"type": "text", "text": 4111}]}]})
    assert refused.value.detail == "`/messages/0/content/0/text` must be a string"


def test_an_answer_is_read_with_its_calls_and_its_use() -> None:
    answer = read_answer(CHAT_ANSWER)
    assert answer.texts == ("let me look",)
    assert answer.proposals == (ProposedCall(name="weather", call_id="call_9", arguments='{"city":"Rome"}'),)
    assert answer.usage == Usage(input_tokens=20, output_tokens=7, cache_read_tokens=5)
    assert (answer.finish, answer.complete, answer.model) == ("tool_calls", True, "gpt-4o-2024-08-06")


def test_an_answer_without_use_says_so() -> None:
    assert read_answer({"choices": []}).usage is None


@pytest.mark.parametrize(
    "body", [None, {"choices": 1}, {"choices": [{"message": "x"}]}, {"choices": [], "usage": {"prompt_tokens": "9"}}]
)
def test_an_answer_of_wrong_types_is_refused(body: Any) -> None:
    with pytest.raises(WireError):
        read_answer(body)


def test_an_answer_with_calls_of_the_other_sorts_is_read() -> None:
    custom = {"id": "c", "type": "custom", "custom": {"name": "sql", "input": "select 1"}}
    messages = [{"tool_calls": [custom]}, {"function_call": {"name": "now", "arguments": "{}"}}]
    answer = read_answer({"choices": [{"message": message} for message in messages]})
    assert [(call.name, call.arguments) for call in answer.proposals] == [("sql", "select 1"), ("now", "{}")]


def test_refusals_and_files_in_earlier_messages_are_said_too() -> None:
    file = {"type": "file", "file": {"filename": "a.txt", "file_data": "data:text/plain;base64,AAAA"}}
    messages = [{"role": "assistant", "refusal": "no", "content": [{"type": "refusal", "refusal": "never"}, file]}]
    segments = read_call({"model": "m", "messages": messages, "tools": [{"type": "web_search"}]}).segments
    assert [(part.kind.value, part.position) for part in segments] == [
        ("text", "/messages/0/content/0/refusal"),
        ("file", "/messages/0/content/1/file/file_data"),
        ("text", "/messages/0/refusal"),
    ]
