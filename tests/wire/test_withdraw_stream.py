"""Calls taken out of streams, put together again by the providers' own libraries."""

from __future__ import annotations

import httpx
import httpx2
import orjson
import pytest
from anthropic import Anthropic
from openai import OpenAI

from aisecops.gateway.watch import StreamWatch
from aisecops.model.errors import WireError

HEADERS = {"content-type": "text/event-stream"}


def events(*several, named=True, done=b""):
    head = (lambda one: f"event: {one['type']}\n".encode()) if named else (lambda one: b"")
    return [head(one) + b"data: " + orjson.dumps(one) + b"\n\n" for one in several] + ([done] if done else [])


def through(stream, dialect, refuses, *, size=37):
    """The bytes of `stream` after a watch that refuses the calls named in `refuses`; what had passed when it waited."""
    watch, passed, whole = StreamWatch(status=200, dialect=dialect, judged=True), b"", b"".join(stream)
    for at in range(0, len(whole), size):
        passed += b"".join(watch.feed(whole[at : at + size]))
        while calls := watch.waiting:
            passed += b"".join(watch.weighed({n: "no" for n, call in enumerate(calls) if call.name in refuses}))
    return passed + b"".join(watch.end())


def serving(body, http=httpx):
    answer = http.MockTransport(lambda _request: http.Response(200, headers=HEADERS, content=body))
    return http.Client(transport=answer)


