"""Every integration, declared and seen, and a person's yes to what has changed."""

from __future__ import annotations

from typing import Any

import pytest

from aisecops.gateway.pinned.inventory import Integration, State
from aisecops.model.errors import RecordError
from aisecops.model.outcome import Refuse
from support.gateway import House, request, rules_of
from support.integrations import RULES, TOOL, changed, lists, says

DAY_MS = 24 * 60 * 60 * 1000


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
