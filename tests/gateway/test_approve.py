import asyncio

import pytest
from msgspec.structs import replace

from aisecops.gateway.enforcer import Caller
from aisecops.model.outcome import Forward, Refuse
from aisecops.model.refusals import Code
from aisecops.model.state import ApprovalState
from support.gateway import OPERATOR, RULES, House, code, rules_of, send

HOLDING = RULES.replace("approve_above: 1.5", "approve_above: 0.5").replace("max_cost: 1.00", "max_cost: 100")


async def held(house, run):
    return (await house.ask(run, send(token=await house.token(run, "mail.send", "mail.contacts.ann")))).approval_id


@pytest.mark.parametrize("opener", [OPERATOR, "agent:clerk"])
async def test_nobody_answers_for_a_run_they_opened(opener):
    house = House(HOLDING)
    run = await house.run(opened_by=opener)
    refused = await house.approvals.answer(await held(house, run), approve=True, by=opener, why="")
    assert isinstance(refused, Refuse)
    assert (await house.store.list_approvals())[0].state is ApprovalState.PENDING


async def test_whoever_opened_the_root_does_not_answer_for_the_child():
    house = House(HOLDING)
    root = await house.run(opened_by=OPERATOR)
    child = await house.run(parent=root.run.run_id)
    refused = await house.approvals.answer(await held(house, child), approve=True, by=OPERATOR, why="")
    assert isinstance(refused, Refuse)


async def test_of_two_answers_at_once_the_first_counts():
    house = House(HOLDING)
    approval_id = await held(house, await house.run())
    await asyncio.gather(
        house.approvals.answer(approval_id, approve=True, by="operator:one", why=""),
        house.approvals.answer(approval_id, approve=False, by="operator:two", why=""),
    )
    assert house.record.names().count("approval_granted") + house.record.names().count("approval_denied") == 1


async def test_an_answer_is_given_once():
    house = House(HOLDING)
    approval_id = await held(house, await house.run())
    await house.approvals.answer(approval_id, approve=False, by=OPERATOR, why="")
    again = await house.approvals.answer(approval_id, approve=True, by=OPERATOR, why="")
    assert isinstance(again, Refuse)


async def test_a_person_sees_the_request_and_the_terms_of_its_risk():
    house = House(HOLDING)
    approval_id = await held(house, await house.run())
    approval = await house.store.find_approval(approval_id)
    assert approval.request["scope"] == "mail.contacts.ann"
    assert (approval.risk["base"], approval.risk["trust"], approval.risk["total"]) == (0.4, 2.0, 0.8)


async def test_an_approved_step_that_could_not_be_recorded_may_be_tried_again():
    house = House(HOLDING)
    run = await house.run()
    token = await house.token(run, "mail.send", "mail.contacts.ann")
    caller = Caller(agent_id=run.run.agent_id, run_id=run.run.run_id)
    approval_id = (await house.enforcement.admit(caller, send(token=token))).approval_id
    await house.approvals.answer(approval_id, approve=True, by=OPERATOR, why="")
    house.record.broken = True
    await house.enforcement.admit(caller, send(token=token, AISecOps_Approval=approval_id))
    assert (await house.store.find_approval(approval_id)).state is ApprovalState.APPROVED


def rewritten(house):
    """The same rules in another file: another version of them."""
    house.rules.rules = rules_of(f"{HOLDING}\n# reviewed\n")


async def asked_again(house, run, token, approval_id):
    return await house.ask(run, send(token=token, AISecOps_Approval=approval_id))


@pytest.mark.parametrize("change", ["another recipient", "another text", "used before", "too late", "other rules"])
async def test_an_approval_is_for_this_very_request_once_in_time_and_under_these_rules(change):
    house = House(HOLDING)
    run = await house.run()
    token = await house.token(run, "mail.send", "mail.contacts.*")
    approval_id = (await house.ask(run, send(token=token))).approval_id
    await house.approvals.answer(approval_id, approve=True, by=OPERATOR, why="it is fine")
    if change == "another recipient":
        refused = await house.ask(run, send("bob", token=token, AISecOps_Approval=approval_id))
    elif change == "another text":
        other = send(token=token, AISecOps_Approval=approval_id)
        refused = await house.ask(run, replace(other, body=other.body.replace(b"hello", b"hullo")))
    else:
        if change == "used before":
            assert isinstance(await asked_again(house, run, token, approval_id), Forward)
        elif change == "too late":
            house.clock.ms += 900_000
            token = await house.token(run, "mail.send", "mail.contacts.*")
        else:
            rewritten(house)
        refused = await asked_again(house, run, token, approval_id)
    assert code(refused) is Code.HUMAN_APPROVAL_REQUIRED
    assert refused.approval_id != approval_id


async def test_an_approval_that_nothing_stands_against_passes():
    house = House(HOLDING)
    run = await house.run()
    token = await house.token(run, "mail.send", "mail.contacts.ann")
    approval_id = (await house.ask(run, send(token=token))).approval_id
    await house.approvals.answer(approval_id, approve=True, by=OPERATOR, why="it is fine")
    assert isinstance(await asked_again(house, run, token, approval_id), Forward)


async def test_a_question_that_was_asked_under_other_rules_is_not_answered_but_asked_anew():
    house = House(HOLDING)
    run = await house.run()
    first = await held(house, run)
    rewritten(house)
    refused = await house.approvals.answer(first, approve=True, by=OPERATOR, why="")
    second = await held(house, run)
    assert isinstance(refused, Refuse)
    assert second != first
    assert (await house.store.find_approval(first)).state is ApprovalState.EXPIRED
    assert (await house.store.find_approval(second)).state is ApprovalState.PENDING
    assert "the rules have changed" in house.record.events[house.record.names().index("approval_expired")].fields["why"]
