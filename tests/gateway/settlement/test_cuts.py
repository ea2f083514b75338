"""What is open ends with its run: halted anywhere, finished, out of time, its token taken back, or nobody to ask."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from msgspec.structs import replace

from aisecops.adapters.store.memory import MemoryStore
from aisecops.gateway.settlement import cuts
from aisecops.model.outcome import Forward, Refuse
from aisecops.model.refusals import Code
from aisecops.model.state import RevocationKind
from support.gateway import OPERATOR, RULES, House, read, request
from support.stores import FailingStore, Failure

SLOW = RULES.replace("max_tool_calls: 50,", "max_tool_calls: 50, max_execution_time: 10s,")


class Listed:
    """Keeps what it is told to cut."""

    def __init__(self) -> None:
        self.told: list[tuple[str, Refuse]] = []

    def __call__(self, permit: str, refuse: Refuse) -> None:
        self.told.append((permit, refuse))

    @property
    def codes(self) -> list[Code]:
        return [refuse.code for _, refuse in self.told]


async def opened(house: House, run: Any) -> Forward:
    """A forwarded step whose answer has not come."""
    token = await house.token(run, "crm.read", "crm.customers.42")
    outcome = await house.ask(run, read(token=token))
    assert isinstance(outcome, Forward), outcome
    return outcome


async def looked(house: House) -> Listed:
    listed = Listed()
    await house.cuts.look(listed)
    return listed


async def test_a_run_that_goes_on_is_left_alone():
    house = House()
    await opened(house, await house.run())
    assert (await looked(house)).told == []


async def test_a_halt_cuts_everything_of_its_tree_and_nothing_else():
    house = House()
    root, other = await house.run(), await house.run()
    child = await house.run(parent=root.run.run_id)
    of_root, of_child = await opened(house, root), await opened(house, child)
    await opened(house, other)
    house.clock.ms += 100
    await house.runs.halt(child.run.run_id, by=OPERATOR, why="enough")
    house.clock.ms += 250
    listed = await looked(house)
    assert {permit for permit, _ in listed.told} == {of_root.permit, of_child.permit}
    assert set(listed.codes) == {Code.RUN_HALTED}
    assert all("enough" in refuse.detail for _, refuse in listed.told)
    assert ("contained", 0.25) in house.meter.calls
    cut = [event for event in house.record.events if event.event.value == "exchange_cut"]
    assert {(event.run_id, event.fields["code"]) for event in cut} == {
        (root.run.run_id, "run_halted"),
        (child.run.run_id, "run_halted"),
    }
    assert [event.fields["contained_s"] for event in cut if "contained_s" in event.fields] == [
        0.25
    ]  # once for the tree
    assert (await looked(house)).told == []  # once is enough


async def test_what_has_ended_is_not_cut():
    house = House()
    run = await house.run()
    outcome = await opened(house, run)
    await house.enforcement.abandon(outcome.permit, "gone", left=True)
    await house.runs.halt(run.run.run_id, by=OPERATOR, why="enough")
    assert (await looked(house)).told == []


async def test_a_finished_run_has_nothing_open():
    house = House()
    run = await house.run()
    await opened(house, run)
    await house.runs.finish(run.run.run_id, by=OPERATOR)
    assert (await looked(house)).codes == [Code.RUN_FINISHED]


async def test_what_is_open_ends_with_the_time_of_its_run():
    house = House(SLOW)
    await opened(house, await house.run())
    house.clock.ms += 9_900
    assert (await looked(house)).told == []
    house.clock.ms += 200
    listed = await looked(house)
    assert (listed.codes, listed.told[0][1].rule) == ([Code.BUDGET_EXCEEDED], "budgets.max_execution_time")


@pytest.mark.parametrize("kind", list(RevocationKind))
async def test_a_revocation_ends_what_is_open_under_the_token(kind):
    house = House()
    run = await house.run()
    outcome = await opened(house, run)
    permit = house.permits.find(outcome.permit)
    assert permit is not None
    assert permit.facts.token is not None
    claims = permit.facts.token.claims
    assert claims is not None
    name = {"token": claims.jti, "run": claims.run_id, "agent": claims.agent_id, "key": claims.kid}[kind.value]
    await house.store.revoke(kind, "another", now_ms=0, why="")
    assert (await looked(house)).told == []
    await house.store.revoke(kind, name, now_ms=0, why="")
    assert (await looked(house)).codes == [Code.TOKEN_REVOKED]


async def test_an_agent_that_is_taken_out_of_the_rules_loses_what_it_has_open():
    house = House()
    await opened(house, await house.run())
    house.rules.rules = House(RULES.replace("  clerk:", "  other:")).rules.current()
    assert (await looked(house)).codes == [Code.IDENTITY_REQUIRED]


async def test_an_observed_agent_keeps_its_time_but_not_a_halted_run():
    house = House(SLOW.replace("    role: office", "    role: office\n    mode: observe"))
    run = await house.run()
    await opened(house, run)
    house.clock.ms += 20_000
    assert (await looked(house)).told == []
    await house.runs.halt(run.run.run_id, by=OPERATOR, why="enough")
    assert (await looked(house)).codes == [Code.RUN_HALTED]


async def test_a_store_that_is_silent_for_long_cuts_everything(monkeypatch):
    store = FailingStore(MemoryStore())
    house = House(store=store)
    await opened(house, await house.run())
    assert (await looked(house)).told == []
    store.failing["changed_trees"] = Failure.BEFORE
    assert (await looked(house)).told == []
    monkeypatch.setattr(cuts, "BLIND_S", 0.05)
    await asyncio.sleep(0.1)
    assert (await looked(house)).codes == [Code.STORE_UNAVAILABLE]


async def test_a_store_that_hangs_is_as_silent(monkeypatch):
    class Hanging(MemoryStore):
        async def changed_trees(self, seen):
            await asyncio.Event().wait()
            return {}

    monkeypatch.setattr(cuts, "BLIND_S", 0.05)
    house = House(store=Hanging())
    await opened(house, await house.run())
    assert (await looked(house)).codes == [Code.STORE_UNAVAILABLE]


async def test_a_record_that_cannot_be_written_keeps_nothing_open():
    house = House()
    run = await house.run()
    await opened(house, run)
    await house.runs.halt(run.run.run_id, by=OPERATOR, why="enough")
    house.record.broken = True
    assert (await looked(house)).codes == [Code.RUN_HALTED]


async def test_the_store_is_asked_only_while_something_is_open():
    store = FailingStore(MemoryStore(), changed_trees=Failure.BEFORE)
    house = House(store=store)
    await looked(house)
    assert store.failed == []
    await house.ask(await house.run(), request("GET", "https://en.wiki.example/x"))
    await looked(house)
    assert store.failed == ["changed_trees"]


async def test_watching_looks_again_and_again(monkeypatch):
    monkeypatch.setattr(cuts, "LOOK_EVERY_S", 0.01)
    house, listed = House(), Listed()
    watching = asyncio.create_task(house.enforcement.watch(listed))
    run = await house.run()
    await opened(house, run)
    await house.runs.halt(run.run.run_id, by=OPERATOR, why="enough")
    async with asyncio.timeout(2):
        while not listed.told:
            await asyncio.sleep(0.01)
    watching.cancel()


async def test_a_record_that_hangs_does_not_hold_up_the_next_cut(monkeypatch):
    monkeypatch.setattr(cuts, "LOOK_EVERY_S", 0.01)
    house = House()
    one, other = await house.run(), await house.run()
    first, second = await opened(house, one), await opened(house, other)
    listed, written = Listed(), asyncio.Event()

    async def append(*_events, durable=False):
        await written.wait()

    async def halted(run, permit):
        await house.store.swap_tree(run.run.run_id, seen=(await house.store.snapshot(run.run.run_id)).version,
                                    new=replace(await house.tree(run), halted_ms=house.clock.ms))  # fmt: skip
        async with asyncio.timeout(10):
            while permit not in [name for name, _ in listed.told]:
                await asyncio.sleep(0.01)

    monkeypatch.setattr(house.record, "append", append)
    watching = asyncio.create_task(house.cuts.watch(listed))
    await halted(one, first.permit)
    await halted(other, second.permit)
    assert not written.is_set()
    watching.cancel()
    await asyncio.wait((watching,))
