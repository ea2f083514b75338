"""What a process remembers of trees is never what decides: two gateways on one store, each with its own memory."""

from __future__ import annotations

import asyncio
import itertools

import pytest
from msgspec.structs import replace

from aisecops.adapters.store.memory import MemoryStore
from aisecops.gateway.runs.trees import GUESS, Trees
from aisecops.model.ids import RunId
from aisecops.model.outcome import Forward
from aisecops.model.refusals import Code
from aisecops.model.state import RevocationKind
from support.gateway import OPERATOR, RULES, House, code, read
from support.stores import FailingStore
from support.trees import ROOT, run_of, run_state, tree_of

EASY = RULES.replace("base_risk: 0.2", "base_risk: 0")


class CountingStore(FailingStore):
    """Says which methods were called."""

    def __init__(self, inner):
        super().__init__(inner)
        self.asked = []

    def __getattr__(self, name):
        self.asked.append(name)
        return super().__getattr__(name)


async def two_gateways(text=EASY):
    """Two processes on one store that both have acted for a run, `one` last; the run, and a token."""
    one = House(text, store=CountingStore(MemoryStore()))
    other = House(text, store=one.store)
    other.ids = one.ids
    run = await one.run()
    token = await one.token(run, "crm.read", "crm.customers.*")
    for house in (other, one):
        assert isinstance(await house.ask(run, read("1", token=token)), Forward)
    return one, other, run, token


async def test_a_step_that_nobody_disturbs_asks_the_store_once():
    house = House(EASY, store=CountingStore(MemoryStore()))
    run = await house.run()
    token = await house.token(run, "crm.read", "crm.customers.*")
    await house.ask(run, read("1", token=token))
    house.store.asked.clear()
    assert isinstance(await house.ask(run, read("2", token=token)), Forward)
    assert [name for name in house.store.asked if name != "find_entries"] == ["reserve"]
    assert (await house.tree(run)).runs[run.run.run_id].tool_calls == 2


async def test_a_halt_elsewhere_is_seen_by_the_next_step():
    one, other, run, token = await two_gateways()
    await other.runs.halt(run.run.run_id, by=OPERATOR, why="enough")
    asked = len(one.names.asked)
    assert code(await one.ask(run, read("2", token=token))) is Code.RUN_HALTED
    await other.runs.resume(run.run.run_id, by=OPERATOR, why="looked at")
    assert isinstance(await one.ask(run, read("3", token=token)), Forward)
    assert len(one.names.asked) > asked


async def test_a_halted_run_resolves_no_name_though_it_was_not_halted_when_it_was_last_seen():
    one, other, run, token = await two_gateways()
    one.names.asked.clear()  # nothing is at hand any more
    await other.runs.halt(run.run.run_id, by=OPERATOR, why="enough")
    assert code(await one.ask(run, read("2", token=token))) is Code.RUN_HALTED
    assert one.names.asked == []


@pytest.mark.parametrize("kind", [RevocationKind.TOKEN, RevocationKind.RUN, RevocationKind.AGENT, RevocationKind.KEY])
async def test_whatever_is_revoked_elsewhere_ends_the_token_at_once(kind):
    one, other, run, token = await two_gateways()
    claims = next(p.facts.token.claims for p in one.permits.standing().values())
    name = {"token": claims.jti, "run": run.run.run_id, "agent": "clerk", "key": claims.kid}[kind.value]
    await other.store.revoke(kind, name, now_ms=other.clock.ms, why="lost")
    assert code(await one.ask(run, read("2", token=token))) is Code.TOKEN_REVOKED


async def test_two_gateways_in_turns_never_let_more_through_than_the_budget():
    one, other, run, token = await two_gateways(EASY.replace("max_tool_calls: 50", "max_tool_calls: 30"))
    turns = itertools.islice(itertools.cycle((one, one, other)), 90)
    outcomes = await asyncio.gather(*(house.ask(run, read(str(n), token=token)) for n, house in enumerate(turns)))
    assert sum(isinstance(outcome, Forward) for outcome in outcomes) == 28  # two went before
    assert (await one.tree(run)).runs[run.run.run_id].tool_calls == 30


async def test_a_use_is_not_lost_to_a_guess():
    """A token with one use keeps it when the run turns out to be halted."""
    one, other, run, _ = await two_gateways()
    once = await one.token(run, "crm.read", "crm.customers.*", uses=1)
    await other.runs.halt(run.run.run_id, by=OPERATOR, why="enough")
    assert code(await one.ask(run, read("2", token=once))) is Code.RUN_HALTED
    await other.runs.resume(run.run.run_id, by=OPERATOR, why="looked at")
    assert isinstance(await one.ask(run, read("2", token=once)), Forward)


async def test_a_refusal_never_rests_on_a_guess():
    one, other, run, token = await two_gateways(EASY.replace("max_tool_calls: 50", "max_tool_calls: 2"))
    assert code(await other.ask(run, read("2", token=token))) is Code.BUDGET_EXCEEDED
    seen = await one.store.snapshot(run.run.run_id)
    freed = replace(seen.tree.runs[run.run.run_id], tool_calls=0)
    runs = {run.run.run_id: freed}
    await one.store.swap_tree(seen.tree.root_run_id, seen=seen.version, new=replace(seen.tree, runs=runs))
    assert isinstance(await other.ask(run, read("2", token=token)), Forward)


async def test_a_store_that_has_forgotten_the_run_is_believed():
    house = House(EASY)
    run = await house.run()
    token = await house.token(run, "crm.read", "crm.customers.*")
    assert isinstance(await house.ask(run, read("1", token=token)), Forward)
    house.store.__init__()  # emptied
    assert code(await house.ask(run, read("2", token=token))) is Code.RUN_UNKNOWN


async def test_only_so_many_trees_are_remembered():
    store = MemoryStore()
    trees = Trees(store, most=2)
    for n in range(3):
        run_id = RunId(f"run_{n}")
        await store.open_run(run_of(run_id), tree_of(run_state(run_id)), seen=None)
        trees.read(await store.snapshot(run_id))
    assert [trees.guess(RunId(f"run_{n}")) is not None for n in range(3)] == [False, True, True]


async def test_a_tree_that_was_lost_to_others_is_no_guess_any_more():
    store = MemoryStore()
    await store.open_run(run_of(ROOT), tree_of(run_state(ROOT)), seen=None)
    trees, seen = Trees(store), await store.snapshot(ROOT)
    trees.read(seen)
    guess = trees.guess(ROOT)
    assert guess.version == GUESS
    await store.swap_tree(ROOT, seen=seen.version, new=replace(seen.tree, risk_micros=1))
    assert not await trees.swapped(guess, replace(seen.tree, risk_micros=2), durable=False)
    assert trees.guess(ROOT) is None
    assert (await store.snapshot(ROOT)).tree.risk_micros == 1
