from __future__ import annotations

import pytest

from aisecops.model.errors import WireError
from aisecops.wire.llm import LlmCall, ProposedCall, Role, SegmentKind, Usage
from aisecops.wire.ollama import read_answer, read_call
from support.wire_samples import OLLAMA_ANSWER, OLLAMA_REQUEST, WEATHER


def called(body, path="/api/chat") -> LlmCall:
    call = read_call(path, body)
    assert call is not None
    return call


def test_every_part_of_a_chat_is_a_segment_with_its_place_role_and_kind():
    assert [(part.position, part.role, part.kind) for part in called(OLLAMA_REQUEST).segments] == [
        ("/messages/0/content", Role.SYSTEM, SegmentKind.TEXT),
        ("/messages/1/content", Role.USER, SegmentKind.TEXT),
        ("/messages/1/images/0", Role.USER, SegmentKind.IMAGE),
        ("/messages/2/thinking", Role.ASSISTANT, SegmentKind.OTHER),
        ("/messages/2/tool_calls/0/function/arguments", Role.ASSISTANT, SegmentKind.TOOL_CALL),
        ("/messages/3/content", Role.TOOL, SegmentKind.TOOL_RESULT),
    ]


def test_what_the_call_asks_for_is_read():
    call = called(OLLAMA_REQUEST)
    assert (call.model, call.max_output_tokens, call.response_schema) == ("llama3.2-vision", 64, WEATHER)
    assert [(tool.name, tool.schema) for tool in call.tools] == [("weather", WEATHER)]
    assert call.segments[4].text == '{"city":"Oslo"}'
    assert call.segments[5].name == "weather"


@pytest.mark.parametrize(("said", "streams"), [(None, True), (True, True), (False, False)])
def test_it_streams_unless_the_request_says_no(said, streams):
    assert called(OLLAMA_REQUEST | {"stream": said}).stream is streams
    assert called({"model": "m", "messages": []}).stream is True


@pytest.mark.parametrize(("most", "known"), [(-1, None), (-2, None), (0, 0), (8, 8)])
def test_an_answer_without_end_is_an_unstated_one(most, known):
    assert called({"model": "m", "options": {"num_predict": most}}).max_output_tokens == known


def test_a_prompt_is_read_with_what_it_continues():
    body = {
        "model": "m",
        "system": "be brief",
        "prompt": "hello",
        "suffix": "end",
        "images": ["AAAA"],
        "context": [1, 2],
    }
    call = called(body, "/api/generate")
    assert [(part.position, part.role) for part in call.segments] == [
        ("/system", Role.SYSTEM), ("/prompt", Role.USER), ("/suffix", Role.USER), ("/images/0", Role.USER),
    ]  # fmt: skip
    assert len(call.remembered) == 1


@pytest.mark.parametrize("more", [{"raw": True}, {"template": "{{ .Prompt }}"}])
def test_a_prompt_that_undoes_the_roles_is_refused(more):
    with pytest.raises(WireError):
        read_call("/api/generate", {"model": "m", "prompt": "hello"} | more)


@pytest.mark.parametrize("message", [{"role": "owner", "content": "x"}, {"role": "user", "content": ["x"]}, {"role": "user", "images": "x"}])  # fmt: skip
def test_what_is_no_message_is_refused(message):
    with pytest.raises(WireError):
        read_call("/api/chat", {"model": "m", "messages": [message]})


def test_an_answer_is_read_whole():
    answer = read_answer(OLLAMA_ANSWER)
    assert answer.proposals == (ProposedCall(name="weather", call_id="", arguments='{"city":"Rome"}'),)
    assert answer.usage == Usage(input_tokens=20, output_tokens=7)
    assert (answer.texts, answer.reasoning_chars, answer.finish, answer.complete) == (("let me look",), 2, "stop", True)


def test_an_answer_to_a_prompt_is_read_too():
    answer = read_answer({"model": "m", "response": "hello", "done": True})
    assert (answer.texts, answer.usage) == (("hello",), None)
