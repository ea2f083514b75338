"""Signals move an agent's risk for every process, each move is told and can be taken back, and replay comes out the same."""

from __future__ import annotations

import msgspec
import pytest

from aisecops.adapters.store.memory import MemoryStore
from aisecops.gateway.step.judge import judge
from aisecops.model.decision import Decision
from aisecops.model.facts import Facts
from aisecops.model.ids import AgentId
from aisecops.model.outcome import Forward
from aisecops.model.refusals import Code
from support.gateway import OPERATOR, RULES, House, code, rules_of, write
from support.stores import FailingStore, Failure

CLERK = AgentId("clerk")
BOUNDS = "{base_up: 0.2, base_down: 0.1, step: 0.1, within: 1h}"
ADAPTIVE = RULES.replace("risk:\n  sequences:", f"risk:\n  adaptive: {BOUNDS}\n  sequences:")


async def tries_what_it_may_not(house, run):
    """A write that the token does not cover."""
    token = await house.token(run, "db.write", "db.orders.7")
    assert code(await house.ask(run, write("8", token=token))) is Code.SCOPE_VIOLATION


async def weight(house, run):
    """What the next write weighs: 0.25 as the rules say."""
    outcome = await house.ask(run, write(token=await house.token(run, "db.write", "db.orders.7")))
    assert isinstance(outcome, Forward), outcome
    return [event.fields for event in house.record.events if event.event == "decision"][-1]["risk"]["step"]


def adjusted(house):
    return [event.fields for event in house.record.events if event.event == "risk_adjusted"]


async def test_what_an_agent_was_refused_makes_its_next_steps_dearer_up_to_the_bound():
    house = House(ADAPTIVE)
    run = await house.run()
    assert await weight(house, run) == 0.25
    for _ in range(4):
        await tries_what_it_may_not(house, run)
    assert await weight(house, run) == 0.35  # (0.5 + 0.2) x 0.5
    told = adjusted(house)
    assert [one["base"] for one in told] == [{"was": 0, "now": 0.1}, {"was": 0.1, "now": 0.2}]
    assert (told[0]["tool"], told[0]["by"], told[0]["why"]) == (
        *("db.write", "signal:refused", "it was refused: scope_violation"),
    )


async def test_another_agent_pays_nothing_for_it_and_another_process_knows_of_it():
    text = ADAPTIVE.replace(
        '  visitor:\n    authenticate: {secret: "env:VISITOR"}',
        '  visitor:\n    authenticate: {secret: "env:VISITOR"}\n    grants: [{tool: db.write, scope: "db.orders.*"}]',
    )
    house = House(text)
    await tries_what_it_may_not(house, await house.run())
    assert await weight(house, await house.run("visitor")) == 0.25
    elsewhere = House(text, store=house.store, content=house.content)
    elsewhere.ids.count = 1_000
    assert await weight(elsewhere, await elsewhere.run()) == 0.3


async def test_off_is_off():
    house = House()
    run = await house.run()
    await tries_what_it_may_not(house, run)
    assert (await weight(house, run), adjusted(house)) == (0.25, [])


@pytest.mark.parametrize(("approve", "after"), [(True, 0.2), (False, 0.3)])
async def test_a_persons_answer_moves_the_tool_it_was_about(approve, after):
    house = House(ADAPTIVE.replace("approve_above: 1.5", "approve_above: 0.1"))
    run = await house.run()
    held = await house.ask(run, write(token=await house.token(run, "db.write", "db.orders.7")))
    await house.approvals.answer(held.approval_id, approve=approve, by="person:ann", why="")
    house.rules.rules = rules_of(ADAPTIVE)
    assert await weight(house, run) == after


async def test_a_move_fades_and_is_taken_back_by_a_person():
    house = House(ADAPTIVE)
    run = await house.run()
    await tries_what_it_may_not(house, run)
    [(moves, now)] = await house.moved_risk.all()
    assert (moves.agent_id, moves.tool, now.base_micros) == (CLERK, "db.write", 100_000)
    await house.moved_risk.reset(CLERK, "db.write", by=OPERATOR, why="it was our own test")
    assert await house.moved_risk.all() == []
    assert await weight(house, run) == 0.25
    told = adjusted(house)[-1]
    assert (told["by"], told["why"], told["base"]) == (OPERATOR, "it was our own test", {"was": 0.1, "now": 0})
    assert code(await house.moved_risk.reset(CLERK, "db.write", by=OPERATOR, why="again")) is Code.POLICY_DENIED

    await tries_what_it_may_not(house, run)
    house.clock.ms += 3_600_000
    assert await weight(house, await house.run()) == 0.25


async def test_a_decision_made_with_moved_risk_is_made_again_from_the_record():
    house = House(ADAPTIVE)
    run = await house.run()
    await tries_what_it_may_not(house, run)
    await weight(house, run)
    told = [event.fields for event in house.record.events if event.event == "decision"][-1]
    await house.moved_risk.reset(CLERK, "db.write", by=OPERATOR, why="later")
    facts, decision = msgspec.convert(told["facts"], Facts), msgspec.convert(told["decision"], Decision)
    assert judge(rules_of(ADAPTIVE), facts, decision.decision_id).decision == decision


async def test_a_store_that_cannot_keep_a_move_does_not_unmake_what_was_recorded():
    store = FailingStore(MemoryStore(), swap_entry=Failure.BEFORE)
    house = House(ADAPTIVE, store=store)
    run = await house.run()
    await tries_what_it_may_not(house, run)
    assert house.record.names()[-1] == "decision"
