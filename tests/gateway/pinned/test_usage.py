"""What agents use is told when it is first seen, and asked of the store no more than within minutes."""

from __future__ import annotations

from aisecops.adapters.store.memory import MemoryStore
from aisecops.gateway.pinned.usage import NOTED_EVERY_MS
from aisecops.model.outcome import Forward, Refuse
from aisecops.model.refusals import Code
from support.gateway import House, read, request
from support.stores import FailingStore, Failure

WIKI = "https://en.wiki.example/page"


def seen(house: House) -> list[str]:
    return [event.fields["integration"] for event in house.record.events if event.event == "integration_first_seen"]


async def test_destination_tool_model_and_source_are_told_once():
    house = House()
    run = await house.run()
    for _ in range(2):
        token = await house.token(run, "crm.read", "crm.customers.42")
        assert isinstance(await house.ask(run, read(token=token)), Forward)
        assert isinstance(await house.ask(run, request("GET", WIKI)), Forward)
        body = {"model": "gpt-4o", "messages": [{"role": "user", "content": "hello"}]}
        await house.ask(run, request("POST", "https://api.openai.com/v1/chat/completions", body=body))
    assert seen(house) == [
        "destination:crm.internal:443",
        "tool:crm.read",
        "destination:en.wiki.example:443",
        "source:*.wiki.example",
        "destination:api.openai.com:443",
        "model:openai/gpt-4o",
    ]
    assert {one.policy_version for one in house.record.events} == {house.rules.current().policy_version}
    later = House(store=house.store)
    await later.ask(await later.run(), request("GET", WIKI))
    assert seen(later) == []


async def test_what_is_refused_is_not_used():
    house = House()
    assert isinstance(await house.ask(await house.run(), read()), Refuse)
    assert seen(house) == []


async def test_the_last_use_is_noted_within_minutes_and_in_between_the_store_is_not_asked():
    store = FailingStore(MemoryStore())
    house = House(store=store)
    run = await house.run()
    await house.ask(run, request("GET", WIKI))
    store.failing |= {"find_entries": Failure.BEFORE, "swap_entry": Failure.BEFORE}
    assert isinstance(await house.ask(run, request("GET", WIKI)), Forward)
    store.failing = {}
    house.clock.ms += NOTED_EVERY_MS
    await house.ask(run, request("GET", WIKI))
    (found,) = [one for one in await house.inventory.all() if one.name == "destination:en.wiki.example:443"]
    assert (found.last_ms or 0) - (found.first_ms or 0) == NOTED_EVERY_MS
    assert found.agent_id == "clerk"


async def test_what_cannot_be_kept_is_not_used_and_given_back():
    house = House(store=FailingStore(MemoryStore(), swap_entry=Failure.AFTER))
    run = await house.run()
    refused = await house.ask(run, request("GET", WIKI))
    assert isinstance(refused, Refuse)
    assert refused.code is Code.STORE_UNAVAILABLE
