"""What a model answers against the schemas of its request, whole and streamed, through the whole of enforcement."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from aisecops.gateway.watch import StreamWatch
from aisecops.model.exchange import HttpResponse
from aisecops.model.outcome import Forward, Refuse
from aisecops.model.refusals import Code
from support.gateway import RULES, House, request

BOTH = RULES.replace("sources:", "  anthropic: {match: {host: api.anthropic.com}, dialect: anthropic}\nsources:")
SUM: dict[str, Any] = {
    "type": "object",
    "properties": {"total": {"type": "integer"}},
    "required": ["total"],
    "additionalProperties": False,
}
GOOD, BAD = '{"total": 3}', '{"total": "three"}'
MAIL = {"type": "object", "properties": {"to": {"type": "string"}}, "required": ["to"], "additionalProperties": False}

USER = [{"role": "user", "content": "add them"}]
CHAT = {
    "model": "gpt-4o",
    "messages": USER,
    "response_format": {"type": "json_schema", "json_schema": {"name": "sum", "schema": SUM}},
}
RESPONSES = {
    "model": "gpt-4o",
    "input": "add them",
    "text": {"format": {"type": "json_schema", "name": "sum", "schema": SUM}},
}
MESSAGES = {
    "model": "claude",
    "max_tokens": 10,
    "messages": USER,
    "output_config": {"format": {"type": "json_schema", "schema": SUM}},
}
WAYS = {
    "chat": ("https://api.openai.com/v1/chat/completions", CHAT),
    "responses": ("https://api.openai.com/v1/responses", RESPONSES),
    "messages": ("https://api.anthropic.com/v1/messages", MESSAGES),
}


def whole(way: str, text: str, *, refusal: str | None = None, finish: str = "stop") -> Any:
    if way == "chat":
        message = {"role": "assistant", "content": text, "refusal": refusal}
        return {"model": "m", "choices": [{"index": 0, "message": message, "finish_reason": finish}]}
    if way == "responses":
        part = {"type": "refusal", "refusal": refusal} if refusal else {"type": "output_text", "text": text}
        message = {"type": "message", "id": "msg_1", "role": "assistant", "content": [part]}
        return {"object": "response", "model": "m", "status": "completed", "output": [message]}
    return {"model": "m", "content": [{"type": "text", "text": text}] if text else [], "stop_reason": "end_turn"}


def streamed(way: str, text: str) -> list[bytes]:
    if way == "chat":
        said: list[Any] = [
            {"choices": [{"index": 0, "delta": {"content": char}, "finish_reason": None}]} for char in text
        ]
        said.append({"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]})
        return [b"data: " + orjson.dumps(one) + b"\n\n" for one in said] + [b"data: [DONE]\n\n"]
    if way == "responses":
        said = [{"type": "response.output_text.delta", "output_index": 0, "delta": char} for char in text]
        said.append({"type": "response.completed", "response": whole("responses", text)})
    else:
        said = [{"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}}]
        said += [
            {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": char}} for char in text
        ]
        said += [{"type": "content_block_stop", "index": 0}, {"type": "message_stop"}]
    return [b"event: %s\ndata: %s\n\n" % (one["type"].encode(), orjson.dumps(one)) for one in said]


async def asked(house: House, run: Any, way: str, **more: Any) -> Forward:
    url, body = WAYS[way]
    outcome = await house.ask(run, request("POST", url, body={**body, **more}))
    assert isinstance(outcome, Forward), outcome
    return outcome


def answer(body: Any) -> HttpResponse:
    return HttpResponse(status=200, headers=(("Content-Type", "application/json"),), body=orjson.dumps(body))


def events(house: House, name: str) -> list[dict[str, Any]]:
    return [event.fields for event in house.record.events if event.event == name]


@pytest.mark.parametrize("way", WAYS)
async def test_an_answer_that_keeps_the_schema_passes_as_it_came_and_one_that_breaks_it_does_not(way: str) -> None:
    house = House(BOTH)
    run = await house.run()
    came = answer(whole(way, GOOD))
    assert await house.enforcement.settle((await asked(house, run, way)).permit, came) == came
    for text in (BAD, "well", '{"total": 3, "total": 4}', "[3]"):
        refused = await house.enforcement.settle((await asked(house, run, way)).permit, answer(whole(way, text)))
        assert isinstance(refused, Refuse)
        assert (refused.code, refused.status) == (Code.OUTPUT_INVALID, 502)
    told = events(house, "output_rejected")
    assert [one["enforced"] for one in told] == ["deny"] * 4
    assert "three" not in str(told)
    assert all("AIS-CTX-01" in event.control for event in house.record.events if event.event == "output_rejected")
    assert events(house, "llm_returned")[-1]["refused"] is Code.OUTPUT_INVALID
    counted = [said for name, said in house.meter.calls if name == "decided" and said["decision"] == "deny"]
    assert {one["code"] for one in counted} == {"output_invalid"}


@pytest.mark.parametrize("way", ["chat", "responses"])
async def test_a_model_that_declines_breaks_no_schema(way: str) -> None:
    house = House(BOTH)
    came = answer(whole(way, "", refusal="I will not"))
    assert await house.enforcement.settle((await asked(house, await house.run(), way)).permit, came) == came


async def test_an_answer_cut_off_halfway_is_refused_and_says_so() -> None:
    house = House(BOTH)
    permit = (await asked(house, await house.run(), "chat")).permit
    refused = await house.enforcement.settle(permit, answer(whole("chat", '{"tot', finish="length")))
    assert isinstance(refused, Refuse)
    assert "`length`" in refused.detail


async def test_a_schema_that_cannot_be_used_is_not_kept() -> None:
    house = House(BOTH)
    schema = {"type": "json_schema", "json_schema": {"name": "x", "schema": {"$ref": "https://evil.test/s"}}}
    permit = (await asked(house, await house.run(), "chat", response_format=schema)).permit
    refused = await house.enforcement.settle(permit, answer(whole("chat", GOOD)))
    assert isinstance(refused, Refuse)
    assert "cannot be used" in refused.detail


async def test_in_observe_mode_a_broken_answer_is_recorded_and_passes() -> None:
    house = House(BOTH.replace("    role: office\n", "    role: office\n    mode: observe\n"))
    came = answer(whole("chat", BAD))
    assert await house.enforcement.settle((await asked(house, await house.run(), "chat")).permit, came) == came
    assert [one["enforced"] for one in events(house, "output_rejected")] == ["allow"]


async def test_a_broken_answer_is_charged_and_none_of_its_calls_becomes_a_step() -> None:
    house = House(BOTH)
    run = await house.run()
    body = whole("chat", BAD)
    body["usage"] = {"prompt_tokens": 1000, "completion_tokens": 100}
    body["choices"][0]["message"]["tool_calls"] = [{"id": "c", "type": "function", "function": {"name": "x"}}]
    await house.enforcement.settle((await asked(house, run, "chat")).permit, answer(body))
    assert (await house.tree(run)).runs[run.run.run_id].cost_micros == 3_500
    assert [event.fields["kind"] for event in house.record.events if event.event == "decision"] == ["model"] * 1


async def through(house: House, permit: str, stream: list[bytes]) -> tuple[bytes, bytes]:
    """What the agent has before the end of the stream, and after it."""
    head = HttpResponse(status=200, headers=(("content-type", "text/event-stream"),))
    tap = house.enforcement.tap(permit, head)
    assert isinstance(tap, StreamWatch)
    early = b"".join(piece for one in stream for piece in tap.feed(one))
    early += await_none(tap)
    late = b"".join(tap.end()) + b"".join(await house.enforcement.weigh(permit, tap))
    await house.enforcement.finish(permit, tap)
    return early, late


def await_none(tap: StreamWatch) -> bytes:
    assert tap.waiting == ()
    return b""


@pytest.mark.parametrize("way", WAYS)
async def test_a_streamed_answer_with_a_schema_is_held_until_it_is_whole(way: str) -> None:
    house = House(BOTH)
    run = await house.run()
    stream = streamed(way, GOOD)
    early, late = await through(house, (await asked(house, run, way, stream=True)).permit, stream)
    assert early.replace(b":\n\n", b"") == b""
    assert late == b"".join(stream)
    early, late = await through(house, (await asked(house, run, way, stream=True)).permit, streamed(way, BAD))
    assert early.replace(b":\n\n", b"") == b""
    assert late.startswith(b"event: error\ndata: {")
    assert b"output_invalid" in late
    assert b"three" not in late
    assert events(house, "llm_returned")[-1]["refused"] is Code.OUTPUT_INVALID


@pytest.mark.parametrize(("dialect", "sign"), [("openai", b":\n\n"), ("anthropic", b":\n\n"), ("gemini", b"\n")])
def test_the_sign_of_life_of_a_held_answer_is_one_that_the_providers_own_client_passes_over(
    dialect: str, sign: bytes
) -> None:
    tap = StreamWatch(status=200, dialect=dialect, judged=True, shaped=True)
    assert tap.feed(b"data: ") == [sign]


async def test_a_stream_without_a_schema_passes_at_once() -> None:
    house = House(BOTH)
    stream = streamed("chat", "well")
    permit = (await asked(house, await house.run(), "chat", stream=True, response_format={"type": "text"})).permit
    assert await through(house, permit, stream) == (b"".join(stream), b"")


async def test_of_a_held_stream_that_ends_within_a_call_nothing_passes() -> None:
    house = House(BOTH)
    call = {"index": 0, "id": "c", "function": {"name": "send_email", "arguments": "{}"}}
    stream = [b"data: " + orjson.dumps({"choices": [{"index": 0, "delta": {"tool_calls": [call]}}]}) + b"\n\n"]
    early, late = await through(house, (await asked(house, await house.run(), "chat", stream=True)).permit, stream)
    assert (early.replace(b":\n\n", b""), late) == (b"", b"")


# calls


def tools(*offers: Any) -> dict[str, Any]:
    return {"tools": [*offers], "response_format": {"type": "text"}}


OFFER = {"type": "function", "function": {"name": "send_email", "parameters": MAIL}}


async def left(house: House, run: Any, name: str, arguments: str, **asking: Any) -> tuple[list[str], str]:
    """The names of the calls that reach the agent, and the text."""
    permit = (await asked(house, run, "chat", **asking)).permit
    body = whole("chat", "")
    call = {"id": "c", "type": "function", "function": {"name": name, "arguments": arguments}}
    body["choices"][0]["message"]["tool_calls"] = [call]
    delivered = await house.enforcement.settle(permit, answer(body))
    assert isinstance(delivered, HttpResponse)
    message = orjson.loads(delivered.body)["choices"][0]["message"]
    return [one["function"]["name"] for one in message.get("tool_calls", [])], message["content"]


@pytest.mark.parametrize(
    ("name", "arguments", "why"),
    [
        ("send_email", "{}", "/required"),
        ("send_email", '{"to": 1}', "/properties/to/type"),
        ("send_email", '{"to": "ann", "bcc": "eve"}', "/additionalProperties"),
        ("send_email", '{"to": "ann"', "not JSON"),
        ("send_email", '{"to": "ann", "to": "eve"}', "stands twice"),
        ("delete_all", "{}", "offers the model no tool"),
    ],
)
async def test_a_call_that_is_none_of_what_was_offered_is_withdrawn(name: str, arguments: str, why: str) -> None:
    house = House(BOTH)
    run = await house.run()
    assert await left(house, run, "send_email", '{"to": "ann"}', **tools(OFFER)) == (["send_email"], "")
    names, text = await left(house, run, name, arguments, **tools(OFFER))
    assert names == []
    assert "output_invalid" in text
    assert why in text
    (told,) = [one for one in events(house, "decision") if one["kind"] == "proposed"]
    assert (told["verdict"], told["code"], told["tool"]) == ("deny", Code.OUTPUT_INVALID, "undeclared")
    counted = [said for kind, said in house.meter.calls if kind == "decided"][-1]
    assert (counted["tool"], counted["code"]) == ("undeclared", "output_invalid")


@pytest.mark.parametrize(
    ("offer", "name", "arguments"),
    [
        ({"type": "custom", "custom": {"name": "run_code"}}, "run_code", "print(1)"),
        ({"type": "function", "function": {"name": "now"}}, "now", ""),
    ],
)
async def test_a_tool_without_a_schema_takes_what_its_kind_takes(offer: Any, name: str, arguments: str) -> None:
    house = House(BOTH)
    assert (await left(house, await house.run(), name, arguments, **tools(offer)))[0] == [name]


async def test_without_any_offer_a_call_that_no_rule_declares_is_withdrawn() -> None:
    house = House(BOTH)
    names, text = await left(house, await house.run(), "send_email", "{}", **tools())
    assert names == []
    assert "offers the model no tool" in text


@pytest.mark.parametrize(
    "more",
    [
        {"prompt": {"id": "pmpt_1"}},
        {"previous_response_id": "resp_1"},
        {"tools": [{"type": "tool_search"}]},
        {"tools": [{"type": "namespace", "name": "mail", "tools": [{"type": "function", "name": "send_email"}]}]},
    ],
)
async def test_a_tool_that_may_have_been_offered_elsewhere_is_not_unknown(more: Any) -> None:
    house = House(BOTH)
    call = {"type": "function_call", "id": "fc_1", "call_id": "c", "name": "send_email", "arguments": "{}"}
    came = answer({"object": "response", "model": "m", "status": "completed", "output": [call]})
    permit = (await asked(house, await house.run(), "responses", text={}, **more)).permit
    assert await house.enforcement.settle(permit, came) == came


async def test_a_call_in_a_stream_is_held_against_its_offer_too() -> None:
    house = House(BOTH)
    run = await house.run()
    offer = {"name": "send_email", "input_schema": MAIL}
    said: list[Any] = [
        {
            "type": "content_block_start",
            "index": 0,
            "content_block": {"type": "tool_use", "id": "t", "name": "send_email", "input": {}},
        },
        {
            "type": "content_block_delta",
            "index": 0,
            "delta": {"type": "input_json_delta", "partial_json": '{"bcc": "mallory"}'},
        },
        {"type": "content_block_stop", "index": 0},
        {"type": "message_stop"},
    ]
    permit = (await asked(house, run, "messages", stream=True, output_config=None, tools=[offer])).permit
    tap = house.enforcement.tap(permit, HttpResponse(status=200, headers=(("content-type", "text/event-stream"),)))
    assert tap is not None
    passed = b""
    for one in said:
        passed += b"".join(tap.feed(f"event: {one['type']}\ndata: ".encode() + orjson.dumps(one) + b"\n\n"))
        passed += b"".join(await house.enforcement.weigh(permit, tap))
    assert b"output_invalid" in passed
    assert b"tool_use" not in passed
    assert b"mallory" not in passed
