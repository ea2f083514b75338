"""Every integration, declared and seen, and a person's yes to what has changed."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from aisecops.gateway.inventory import Integration, State
from aisecops.model.errors import RecordError
from aisecops.model.exchange import HttpResponse
from aisecops.model.outcome import Refuse
from support.gateway import House, request, rules_of

RULES = """
version: 1
agents:
  clerk:
    authenticate: {secret: "env:CLERK"}
    system_prompt: pinned
    grants: [{tool: tickets.*, scope: "**"}]
tools:
  tickets.*: {match: {mcp: {host: mcp.internal, path: /mcp}}, effect: read, owner: "Ann Lee", review: 2027-06-30}
models:
  openai: {match: {host: api.openai.com}, dialect: openai, owner: "AI team", review: 2027-01-31}
sources:
  - {match: {host: en.wiki.example}, tier: external}
"""
CHAT = "https://api.openai.com/v1/chat/completions"
TOOL = "mcp-tool:mcp.internal/mcp#find"
DAY_MS = 24 * 60 * 60 * 1000


async def lists(house: House, description: str) -> None:
    body = {"jsonrpc": "2.0", "id": 1, "method": "tools/list"}
    outcome = await house.ask(await house.run(), request("POST", "https://mcp.internal/mcp", body=body))
    document = {"jsonrpc": "2.0", "id": 1, "result": {"tools": [{"name": "find", "description": description}]}}
    headers = (("Content-Type", "application/json"),)
    await house.enforcement.settle(
        outcome.permit, HttpResponse(status=200, headers=headers, body=orjson.dumps(document))
    )


async def says(house: House, prompt: str) -> None:
    messages = [{"role": "system", "content": prompt}, {"role": "user", "content": "hello"}]
    await house.ask(await house.run(), request("POST", CHAT, body={"model": "gpt-4o", "messages": messages}))


async def found(house: House) -> dict[str, Integration]:
    return {one.name: one for one in await house.inventory.all()}


async def test_what_is_declared_is_there_before_it_is_used_and_what_is_used_says_since_when():
    house = House(RULES)
    assert {name: one.state for name, one in (await found(house)).items()} == {
        "tool:tickets.*": State.UNUSED,
        "model:openai": State.UNUSED,
        "source:en.wiki.example": State.UNUSED,
    }
    await house.ask(await house.run(), request("GET", "https://en.wiki.example/page"))
    used = (await found(house))["source:en.wiki.example"]
    assert (used.state, used.first_ms, used.agent_id) == (State.ACTIVE, house.clock.ms, "clerk")


async def test_a_model_that_is_used_has_the_owner_of_its_rule_and_its_review_falls_due():
    house = House(RULES)
    await says(house, "be good")
    assert (await found(house))["model:openai/gpt-4o"].state is State.ACTIVE
    house.clock.ms += 30 * DAY_MS  # from the middle of January 2027
    used = (await found(house))["model:openai/gpt-4o"]
    assert (used.owner, used.declared, used.overdue) == ("AI team", True, True)
    assert used.state is State.OVERDUE
    assert (await found(house))["tool:tickets.*"].overdue is False
    house.clock.ms += 200 * DAY_MS
    assert (await found(house))["tool:tickets.*"].state is State.OVERDUE


async def test_what_no_rule_names_any_more_is_undeclared():
    house = House(RULES)
    await house.ask(await house.run(), request("GET", "https://en.wiki.example/page"))
    await lists(house, "Finds.")
    assert (await found(house))[TOOL].state is State.ACTIVE
    house.rules.rules = rules_of("version: 1\n")
    left = await found(house)
    names = ("source:en.wiki.example", "destination:en.wiki.example:443", "mcp-server:mcp.internal/mcp", TOOL)
    assert [left[name].state for name in names] == [State.UNDECLARED] * 4


async def changed(house: House) -> None:
    for text in ("Finds.", "Finds more."):
        await lists(house, text)
    for text in ("be good", "be bad", "be worse"):
        await says(house, text)


@pytest.mark.parametrize("name", [TOOL, "prompt:clerk"])
async def test_what_has_changed_waits_until_it_is_accepted_and_that_is_recorded_first(name: str):
    house = House(RULES)
    await changed(house)
    before = (await found(house))[name]
    assert before.state is State.CHANGED
    house.record.broken = True
    with pytest.raises(RecordError):
        await house.inventory.accept(name, by="operator:ann", why="seen")
    house.record.broken = False
    assert (await found(house))[name].state is State.CHANGED
    after = await house.inventory.accept(name, by="operator:ann", why="seen")
    assert isinstance(after, Integration)
    assert (after.accepted_by, after.why) == ("operator:ann", "seen")
    assert set(after.digests.values()) <= set(before.waiting.values())
    (event,) = [event for event in house.record.durable if event.event == "integration_accepted"]
    assert (event.fields["integration"], event.fields["by"], event.fields["was"]) == (
        name,
        "operator:ann",
        before.digests,
    )


async def test_of_several_prompts_the_newest_is_accepted_or_the_one_that_is_named():
    house = House(RULES)
    await changed(house)
    waiting = (await found(house))["prompt:clerk"].waiting
    older = waiting["prompt 1"]
    one = await house.inventory.accept("prompt:clerk", digest=older, by="operator:ann", why="seen")
    assert isinstance(one, Integration)
    assert one.waiting == {"prompt": waiting["prompt"]}
    other = await house.inventory.accept("prompt:clerk", by="operator:ann", why="seen")
    assert isinstance(other, Integration)
    assert other.waiting == {}


@pytest.mark.parametrize("name", ["tool:tickets.*", TOOL, "prompt:nobody", "x"])
async def test_nothing_is_accepted_that_does_not_wait(name: str):
    house = House(RULES)
    await lists(house, "Finds.")
    assert isinstance(await house.inventory.accept(name, by="operator:ann", why="seen"), Refuse)


async def test_what_came_after_the_person_looked_is_not_accepted_with_it(monkeypatch: pytest.MonkeyPatch):
    house = House(RULES)
    await changed(house)
    append = house.record.append

    async def meanwhile(*events: Any, durable: bool = False) -> None:
        monkeypatch.setattr(house.record, "append", append)
        await append(*events, durable=durable)
        await lists(house, "Finds everything.")

    monkeypatch.setattr(house.record, "append", meanwhile)
    after = await house.inventory.accept(TOOL, by="operator:ann", why="seen")
    assert isinstance(after, Integration)
    assert after.state is State.CHANGED
