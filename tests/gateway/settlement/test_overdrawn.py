"""Answers that nobody bounded: they may cost what their run can pay, and are cut when they come to cost more."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from aisecops.gateway.settlement.overdrawn import GROWTH
from aisecops.model.exchange import HttpResponse
from aisecops.model.outcome import Forward, Refuse
from aisecops.model.refusals import Code
from support.gateway import RULES, House, request

EVENTS = HttpResponse(status=200, headers=(("content-type", "text/event-stream"),))
# 10 a million: 2,000 tokens of output, some of which are the prompt's
RULES_OF_TWO_CENTS = RULES.replace("max_cost: 1.00", "max_cost: 0.02")


class Cut:
    """What is cut, by permit."""

    def __init__(self) -> None:
        self.told: dict[str, Refuse] = {}

    def __call__(self, permit: str, refuse: Refuse) -> None:
        self.told[permit] = refuse


class Spoken:
    """A streamed answer on its way."""

    def __init__(self, house: House, permit: str) -> None:
        self.permit = permit
        self.tap: Any = house.enforcement.tap(permit, EVENTS)

    def says(self, tokens: int) -> None:
        """So many more tokens come, in pieces of ten."""
        for _ in range(tokens // 10):
            self._event({"index": 0, "delta": {"content": "one" * 10}, "finish_reason": None})

    def _event(self, choice: dict[str, Any]) -> None:
        data = {"id": "c", "object": "chat.completion.chunk", "model": "gpt-4o", "choices": [choice]}
        self.tap.feed(b"data: " + orjson.dumps(data) + b"\n\n")


async def asked(house: House, run: Any, **more: Any) -> Spoken:
    body = {"model": "gpt-4o", "stream": True, "messages": [{"role": "user", "content": "hi"}], **more}
    outcome = await house.ask(run, request("POST", "https://api.openai.com/v1/chat/completions", body=body))
    assert isinstance(outcome, Forward), outcome
    return Spoken(house, outcome.permit)


async def looked(house: House) -> dict[str, Refuse]:
    cut = Cut()
    await house.cuts.look(cut)
    return cut.told


async def test_a_stream_that_nobody_bounded_is_cut_when_its_run_cannot_pay_for_more():
    house = House(RULES_OF_TWO_CENTS)
    run = await house.run()
    stream = await asked(house, run)
    stream.says(1_800)
    assert await looked(house) == {}
    stream.says(300)
    refuse = (await looked(house))[stream.permit]
    assert (refuse.code, refuse.rule) == (Code.BUDGET_EXCEEDED, "budgets.max_cost")
    (event,) = [one for one in house.record.events if one.event.value == "exchange_cut"]
    assert event.fields["code"] == "budget_exceeded"

    await house.enforcement.finish(stream.permit, stream.tap)
    paid = (await house.tree(run)).runs[run.run.run_id].cost_micros
    assert paid >= 2_100 * 10  # whoever was cut pays for what came


async def test_streams_of_one_tree_are_taken_together_and_only_those_over_what_was_reserved_are_cut():
    house = House(RULES_OF_TWO_CENTS.replace("0.02", "0.04"))
    root = await house.run()
    child = await house.run(parent=root.run.run_id)
    over, also, within = await asked(house, root), await asked(house, child), await asked(house, root)
    over.says(1_500)
    assert await looked(house) == {}
    also.says(1_500)
    within.says(1_000)
    assert set(await looked(house)) == {over.permit, also.permit}


async def test_the_twin_of_another_tree_goes_on():
    house = House(RULES_OF_TWO_CENTS)
    spender, other = await asked(house, await house.run()), await asked(house, await house.run())
    spender.says(3_000)
    other.says(1_800)
    assert set(await looked(house)) == {spender.permit}


async def test_an_answer_as_long_as_its_request_allows_is_paid_for_beforehand():
    house = House(RULES_OF_TWO_CENTS)
    stream = await asked(house, await house.run(), max_tokens=1_900)
    stream.says(2_500)  # by how long it looks: what a provider counts as a token differs
    assert await looked(house) == {}


async def test_without_a_budget_for_money_nothing_is_cut():
    house = House(RULES.replace(", max_cost: 1.00", ""))
    stream = await asked(house, await house.run())
    stream.says(5_000)
    assert await looked(house) == {}


async def test_a_price_can_say_how_long_an_answer_is_at_most_and_that_is_reserved():
    bounded = RULES_OF_TWO_CENTS.replace("output: 10.00}", "output: 10.00, max_output: 1990}")
    house = House(bounded)
    run = await house.run()
    await asked(house, run)
    assert 19_900 <= (await house.tree(run)).runs[run.run.run_id].cost_micros <= 20_000

    beyond = House(bounded.replace("1990", "2001"))
    body = {"model": "gpt-4o", "messages": [{"role": "user", "content": "hi"}]}
    refused = await beyond.ask(
        await beyond.run(), request("POST", "https://api.openai.com/v1/chat/completions", body=body)
    )
    assert isinstance(refused, Refuse)
    assert refused.code is Code.BUDGET_EXCEEDED


async def test_reading_a_stream_through_again_and_again_costs_in_proportion_to_its_length(monkeypatch):
    house = House(RULES_OF_TWO_CENTS.replace("0.02", "9000"))
    stream = await asked(house, await house.run())
    read, answer = [0], type(stream.tap).answer
    monkeypatch.setattr(type(stream.tap), "answer", lambda tap: read.__setitem__(0, read[0] + tap.size) or answer(tap))
    for _ in range(500):
        stream.says(10)
        await looked(house)
    assert read[0] <= stream.tap.size * (GROWTH + 2)


@pytest.mark.parametrize("said", [1, 3_000])
async def test_who_hangs_up_pays_for_what_came_whatever_the_answer_said_at_its_beginning(said):
    anthropic = (
        "  claude: {match: {host: api.anthropic.com}, dialect: anthropic, prices: {c: {input: 0, output: 10}}}\n"
    )
    house = House(RULES.replace("sources:", anthropic + "sources:", 1))
    run = await house.run()
    body = {"model": "c", "max_tokens": 5, "stream": True, "messages": [{"role": "user", "content": "hi"}]}
    outcome = await house.ask(run, request("POST", "https://api.anthropic.com/v1/messages", body=body))
    assert isinstance(outcome, Forward), outcome
    tap: Any = house.enforcement.tap(outcome.permit, EVENTS)
    usage = {"input_tokens": 1, "output_tokens": 1}
    started = {"id": "m", "type": "message", "role": "assistant", "model": "c", "content": [], "usage": usage}
    for event in (
        {"type": "message_start", "message": started},
        {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
        {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "one" * said}},
    ):
        tap.feed(b"event: %s\ndata: %s\n\n" % (event["type"].encode(), orjson.dumps(event)))
    await house.enforcement.finish(outcome.permit, tap)
    paid = (await house.tree(run)).runs[run.run.run_id].cost_micros
    assert paid == max(said, 5) * 10
