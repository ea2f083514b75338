"""Calls taken out of whole answers, as the providers' own libraries read what is left."""

from __future__ import annotations

import orjson
import pytest
from anthropic.types import Message
from openai.types.chat import ChatCompletion
from openai.types.responses import Response

from aisecops.model.errors import WireError
from aisecops.wire.dialects import withdrawn

USAGE = {"prompt_tokens": 1, "completion_tokens": 2, "total_tokens": 3}


def called(*names, content=None, finish="tool_calls"):
    calls = [
        {"id": f"c{n}", "type": "function", "function": {"name": name, "arguments": "{}"}}
        for n, name in enumerate(names)
    ]
    message = {"role": "assistant", "content": content, "tool_calls": calls}
    choice = {"index": 0, "finish_reason": finish, "logprobs": None, "message": message}
    return {"id": "x", "object": "chat.completion", "created": 1, "model": "m", "choices": [choice], "usage": USAGE}


def test_of_a_chat_completion_the_last_call_leaves_text_and_a_stop():
    answer = ChatCompletion.model_validate_json(
        withdrawn("openai", orjson.dumps(called("a", content="well")), {0: "no"})
    )
    choice = answer.choices[0]
    assert (choice.message.content, choice.message.tool_calls, choice.finish_reason) == ("well\n\nno", None, "stop")
    assert answer.usage.total_tokens == 3


def test_of_a_chat_completion_other_calls_stay():
    answer = ChatCompletion.model_validate_json(withdrawn("openai", orjson.dumps(called("a", "b")), {0: "no"}))
    choice = answer.choices[0]
    assert [call.function.name for call in choice.message.tool_calls] == ["b"]
    assert (choice.message.content, choice.finish_reason) == ("no", "tool_calls")


def test_a_length_that_was_reached_is_still_told():
    answer = orjson.loads(withdrawn("openai", orjson.dumps(called("a", finish="length")), {0: "no"}))
    assert answer["choices"][0]["finish_reason"] == "length"


def test_of_a_response_a_call_becomes_a_message():
    output = [
        {"id": "ws_1", "type": "web_search_call", "status": "completed", "action": {"type": "search", "query": "q"}},
        {"id": "fc_1", "type": "function_call", "call_id": "c1", "name": "a", "arguments": "{}", "status": "completed"},
        {"id": "fc_2", "type": "function_call", "call_id": "c2", "name": "b", "arguments": "{}", "status": "completed"},
    ]
    whole = {"id": "resp_1", "object": "response", "created_at": 1, "model": "m", "status": "completed",
             "output": output, "parallel_tool_calls": True, "tool_choice": "auto", "tools": []}  # fmt: skip
    answer = Response.model_validate_json(withdrawn("openai", orjson.dumps(whole), {1: "no"}))
    assert [item.type for item in answer.output] == ["web_search_call", "function_call", "message"]
    assert answer.output_text == "no"


@pytest.mark.parametrize(("refused", "stop"), [({0: "no"}, "tool_use"), ({0: "no", 1: "never"}, "end_turn")])
def test_of_a_message_a_call_becomes_text_in_its_place(refused, stop):
    blocks = [{"type": "text", "text": "well"}, *({"type": "tool_use", "id": i, "name": i, "input": {}} for i in "ab")]
    whole = {"id": "msg_1", "type": "message", "role": "assistant", "model": "m", "content": blocks,
             "stop_reason": "tool_use", "stop_sequence": None, "usage": {"input_tokens": 1, "output_tokens": 1}}  # fmt: skip
    answer = Message.model_validate_json(withdrawn("anthropic", orjson.dumps(whole), refused))
    assert answer.stop_reason == stop
    assert [getattr(block, "text", None) for block in answer.content] == ["well", "no", refused.get(1)]


@pytest.mark.parametrize("body", [{"choices": [5]}, {"choices": [{"message": {"tool_calls": 5}}]}, [], {}])
def test_what_cannot_be_changed_is_not_delivered(body):
    with pytest.raises(WireError):
        withdrawn("openai", orjson.dumps(body), {0: "no"})


def test_a_call_that_is_not_there_is_not_taken_for_withdrawn():
    with pytest.raises(WireError):
        withdrawn("openai", orjson.dumps(called("a")), {1: "no"})
