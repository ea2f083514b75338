"""Asking a person about a step, as its request goes by."""

import asyncio

import pytest

from aisecops.gateway.enforcer import Caller
from aisecops.model.outcome import Forward, Refuse
from aisecops.model.refusals import Code
from aisecops.model.state import ApprovalState
from support.gateway import RULES, House, read, rules_of, send

HOLDING = RULES.replace("approve_above: 1.5", "approve_above: 0.1")


async def understood(house, run, request):
    return await house.admission.understood(Caller(agent_id=run.run.agent_id, run_id=run.run.run_id), request)


async def test_an_approval_is_about_one_request_of_one_run():
    house = House(HOLDING)
    run, other = await house.run(), await house.run()
    held = await house.ask(run, send(token=await house.token(run, "mail.send", "mail.contacts.ann")))
    asking = house.admission.asking
    assert await asking.is_about(held.approval_id, await understood(house, run, send()))
    assert not await asking.is_about(held.approval_id, await understood(house, other, send()))
    assert not await asking.is_about(held.approval_id, await understood(house, run, read()))
    assert not await asking.is_about("apr_none", await understood(house, run, send()))


async def test_a_yes_under_rules_that_changed_meanwhile_lets_nothing_pass():
    house = House(HOLDING, hold_ms=60_000)
    run = await house.run()
    token = await house.token(run, "mail.send", "mail.contacts.ann")
    waiting = asyncio.ensure_future(house.ask(run, send(token=token)))
    while not (pending := await house.store.list_approvals()):
        await asyncio.sleep(0)
    await house.approvals.answer(pending[0].approval_id, approve=True, by="operator:local", why="")
    house.rules.rules = rules_of(HOLDING.replace("cost: 0.55", "cost: 0.54"))
    outcome = await waiting
    assert isinstance(outcome, Refuse)
    assert outcome.code is Code.HUMAN_APPROVAL_REQUIRED
    assert "tool_invoked" not in house.record.names()


async def answered_no(house, run, *, on_the_line):
    """What the caller gets, and the question, when a person says no: while it waits, or before it comes again."""
    token = await house.token(run, "mail.send", "mail.contacts.ann")
    asked = asyncio.ensure_future(house.ask(run, send(token=token)))
    if not on_the_line:
        await asked
    while not (pending := await house.store.list_approvals()):
        await asyncio.sleep(0)
    approval_id = pending[0].approval_id
    await house.approvals.answer(approval_id, approve=False, by="operator:local", why="not to them")
    again = send(token=token, AISecOps_Approval=approval_id)
    return (await asked if on_the_line else await house.ask(run, again)), approval_id


@pytest.mark.parametrize("on_the_line", [True, False])
async def test_a_no_is_decided_and_recorded_like_every_other(on_the_line):
    house = House(HOLDING, hold_ms=60_000 if on_the_line else 0)
    run = await house.run()
    refused, approval_id = await answered_no(house, run, on_the_line=on_the_line)
    assert (refused.code, refused.run_id, refused.approval_id) == (Code.POLICY_DENIED, run.run.run_id, approval_id)
    assert "not to them" in refused.detail
    last = house.record.events[-1]
    assert (last.event.value, last.decision_id, last.fields["verdict"]) == ("decision", refused.decision_id, "deny")


async def test_a_no_to_a_step_that_is_only_observed_stops_nothing_and_stays_a_no():
    house = House(HOLDING)
    run = await house.run()
    _, approval_id = await answered_no(house, run, on_the_line=False)
    house.rules.rules = rules_of(HOLDING.replace("clerk:", "clerk:\n    mode: observe"))
    token = await house.token(run, "mail.send", "mail.contacts.ann")
    assert isinstance(await house.ask(run, send(token=token, AISecOps_Approval=approval_id)), Forward)
    assert (await house.store.find_approval(approval_id)).state is ApprovalState.DENIED


async def test_a_request_that_names_an_approval_of_another_is_held_though_it_would_have_passed_without():
    house = House(RULES.replace("max_cost: 1.00", "max_cost: 100"))
    run = await house.run()
    token = await house.token(run, "mail.send", "mail.contacts.ann")
    assert isinstance(await house.ask(run, send(token=token)), Forward)
    refused = await house.ask(run, send(token=token, AISecOps_Approval="apr_none"))
    assert refused.code is Code.HUMAN_APPROVAL_REQUIRED
    await house.approvals.answer(refused.approval_id, approve=True, by="operator:local", why="")
    again = send(token=token, AISecOps_Approval=refused.approval_id)
    assert isinstance(await house.ask(run, again), Forward)


async def test_a_yes_that_is_not_named_serves_nobody_who_names_another():
    house = House(HOLDING)
    run = await house.run()
    token = await house.token(run, "mail.send", "mail.contacts.ann")
    held = await house.ask(run, send(token=token))
    await house.approvals.answer(held.approval_id, approve=True, by="operator:local", why="")
    refused = await house.ask(run, send(token=token, AISecOps_Approval="apr_none"))
    assert (refused.code, refused.approval_id) == (Code.HUMAN_APPROVAL_REQUIRED, held.approval_id)
    assert isinstance(await house.ask(run, send(token=token, AISecOps_Approval=held.approval_id)), Forward)
