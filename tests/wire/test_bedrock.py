from __future__ import annotations

import json

import pytest

from aisecops.model.errors import WireError
from aisecops.wire.bedrock import read_answer, read_call
from aisecops.wire.llm import LlmCall, ProposedCall, Role, SegmentKind, Usage
from support.bedrock_samples import ANSWER, MODEL, PATH, REQUEST, STREAM_PATH
from support.wire_samples import WEATHER


def called(body, path=PATH) -> LlmCall:
    call = read_call(path, body)
    assert call is not None
    return call


def of(*blocks, role="user"):
    return [(p.position.removeprefix("/messages/0/content"), p.role, p.kind) for p in called({"messages": [{"role": role, "content": list(blocks)}]}).segments]  # fmt: skip


def test_every_block_is_a_segment_with_its_place_role_and_kind():
    assert [(part.position, part.role, part.kind) for part in called(REQUEST).segments] == [
        ("/system/0/text", Role.SYSTEM, SegmentKind.TEXT),
        ("/messages/0/content/0/text", Role.USER, SegmentKind.TEXT),
        ("/messages/0/content/1/image/source/bytes", Role.USER, SegmentKind.IMAGE),
        ("/messages/0/content/2/document/source/s3Location/uri", Role.USER, SegmentKind.FILE),
        ("/messages/0/content/3/document/source/text", Role.USER, SegmentKind.TEXT),
        ("/messages/1/content/0/reasoningContent", Role.ASSISTANT, SegmentKind.OTHER),
        ("/messages/1/content/1/text", Role.ASSISTANT, SegmentKind.TEXT),
        ("/messages/1/content/2/toolUse/input", Role.ASSISTANT, SegmentKind.TOOL_CALL),
        ("/messages/2/content/0/toolResult/content/0/json", Role.TOOL, SegmentKind.TOOL_RESULT),
        ("/messages/2/content/0/toolResult/content/1/text", Role.TOOL, SegmentKind.TOOL_RESULT),
        ("/additionalModelRequestFields", Role.DEVELOPER, SegmentKind.TEXT),
    ]


def test_what_the_call_asks_for_is_read():
    call = called(REQUEST)
    assert (call.dialect, call.model, call.stream, call.max_output_tokens) == ("bedrock", MODEL, False, 64)
    assert [(tool.name, tool.hosted, tool.schema) for tool in call.tools] == [
        ("weather", False, WEATHER), ("nova_grounding", True, None),
    ]  # fmt: skip
    assert {part.call_id for part in call.segments if part.role is Role.TOOL} == {"t1"}
    assert called(REQUEST, STREAM_PATH).stream


def test_the_schema_of_the_answer_is_read_from_its_text():
    form = {"type": "json_schema", "structure": {"jsonSchema": {"schema": json.dumps(WEATHER), "name": "w"}}}
    assert called({"messages": [], "outputConfig": {"textFormat": form}}).response_schema == WEATHER


def test_counting_costs_nothing():
    call = called(
        {"input": {"converse": {"messages": [{"role": "user", "content": [{"text": "a"}]}]}}}, "/model/m/count-tokens"
    )
    assert ([part.position for part in call.segments], call.charged) == (
        ["/input/converse/messages/0/content/0/text"],
        False,
    )
    with pytest.raises(WireError):
        read_call("/model/m/count-tokens", {"input": {"invokeModel": {"body": "e30="}}})


@pytest.mark.parametrize("path", ["/model/m/invoke", "/model/m/invoke-with-response-stream", "/model/m/converse/x", "/guardrail/g/version/1/apply"])  # fmt: skip
def test_another_path_is_no_call(path):
    assert read_call(path, REQUEST) is None


def test_words_stand_in_many_blocks():
    assert of({"guardContent": {"text": {"text": "a", "qualifiers": ["query"]}}}, {"guardContent": {"image": {"format": "png", "source": {"bytes": "AAAA"}}}}) == [
        ("/0/guardContent/text/text", Role.USER, SegmentKind.TEXT),
        ("/1/guardContent/image/source/bytes", Role.USER, SegmentKind.IMAGE),
    ]  # fmt: skip
    found = {"source": "https://a.example", "title": "A", "content": [{"text": "words"}]}
    document = {"name": "d", "format": "txt", "context": "old", "source": {"content": [{"text": "more"}]}}
    assert of({"searchResult": found}, {"document": document}) == [
        ("/0/searchResult/content/0/text", Role.TOOL, SegmentKind.TOOL_RESULT),
        ("/1/document/context", Role.USER, SegmentKind.TEXT),
        ("/1/document/source/content/0/text", Role.USER, SegmentKind.TEXT),
    ]


def test_sounds_and_films_are_listed_and_an_unknown_block_is_not_dropped():
    source = {"format": "wav", "source": {"bytes": "AAAA"}}
    assert [kind for _, _, kind in of({"audio": source}, {"video": source}, {"new": 1})] == [
        SegmentKind.AUDIO,
        SegmentKind.FILE,
        SegmentKind.OTHER,
    ]


def test_tools_may_be_among_what_goes_to_the_models_maker():
    assert called({"additionalModelRequestFields": {"tools": [{"type": "computer_20250124"}]}}).offers_elsewhere
    assert not called(REQUEST).offers_elsewhere


def test_variables_of_a_stored_prompt_are_the_users_words():
    [part] = called({"promptVariables": {"a/b": {"text": "words"}}}).segments
    assert (part.position, part.role, part.text) == ("/promptVariables/a~1b/text", Role.USER, "words")


@pytest.mark.parametrize("body", [{"messages": [{"role": "system", "content": []}]}, {"messages": [{"role": "user", "content": "a"}]}, {"promptVariables": {"a": 1}}])  # fmt: skip
def test_what_is_no_message_is_refused(body):
    with pytest.raises(WireError):
        read_call(PATH, body)


def test_an_answer_is_read_whole():
    answer = read_answer(ANSWER)
    assert answer.proposals == (ProposedCall(name="weather", call_id="t9", arguments='{"city":"Rome"}'),)
    assert answer.usage == Usage(input_tokens=20, output_tokens=7, cache_read_tokens=5, cache_write_tokens=3)
    assert (answer.texts, answer.finish, answer.reasoning_chars > 0) == (("let me look",), "tool_use", True)


def test_a_call_that_the_provider_makes_is_hosted():
    use = {"toolUseId": "t", "name": "nova_grounding", "input": {}, "type": "server_tool_use"}
    answer = read_answer({"output": {"message": {"role": "assistant", "content": [{"toolUse": use}]}}})
    assert [call.hosted for call in answer.proposals] == [True]