def chunk(delta, finish=None, **more):
    choice = {"index": 0, "delta": delta, "finish_reason": finish}
    return {"id": "x", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": [choice], **more}


def piece(index, arguments="", **more):
    return {"tool_calls": [{"index": index, "function": {"arguments": arguments, **more.pop("f", {})}, **more}]}


CHAT = events(
    chunk({"role": "assistant", "content": "well"}),
    chunk(piece(0, f={"name": "a"}, id="c0", type="function")),
    chunk(piece(0, '{"x":')),
    chunk(piece(0, "1}")),
    chunk(piece(1, '{"y":', f={"name": "b"}, id="c1", type="function")),
    chunk(piece(1, "2}")),
    chunk({}, "tool_calls"),
    {"id": "x", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": [],
     "usage": {"prompt_tokens": 1, "completion_tokens": 2, "total_tokens": 3}},
    named=False, done=b"data: [DONE]\n\n",
)  # fmt: skip


def chat_read(body):
    client = OpenAI(api_key="k", http_client=serving(body))
    with client.chat.completions.stream(model="m", messages=[]) as stream:
        for _ in stream:
            pass
        return stream.get_final_completion()


MESSAGE = events(
    {"type": "message_start", "message": {"id": "msg_1", "type": "message", "role": "assistant", "model": "m",
     "content": [], "stop_reason": None, "stop_sequence": None, "usage": {"input_tokens": 1, "output_tokens": 1}}},
    {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
    {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "well"}},
    {"type": "content_block_stop", "index": 0},
    *(
        one
        for index, name in ((1, "a"), (2, "b"))
        for one in (
            {"type": "content_block_start", "index": index,
             "content_block": {"type": "tool_use", "id": name, "name": name, "input": {}}},
            {"type": "content_block_delta", "index": index, "delta": {"type": "input_json_delta", "partial_json": "{"}},
            {"type": "content_block_delta", "index": index, "delta": {"type": "input_json_delta", "partial_json": "}"}},
            {"type": "content_block_stop", "index": index},
        )
    ),
    {"type": "message_delta", "delta": {"stop_reason": "tool_use", "stop_sequence": None}, "usage": {"output_tokens": 9}},
    {"type": "message_stop"},
)  # fmt: skip


def message_read(body):
    client = Anthropic(api_key="k", http_client=serving(body, httpx2))
    with client.messages.stream(model="m", max_tokens=9, messages=[]) as stream:
        return stream.get_final_message()


def item(name, **more):
    return {"id": f"fc_{name}", "type": "function_call", "call_id": name, "name": name, "status": "completed",
            "arguments": "{}", **more}  # fmt: skip


def response(status, output):
    return {"id": "resp_1", "object": "response", "created_at": 1, "model": "m", "status": status, "output": output,
            "parallel_tool_calls": True, "tool_choice": "auto", "tools": []}  # fmt: skip


def numbered(*several):
    return [{**one, "sequence_number": number} for number, one in enumerate(several)]


RESPONSE = events(*numbered(
    {"type": "response.created", "response": response("in_progress", [])},
    *(
        one
        for index, name in ((0, "a"), (1, "b"))
        for one in (
            {"type": "response.output_item.added", "output_index": index,
             "item": item(name, status="in_progress", arguments="")},
            {"type": "response.function_call_arguments.delta", "output_index": index, "item_id": f"fc_{name}", "delta": "{}"},
            {"type": "response.function_call_arguments.done", "output_index": index, "item_id": f"fc_{name}",
             "name": name, "arguments": "{}"},
            {"type": "response.output_item.done", "output_index": index, "item": item(name)},
        )
    ),
    {"type": "response.completed", "response": response("completed", [item("a"), item("b")])},
))  # fmt: skip


def response_read(body):
    client = OpenAI(api_key="k", http_client=serving(body))
    with client.responses.stream(model="m", input="x") as stream:
        seen = list(stream)
        assert [one.sequence_number for one in seen] == list(range(len(seen)))
        return stream.get_final_response()


@pytest.mark.parametrize("size", [1, 37, 100_000])
@pytest.mark.parametrize(("stream", "dialect"), [(CHAT, "openai"), (MESSAGE, "anthropic"), (RESPONSE, "openai")])
def test_what_is_allowed_passes_byte_for_byte(stream, dialect, size):
    assert through(stream, dialect, set(), size=size) == b"".join(stream)


@pytest.mark.parametrize(
    ("refused", "left", "finish"), [("a", ["b"], "tool_calls"), ("b", ["a"], "tool_calls"), ("ab", None, "stop")]
)
def test_a_chat_completion_says_why(refused, left, finish):
    (choice,) = chat_read(through(CHAT, "openai", set(refused))).choices
    calls = choice.message.tool_calls
    assert (calls and [call.function.name for call in calls], choice.finish_reason) == (left, finish)
    assert choice.message.content == "well" + "\n\nno" * len(refused)


@pytest.mark.parametrize(("refused", "stop"), [("a", "tool_use"), ("b", "tool_use"), ("ab", "end_turn")])
def test_a_message_says_why(refused, stop):
    message = message_read(through(MESSAGE, "anthropic", set(refused)))
    told = [getattr(block, "text", None) or block.name for block in message.content]
    assert told == ["well", *("no" if name in refused else name for name in "ab")]
    assert message.stop_reason == stop


@pytest.mark.parametrize("refused", ["a", "b", "ab"])
def test_a_response_says_why_in_its_events_and_at_its_end(refused):
    answer = response_read(through(RESPONSE, "openai", set(refused)))
    assert [getattr(one, "name", None) for one in answer.output] == [None if n in refused else n for n in "ab"]
    assert answer.output_text == "no" * len(refused)


def test_text_passes_at_once_and_nothing_of_a_call_before_it_was_weighed():
    watch = StreamWatch(status=200, dialect="openai", judged=True)
    assert watch.feed(CHAT[0]) == [CHAT[0]]
    assert [watch.feed(one) for one in CHAT[1:]] == [[]] * len(CHAT[1:])
    assert [call.name for call in watch.waiting] == ["a", "b"]
    assert watch.end() == []
    assert b"".join(watch.weighed({})) == b"".join(CHAT[1:])


def test_a_call_that_never_becomes_whole_never_passes():
    watch = StreamWatch(status=200, dialect="openai", judged=True)
    assert [piece for one in CHAT[:4] for piece in watch.feed(one)] + watch.end() == [CHAT[0]]


def test_a_call_that_goes_on_after_it_was_whole_is_cut():
    with pytest.raises(WireError):
        through([*CHAT[:7], *CHAT[4:7]], "openai", set())


def test_a_call_that_only_the_last_event_tells_of_is_weighed():
    last = {**orjson.loads(RESPONSE[-1].split(b"data: ")[1]), "sequence_number": 1}
    answer = response_read(through([RESPONSE[0], *events(last)], "openai", {"a"}))
    assert [getattr(one, "name", None) for one in answer.output] == [None, "b"]
