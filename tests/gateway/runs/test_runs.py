import asyncio
from decimal import Decimal

import pytest

from aisecops.gateway.runs.runs import PlanStep
from aisecops.model.errors import RecordError
from aisecops.model.ids import AgentId, RunId
from aisecops.model.outcome import Forward, Refuse
from aisecops.model.refusals import Code
from support.gateway import OPERATOR, RULES, House, code, read, rules_of, send, write

EXAMPLE = (
    PlanStep(tool="crm.read", scope="crm.customers.42"),
    PlanStep(tool="mail.send", scope="mail.contacts.ann"),
    PlanStep(tool="db.write", scope="db.orders.7", budget_stress=Decimal("1.1")),
)


async def test_the_worked_example_as_a_plan_holds_its_second_step():
    # spec 8: 0.10, 0.96, 0.275; 1.335 in all, over 1.2; the heaviest step is the one a person is asked about
    house = House(RULES.replace("approve_above: 1.5", "approve_above: 1.2"))
    run = await house.run()
    planned = await house.runs.plan(run.run.run_id, EXAMPLE)
    assert [step.micros for step in planned.steps] == [100_000, 960_000, 275_000]
    assert (planned.total_micros, planned.verdict, planned.held_step) == (1_335_000, "hold", 1)


async def test_the_held_step_of_a_plan_is_held_when_it_comes_and_the_others_pass():
    house = House(RULES.replace("approve_above: 1.5", "approve_above: 1.2").replace("max_cost: 1.00", "max_cost: 100"))
    run = await house.run()
    await house.runs.plan(run.run.run_id, EXAMPLE)
    first = await house.ask(run, read(token=await house.token(run, "crm.read", "crm.customers.42")))
    token = await house.token(run, "mail.send", "mail.contacts.ann")
    second = await house.ask(run, send(token=token))
    assert isinstance(first, Forward)
    assert second.code is Code.HUMAN_APPROVAL_REQUIRED
    await house.approvals.answer(second.approval_id, approve=True, by=OPERATOR, why="")
    approved = await house.ask(run, send(token=token, AISecOps_Approval=second.approval_id))
    assert isinstance(approved, Forward)
    assert (await house.tree(run)).held_steps == ()


@pytest.mark.parametrize("factor", ["trust", "escalation", "budget_stress"])
async def test_a_plan_cannot_talk_its_risk_down(factor):
    house = House()
    run = await house.run()
    honest = await house.runs.plan(run.run.run_id, EXAMPLE[:2])
    lowered = (EXAMPLE[0], PlanStep(tool="mail.send", scope="mail.contacts.ann", **{factor: Decimal("0.5")}))
    assert (await house.runs.plan(run.run.run_id, lowered)).total_micros == honest.total_micros


async def test_a_plan_with_an_unknown_tool_is_refused():
    house = House()
    run = await house.run()
    refused = await house.runs.plan(run.run.run_id, (PlanStep(tool="rm.rf", scope="x"),))
    assert refused.code is Code.TOOL_UNDECLARED


async def test_a_run_below_nothing_is_refused():
    house = House()
    refused = await house.runs.open(AgentId("clerk"), opened_by="agent:clerk", parent=RunId("run_none"))
    assert refused.code is Code.RUN_UNKNOWN


async def test_a_run_cannot_be_opened_below_a_halted_one():
    house = House()
    root = await house.run()
    await house.runs.halt(root.run.run_id, by=OPERATOR, why="")
    refused = await house.runs.open(AgentId("clerk"), opened_by="agent:clerk", parent=root.run.run_id)
    assert refused.code is Code.RUN_HALTED


async def test_a_run_of_an_agent_that_no_rule_names_is_refused():
    refused = await House().runs.open(AgentId("stranger"), opened_by=OPERATOR)
    assert isinstance(refused, Refuse)


async def test_children_opened_at_once_are_all_in_the_tree():
    house = House()
    root = await house.run()
    children = await asyncio.gather(*(house.run(parent=root.run.run_id) for _ in range(20)))
    assert {child.run.run_id for child in children} <= set((await house.tree(root)).runs)


async def test_a_childs_calls_use_up_its_roots_budget():
    house = House(RULES.replace("max_tool_calls: 50", "max_tool_calls: 1"))
    root = await house.run()
    child = await house.run(parent=root.run.run_id)
    await house.ask(child, read(token=await house.token(child, "crm.read", "crm.customers.42")))
    refused = await house.ask(root, read(token=await house.token(root, "crm.read", "crm.customers.42")))
    assert refused.code is Code.BUDGET_EXCEEDED


async def test_a_resumed_run_goes_on_with_the_risk_it_had():
    house = House()
    run = await house.run()
    await house.ask(run, send(token=await house.token(run, "mail.send", "mail.contacts.ann")))
    before = (await house.tree(run)).risk_micros
    await house.runs.halt(run.run.run_id, by=OPERATOR, why="look")
    await house.runs.resume(run.run.run_id, by=OPERATOR, why="looked")
    outcome = await house.ask(run, write(token=await house.token(run, "db.write", "db.orders.7")))
    assert isinstance(outcome, Forward)
    assert (await house.tree(run)).risk_micros > before


BUDGETS = "max_tool_calls: 50, max_write_operations: 10, max_cost: 1.00"
RISKY = RULES.replace("approve_above: 1.5, halt_above: 2.0", "approve_above: 2.0, halt_above: 2.0")


