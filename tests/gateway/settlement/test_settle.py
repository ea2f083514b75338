import gzip

import orjson
import pytest

from aisecops.gateway.watch import StreamWatch
from aisecops.model.exchange import HttpResponse, values
from aisecops.model.outcome import Forward, Refuse
from aisecops.model.refusals import Code
from aisecops.wire.limits import JsonBounds
from support.gateway import RULES, House, read, request, send


def answer(body, status=200, **headers):
    data = body if isinstance(body, bytes) else orjson.dumps(body)
    sent = (("Content-Type", headers.pop("content_type", "application/json")), *headers.items())
    return HttpResponse(status=status, headers=sent, body=data)


async def forwarded(house, run, ask):
    outcome = await house.ask(run, ask)
    assert isinstance(outcome, Forward), outcome
    return outcome.permit


async def read_permit(house, run):
    return await forwarded(house, run, read(token=await house.token(run, "crm.read", "crm.customers.42")))


def chat(*, stream=False, max_tokens=1000):
    body = {
        "model": "gpt-4o",
        "max_tokens": max_tokens,
        "stream": stream,
        "messages": [{"role": "user", "content": "hi"}],
    }
    return request("POST", "https://api.openai.com/v1/chat/completions", body=body)


def completion(prompt=1000, completed=100, calls=()):
    message = {"role": "assistant", "content": "hello"}
    if calls:
        message["tool_calls"] = [
            {"id": f"call_{n}", "type": "function", "function": {"name": name, "arguments": "{}"}}
            for n, name in enumerate(calls)
        ]
    return {
        "id": "x",
        "object": "chat.completion",
        "model": "gpt-4o",
        "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": prompt, "completion_tokens": completed, "total_tokens": prompt + completed},
    }


async def spent(house, run):
    return (await house.tree(run)).runs[run.run.run_id].cost_micros


async def test_what_a_model_call_really_cost_replaces_what_was_reserved():
    # 1000 tokens at 2.50 and 100 at 10.00 per million: 0.0025 + 0.001
    house = House()
    run = await house.run()
    permit = await forwarded(house, run, chat())
    await house.enforcement.settle(permit, answer(completion()))
    assert await spent(house, run) == 3_500


async def test_proposed_calls_are_recorded_without_their_arguments():
    house = House()
    run = await house.run()
    await house.enforcement.settle(await forwarded(house, run, chat()), answer(completion(calls=["send_email"])))
    proposed = [event for event in house.record.events if event.event == "tool_proposed"]
    assert [event.fields["proposed"] for event in proposed] == ["send_email"]


@pytest.mark.parametrize(
    "body", [b"not json", b'{"choices": 5}', gzip.compress(b"{}", mtime=0) + b"x"], ids=["text", "shape", "gzip"]
)
async def test_an_answer_of_a_model_that_cannot_be_read_is_not_delivered_and_stays_charged(body):
    house = House()
    run = await house.run()
    permit = await forwarded(house, run, chat())
    reserved = await spent(house, run)
    refused = await house.enforcement.settle(permit, answer(body))
    assert refused.code is Code.OUTPUT_INVALID
    assert await spent(house, run) == reserved


async def test_an_error_of_the_provider_reaches_the_agent():
    house = House()
    run = await house.run()
    delivered = await house.enforcement.settle(await forwarded(house, run, chat()), answer(b"oops", status=500))
    assert delivered.status == 500


async def test_more_rows_than_granted_do_not_reach_the_agent():
    house = House()
    run = await house.run()
    permit = await read_permit(house, run)
    refused = await house.enforcement.settle(permit, answer({"customers": [{"id": n} for n in range(101)]}))
    assert isinstance(refused, Refuse)
    assert refused.code is Code.SCOPE_VIOLATION


async def test_as_many_rows_as_granted_reach_the_agent():
    house = House()
    run = await house.run()
    permit = await read_permit(house, run)
    delivered = await house.enforcement.settle(permit, answer({"customers": [{"id": n} for n in range(100)]}))
    assert isinstance(delivered, HttpResponse)


@pytest.mark.parametrize("body", [{"people": []}, b"<html>"])
async def test_rows_that_cannot_be_counted_do_not_reach_the_agent(body):
    house = House()
    run = await house.run()
    refused = await house.enforcement.settle(await read_permit(house, run), answer(body))
    assert isinstance(refused, Refuse), refused


async def test_retrieved_content_carries_where_it_came_from():
    house = House()
    run = await house.run()
    permit = await forwarded(house, run, request("GET", "https://en.wiki.example/page"))
    delivered = await house.enforcement.settle(permit, answer(b"text", content_type="text/plain"))
    said = values(delivered.headers, "AISecOps-Provenance")[0]
    assert said.startswith('id="prv_')
    assert '; tier=external; source="https://en.wiki.example"; sha256=' in said


async def test_a_step_that_never_left_is_given_back():
    house = House()
    run = await house.run()
    permit = await forwarded(house, run, send(token=await house.token(run, "mail.send", "mail.contacts.ann")))
    await house.enforcement.abandon(permit, "the connection was refused", left=False)
    tree = await house.tree(run)
    assert (tree.risk_micros, tree.runs[run.run.run_id].write_operations) == (0, 0)


