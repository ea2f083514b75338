from __future__ import annotations

import pytest

from aisecops.model.errors import WireError
from aisecops.wire.gemini import read_answer, read_call
from aisecops.wire.llm import LlmCall, ProposedCall, Role, SegmentKind, Usage
from support.gemini_samples import ANSWER, PATH, REQUEST, STREAM_PATH
from support.wire_samples import WEATHER


def called(body, path=PATH) -> LlmCall:
    call = read_call(path, body)
    assert call is not None
    return call


def places(body):
    return [(part.position, part.role, part.kind) for part in called(body).segments]


def test_every_part_is_a_segment_with_its_place_role_and_kind():
    assert places(REQUEST) == [
        ("/systemInstruction/parts/0/text", Role.SYSTEM, SegmentKind.TEXT),
        ("/contents/0/parts/0/text", Role.USER, SegmentKind.TEXT),
        ("/contents/0/parts/1/inlineData/data", Role.USER, SegmentKind.IMAGE),
        ("/contents/0/parts/2/fileData/fileUri", Role.USER, SegmentKind.FILE),
        ("/contents/1/parts/0/text", Role.ASSISTANT, SegmentKind.OTHER),
        ("/contents/1/parts/1/functionCall/args", Role.ASSISTANT, SegmentKind.TOOL_CALL),
        ("/contents/2/parts/0/functionResponse/response", Role.TOOL, SegmentKind.TOOL_RESULT),
    ]


def test_what_the_call_asks_for_is_read():
    call = called(REQUEST)
    assert (call.dialect, call.model, call.stream, call.max_output_tokens) == ("gemini", "gemini-2.5-flash", False, 64)
    assert (call.response_schema, call.remembered, call.charged) == (WEATHER, ("cachedContents/c1",), True)
    assert [(tool.name, tool.hosted, tool.schema) for tool in call.tools] == [
        ("weather", False, WEATHER), ("googleSearch", True, None),
    ]  # fmt: skip
    assert call.segments[-1].text == '{"mm":3,"output":"rain"}'
    assert (call.segments[-1].name, call.segments[-1].call_id) == ("weather", "f1")


@pytest.mark.parametrize(
    ("path", "model", "streams", "charged"),
    [
        (STREAM_PATH, "gemini-2.5-flash", True, True),
        ("/v1/projects/p/locations/l/publishers/google/models/gemini-pro:generateContent", "gemini-pro", False, True),
        ("/v1beta/tunedModels/mine:generateContent", "mine", False, True),
        ("/v1beta/models/gemini-pro:countTokens", "gemini-pro", False, False),
    ],
)
def test_the_path_says_which_model_and_how(path, model, streams, charged):
    call = called(REQUEST, path)
    assert (call.model, call.stream, call.charged) == (model, streams, charged)


@pytest.mark.parametrize("path", ["/v1beta/models/m:embedContent", "/v1beta/models/m:batchGenerateContent", "/v1beta/models", "/v1beta/models/m:generateContent/x", "/v1beta/models/m%3AgenerateContent"])  # fmt: skip
def test_another_path_is_no_call(path):
    assert read_call(path, REQUEST) is None


def snake(value):
    if isinstance(value, list):
        return [snake(one) for one in value]
    if not isinstance(value, dict):
        return value
    return {"".join(f"_{c.lower()}" if c.isupper() else c for c in name): snake(one) for name, one in value.items()}


def test_the_other_spelling_says_the_same():
    body = REQUEST | {"generationConfig": {"maxOutputTokens": 64, "candidateCount": 2}}
    one, other = called(body), called(snake(body))
    assert [(p.role, p.kind, p.text) for p in other.segments] == [(p.role, p.kind, p.text) for p in one.segments]
    assert other.segments[0].position == "/system_instruction/parts/0/text"
    assert (other.max_output_tokens, other.answers, other.remembered) == (64, 2, one.remembered)
    assert [tool.name for tool in other.tools] == ["weather", "google_search"]


@pytest.mark.parametrize(
    "body",
    [
        {"systemInstruction": {"parts": [{"text": "a"}]}, "system_instruction": {"parts": [{"text": "b"}]}},
        {"contents": [{"parts": [{"functionResponse": {}, "function_response": {}}]}]},
        {"contents": [{"role": "owner", "parts": [{"text": "a"}]}]},
        {"contents": "hello"},
    ],
)
def test_what_can_be_read_in_two_ways_or_in_none_is_refused(body):
    with pytest.raises(WireError):
        read_call(PATH, body)


def test_one_object_stands_for_a_list_of_one():
    body = {"system_instruction": {"parts": {"text": "be a cat"}}, "contents": {"parts": {"text": "hello"}}}
    assert [place for place, _, _ in places(body)] == ["/system_instruction/parts/text", "/contents/parts/text"]


def test_a_part_of_several_contents_is_read_whole_and_an_unknown_one_is_not_dropped():
    body = {"contents": [{"parts": [{"text": "a", "functionResponse": {"name": "n", "response": {}}}, {"new": "b"}]}]}
    assert [kind for _, _, kind in places(body)] == [SegmentKind.TEXT, SegmentKind.TOOL_RESULT, SegmentKind.OTHER]


@pytest.mark.parametrize(
    ("body", "elsewhere"),
    [
        ({"cached_content": "cachedContents/c1"}, True),
        ({"tools": [{"computer_use": {"environment": "ENVIRONMENT_BROWSER"}}]}, True),
        ({"tools": [{"googleSearch": {}}]}, False),
    ],
)
def test_tools_may_have_been_offered_where_no_one_sees(body, elsewhere):
    assert called(body).offers_elsewhere is elsewhere


def test_media_beside_the_answer_of_a_tool_are_listed():
    response = {"name": "n", "response": {}, "parts": [{"inlineData": {"mimeType": "audio/wav", "data": "AAAA"}}]}
    call = called({"contents": [{"parts": [{"functionResponse": response}]}]})
    assert [(part.role, part.kind) for part in call.segments][1] == (Role.TOOL, SegmentKind.AUDIO)


def test_what_is_counted_may_stand_one_deeper():
    call = called(
        {"generateContentRequest": {"contents": [{"parts": [{"text": "a"}]}]}}, "/v1beta/models/m:countTokens"
    )
    assert [part.position for part in call.segments] == ["/generateContentRequest/contents/0/parts/0/text"]


def test_an_answer_is_read_whole():
    said = read_answer(ANSWER)
    assert said.proposals == (ProposedCall(name="weather", call_id="", arguments='{"city":"Rome"}'),)
    assert said.usage == Usage(input_tokens=21, output_tokens=7, cache_read_tokens=4)
    assert (said.texts, said.reasoning_chars, said.finish, said.model) == (
        ("let me look",),
        2,
        "STOP",
        "gemini-2.5-flash",
    )


def test_an_answer_that_was_blocked_says_why():
    assert read_answer({"promptFeedback": {"blockReason": "SAFETY"}}).finish == "SAFETY"


@pytest.mark.parametrize(
    "more", [{"willContinue": True}, {"partialArgs": [{"jsonPath": "$.city", "stringValue": "R"}]}]
)
def test_a_call_in_pieces_is_not_read_as_a_whole_one(more):
    part = {"functionCall": {"name": "weather", **more}}
    with pytest.raises(WireError):
        read_answer({"candidates": [{"content": {"parts": [part]}}]})