async def halted_for_risk():
    """A run at 1.6 that was halted by a step of 0.8, and a way to take further steps of that weight."""
    house = House(RISKY.replace(BUDGETS, "max_tool_calls: 1000"))
    run = await house.run()

    async def mail():
        return await house.ask(run, send(token=await house.token(run, "mail.send", "mail.contacts.ann")))

    assert [code(await mail()) for _ in range(3)] == ["Forward", "Forward", Code.RISK_HALTED]
    return house, run, mail


async def test_a_run_that_was_halted_for_its_risk_goes_on_with_what_a_person_allows_it_and_no_more():
    house, run, mail = await halted_for_risk()
    stood = (await house.tree(run)).risk_micros
    resumed = await house.runs.resume(run.run.run_id, by=OPERATOR, why="looked", allowance_micros=500_000)
    assert resumed.tree.risk_micros == stood == 1_600_000
    small = await house.ask(run, write(token=await house.token(run, "db.write", "db.orders.7")))  # 0.25
    assert code(small) == "Forward"
    assert code(await mail()) is Code.RISK_HALTED
    assert (await house.tree(run)).halted_ms is not None


async def test_a_step_that_a_person_allowed_for_by_resuming_runs_when_it_was_approved():
    house, run, mail = await halted_for_risk()
    house.rules.rules = rules_of(
        RISKY.replace(BUDGETS, "max_tool_calls: 1000").replace("sequences:", "resume_allowance: 1.0\n  sequences:")
    )
    await house.runs.resume(run.run.run_id, by=OPERATOR, why="looked", allowance_micros=1_000_000)
    held = await mail()
    assert code(held) is Code.HUMAN_APPROVAL_REQUIRED
    await house.approvals.answer(held.approval_id, approve=True, by=OPERATOR, why="fine")
    token = await house.token(run, "mail.send", "mail.contacts.ann")
    passed = await house.ask(run, send(token=token, AISecOps_Approval=held.approval_id))
    assert code(passed) == "Forward"
    assert (await house.tree(run)).risk_micros == 2_400_000
    assert code(await mail()) is Code.RISK_HALTED


async def test_without_an_allowance_the_next_step_halts_it_again():
    house, run, mail = await halted_for_risk()
    await house.runs.resume(run.run.run_id, by=OPERATOR, why="looked")
    assert code(await mail()) is Code.RISK_HALTED


async def test_nobody_allows_more_than_the_rules_let_them():
    house, run, _ = await halted_for_risk()
    refused = await house.runs.resume(run.run.run_id, by=OPERATOR, why="x", allowance_micros=500_001)
    assert (code(refused), refused.rule) == (Code.POLICY_DENIED, "risk.resume_allowance")
    assert (await house.tree(run)).halted_ms is not None


async def test_a_run_that_nobody_halted_is_allowed_nothing():
    house = House()
    run = await house.run()
    await house.runs.resume(run.run.run_id, by=OPERATOR, why="x", allowance_micros=500_000)
    assert (await house.tree(run)).reviewed_up_to_micros == 0
    assert house.record.names() == ["run_started"]


async def test_the_allowance_is_recorded_with_who_gave_it():
    house, run, _ = await halted_for_risk()
    await house.runs.resume(run.run.run_id, by=OPERATOR, why="looked", allowance_micros=300_000)
    told = house.record.events[-1]
    assert (told.event, told.fields["allowance"], told.fields["by"], told.fields["total"]) == (
        *("run_resumed", 0.3, OPERATOR, 1.6),
    )


async def test_every_change_of_a_run_is_an_event():
    house = House()
    run = await house.run()
    await house.runs.halt(run.run.run_id, by=OPERATOR, why="x")
    await house.runs.resume(run.run.run_id, by=OPERATOR, why="y")
    await house.runs.finish(run.run.run_id, by=OPERATOR, exit_code=0)
    assert house.record.names() == ["run_started", "run_halted", "run_resumed", "run_finished"]


async def test_a_halt_that_cannot_be_recorded_holds_and_says_so():
    house = House()
    run = await house.run()
    house.record.broken = True
    with pytest.raises(RecordError, match="the run is halted, and that is not on record: the disk is full"):
        await house.runs.halt(run.run.run_id, by=OPERATOR, why="x")
    house.record.broken = False
    assert (await house.store.snapshot(run.run.run_id)).tree.halted_ms is not None


async def test_nobody_goes_on_by_a_resumption_that_is_not_on_record():
    house, run, _ = await halted_for_risk()
    before = (await house.store.snapshot(run.run.run_id)).tree
    house.record.broken = True
    with pytest.raises(RecordError, match="the disk is full"):
        await house.runs.resume(run.run.run_id, by=OPERATOR, why="looked", allowance_micros=300_000)
    house.record.broken = False
    assert (await house.store.snapshot(run.run.run_id)).tree == before
    await house.runs.resume(run.run.run_id, by=OPERATOR, why="looked", allowance_micros=300_000)
    assert house.record.names()[-1] == "run_resumed"


async def test_the_runs_secret_is_kept_only_as_a_hash():
    house = House()
    run = await house.run()
    assert run.secret not in str(await house.store.find_run(run.run.run_id))
    assert run.secret not in str(house.record.events)


async def test_a_factor_out_of_its_range_is_unreadable():
    house = House()
    run = await house.run()
    refused = await house.runs.plan(run.run.run_id, (PlanStep(tool="db.write", scope="x", trust=Decimal("2.5")),))
    assert refused.code is Code.UNREADABLE
