"""Asking a person about a step, as its request goes by."""

import asyncio

from aisecops.gateway.enforcer import Caller
from aisecops.model.outcome import Refuse
from aisecops.model.refusals import Code
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