async def test_a_step_that_may_have_left_stays_charged():
    house = House()
    run = await house.run()
    permit = await forwarded(house, run, send(token=await house.token(run, "mail.send", "mail.contacts.ann")))
    await house.enforcement.abandon(permit, "no answer", left=True)
    assert (await house.tree(run)).runs[run.run.run_id].write_operations == 1


async def test_a_permit_is_settled_once():
    house = House()
    run = await house.run()
    permit = await read_permit(house, run)
    await house.enforcement.settle(permit, answer({"customers": []}))
    with pytest.raises(Exception, match="not on its way"):
        await house.enforcement.settle(permit, answer({"customers": []}))


STREAM = [
    b'data: {"id":"x","object":"chat.completion.chunk","model":"gpt-4o","choices":[{"index":0,"delta":{"content":"he"}}]}\n\n',
    b'data: {"id":"x","object":"chat.completion.chunk","model":"gpt-4o","choices":[{"index":0,"delta":{"content":"y"},"finish_reason":"stop"}]}\n\n',
    b'data: {"id":"x","object":"chat.completion.chunk","model":"gpt-4o","choices":[],"usage":{"prompt_tokens":1000,"completion_tokens":100,"total_tokens":1100}}\n\n',
    b"data: [DONE]\n\n",
]


async def test_a_streamed_answer_is_charged_by_its_own_figures():
    house = House()
    run = await house.run()
    permit = await forwarded(house, run, chat(stream=True))
    tap = house.enforcement.tap(permit, HttpResponse(status=200, headers=(("content-type", "text/event-stream"),)))
    passed = [piece for data in STREAM for piece in tap.feed(data)] + tap.end()
    await house.enforcement.finish(permit, tap)
    assert b"".join(passed) == b"".join(STREAM)
    assert await spent(house, run) == 3_500


async def test_half_an_event_is_not_passed_on():
    watch = StreamWatch(status=200, dialect="openai")
    assert watch.feed(STREAM[0][:20]) == []
    assert watch.feed(STREAM[0][20:]) == [STREAM[0]]


async def test_a_stream_that_is_no_stream_is_not_tapped():
    house = House()
    run = await house.run()
    permit = await forwarded(house, run, chat(stream=True))
    assert house.enforcement.tap(permit, answer({})) is None


async def test_a_compressed_stream_is_not_passed_unread():
    house = House()
    run = await house.run()
    permit = await forwarded(house, run, chat(stream=True))
    head = HttpResponse(status=200, headers=(("content-type", "text/event-stream"), ("content-encoding", "gzip")))
    assert house.enforcement.tap(permit, head) is None


async def test_a_streaming_call_asks_for_an_uncompressed_answer():
    house = House()
    outcome = await house.ask(await house.run(), chat(stream=True))
    assert ("Accept-Encoding", "identity") in outcome.set_headers


async def test_the_wait_for_an_answer_holds_no_content():
    house = House(RULES)
    run = await house.run()
    permit = await forwarded(house, run, chat())
    found = house.permits.find(permit)
    assert (found.step.body, found.step.json) == (b"", None)


async def test_hanging_up_on_a_stream_does_not_make_it_cheaper():
    house = House()
    run = await house.run()
    permit = await forwarded(house, run, chat(stream=True))
    reserved = await spent(house, run)
    tap = house.enforcement.tap(permit, HttpResponse(status=200, headers=(("content-type", "text/event-stream"),)))
    tap.feed(STREAM[0])
    await house.enforcement.finish(permit, tap)
    assert await spent(house, run) == reserved


async def test_an_answer_whose_rows_are_counted_does_not_go_by_as_a_stream():
    house = House()
    run = await house.run()
    permit = await read_permit(house, run)
    head = HttpResponse(status=200, headers=(("content-type", "text/event-stream"),))
    assert house.enforcement.tap(permit, head) is None
    assert isinstance(
        await house.enforcement.settle(permit, answer(b"data: x", content_type="text/event-stream")), Refuse
    )


async def test_an_answer_that_cannot_be_read_at_a_stretch_is_not_delivered():
    house = House()
    house.settlement._json = JsonBounds(max_values=5)
    run = await house.run()
    few, many = await read_permit(house, run), await read_permit(house, run)
    assert isinstance(await house.enforcement.settle(few, answer({"customers": [1, 2]})), HttpResponse)
    refused = await house.enforcement.settle(many, answer({"customers": list(range(9))}))
    assert (refused.code, "limits.json_answer_values" in refused.detail) == (Code.OUTPUT_INVALID, True)


async def test_a_kept_answer_too_large_to_be_read_does_not_pass_with_calls_in_it():
    house = House(
        RULES.replace("  db.write:\n    match: {", "  db.write:\n    match: [{model_tool: write}, {").replace(
            'path: "/orders/*"}', 'path: "/orders/*"}]'
        )
    )
    run = await house.run()
    for bounds, kind in ((JsonBounds(), HttpResponse), (JsonBounds(max_bytes=100), Refuse)):
        house.settlement._json = bounds
        permit = await forwarded(house, run, request("GET", "https://api.openai.com/v1/chat/completions/c1"))
        assert isinstance(await house.enforcement.settle(permit, answer(completion())), kind)
