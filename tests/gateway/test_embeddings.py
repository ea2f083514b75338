"""Texts that become numbers are paid for like any prompt; what is said of them in `test_laundering.py` holds too."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from aisecops.model.exchange import HttpResponse
from aisecops.model.outcome import Forward, Refuse
from aisecops.model.refusals import Code
from support.gateway import RULES, House, request

EMBEDDINGS = "https://api.openai.com/v1/embeddings"
PRICED = RULES.replace("output: 10.00}", "output: 10.00}, e: {input: 100, output: 0}")
ANSWER = {"data": [{"embedding": [0.25] * 2000}], "model": "e", "usage": {"prompt_tokens": 50, "total_tokens": 50}}


async def embeds(house: House, run: Any, *texts: str) -> Any:
    return await house.ask(run, request("POST", EMBEDDINGS, body={"model": "e", "input": list(texts)}))


async def answered(house: House, outcome: Any, body: bytes = orjson.dumps(ANSWER)) -> Any:
    said = HttpResponse(status=200, headers=(("Content-Type", "application/json"),), body=body)
    return await house.enforcement.settle(outcome.permit, said)


async def test_it_is_charged_what_it_says_it_cost_and_the_numbers_pass_as_they_came():
    house = House(PRICED)
    run = await house.run()
    outcome = await embeds(house, run, "the minutes", "of the meeting")
    assert isinstance(outcome, Forward), outcome
    passed = await answered(house, outcome)
    assert passed.body == orjson.dumps(ANSWER)
    assert (await house.tree(run)).runs[run.run.run_id].cost_micros == 50 * 100
    (called,) = [event for event in house.record.events if event.event == "llm_called"]
    assert (called.fields["embeds"], called.fields["model"]) == (True, "e")


async def test_an_agent_with_a_pinned_prompt_may_embed_and_nothing_is_told():
    house = House(PRICED.replace("role: office", f'role: office\n    system_prompt: "sha256:{"0" * 64}"'))
    assert isinstance(await embeds(house, await house.run(), "the minutes"), Forward)
    assert not [event for event in house.record.events if event.event == "system_prompt_changed"]


@pytest.mark.parametrize("body", [b"<html>", b'{"choices":[]}'])
async def test_an_answer_that_cannot_be_read_is_not_delivered(body):
    house = House(PRICED)
    outcome = await embeds(house, await house.run(), "the minutes")
    refused = await answered(house, outcome, body)
    assert isinstance(refused, Refuse)
    assert refused.code is Code.OUTPUT_INVALID
