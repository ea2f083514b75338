import asyncio

import pytest
from msgspec.structs import replace

from aisecops.gateway.enforcer import Caller
from aisecops.model.exchange import HttpResponse
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
    assert refused.approval_id not in {None, approval_id}  # a person is asked anew, under an id of its own
    assert refused.decision_id is not None


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


# The matrix of github.com/envoyproxy/ai-gateway/issues/2073: an approval is of one call, and not of a caller and a tool.


async def test_case_1_the_same_call_under_the_same_rules_in_time_resumes_and_runs():
    house = House(HOLDING)
    run = await house.run()
    token = await house.token(run, "mail.send", "mail.contacts.ann")
    asked = await house.ask(run, send(token=token))
    await house.approvals.answer(asked.approval_id, approve=True, by=OPERATOR, why="it is fine")
    assert isinstance(await asked_again(house, run, token, asked.approval_id), Forward)
    assert house.record.names().count("tool_invoked") == 1


async def test_case_2_the_same_reference_with_other_arguments_is_refused_and_nothing_leaves():
    house = House(HOLDING)
    run = await house.run()
    token = await house.token(run, "mail.send", "mail.contacts.*")
    asked = await house.ask(run, send(token=token))
    await house.approvals.answer(asked.approval_id, approve=True, by=OPERATOR, why="it is fine")
    refused = await house.ask(run, send("mallory", token=token, AISecOps_Approval=asked.approval_id))
    assert code(refused) is Code.HUMAN_APPROVAL_REQUIRED
    assert "tool_invoked" not in house.record.names()
    assert (await house.store.find_approval(asked.approval_id)).state is ApprovalState.APPROVED


@pytest.mark.parametrize("change", ["policy version", "expiry"])
async def test_case_3_under_other_rules_or_too_late_it_goes_back_to_a_person(change):
    house = House(HOLDING)
    run = await house.run()
    token = await house.token(run, "mail.send", "mail.contacts.ann")
    first = await house.ask(run, send(token=token))
    await house.approvals.answer(first.approval_id, approve=True, by=OPERATOR, why="it is fine")
    if change == "expiry":
        house.clock.ms += 900_000
        token = await house.token(run, "mail.send", "mail.contacts.ann")
    else:
        rewritten(house)
    again = await asked_again(house, run, token, first.approval_id)
    assert code(again) is Code.HUMAN_APPROVAL_REQUIRED
    assert again.approval_id != first.approval_id
    assert "tool_invoked" not in house.record.names()


async def test_case_4_a_question_that_nobody_answers_ends_as_a_refusal_that_names_the_first_decision():
    house = House(HOLDING)
    asked = await house.ask(
        run := await house.run(), send(token=await house.token(run, "mail.send", "mail.contacts.ann"))
    )
    house.clock.ms += 900_000
    await house.approvals.standing(asked.approval_id)
    over = house.record.events[-1]
    assert (over.event.value, over.decision_id) == ("approval_expired", asked.decision_id)


# What the person sees, and what is kept of it.


async def test_a_person_sees_the_very_words_of_the_request_until_it_is_answered():
    house = House(HOLDING)
    approval_id = await held(house, await house.run())
    shown = (await house.store.find_approval(approval_id)).request
    assert (shown["path"], shown["body"]) == ("/send", '{"to":"ann","text":"hello"}')
    await house.approvals.answer(approval_id, approve=False, by=OPERATOR, why="")
    assert not {"path", "body"} & set((await house.store.find_approval(approval_id)).request)


async def test_the_words_of_the_request_are_not_in_the_record():
    house = House(HOLDING)
    await held(house, await house.run())
    asked = next(event for event in house.record.events if event.event.value == "human_approval_required")
    assert "hello" not in repr(asked)


async def test_a_person_is_told_who_opened_the_run_and_those_above_it():
    house = House(HOLDING)
    root = await house.run(opened_by="person:otto")
    child = await house.run(parent=root.run.run_id)
    runs = await house.approvals.asked_by(child.run.run_id)
    assert [run.opened_by for run in runs] == ["agent:clerk", "person:otto"]


async def test_a_person_is_told_what_became_of_the_last_ones_like_it():
    house = House(HOLDING)
    run = await house.run()
    token = await house.token(run, "mail.send", "mail.contacts.ann")
    first = (await house.ask(run, send(token=token))).approval_id
    await house.approvals.answer(first, approve=True, by=OPERATOR, why="it is fine")
    passed = await asked_again(house, run, token, first)
    await house.enforcement.settle(passed.permit, HttpResponse(status=200, headers=(), body=b""))
    house.clock.ms += 1
    other = await house.run()
    second = await held(house, other)
    [like] = await house.approvals.similar(await house.store.find_approval(second))
    assert (like.approval_id, like.state, like.outcome) == (first, ApprovalState.USED, "answered 200")


# Who is on duty.

FRIDAY_NIGHT = 1_800_050_400_000  # 2027-01-15, 22:00 UTC
ON_DUTY = """
people:
  ann: {role: approver, secret: "env:VERA", duty: "Mo-Fr 08:00-18:00 UTC"}
  abe: {role: approver, secret: "env:ABE"}
  vera: {role: viewer, secret: "env:OTTO", duty: "Mo-Su 00:00-24:00 UTC"}
"""


async def asked_at(moment_ms, people=ON_DUTY, opened_by="agent:clerk"):
    house = House(HOLDING + people)
    house.clock.ms = moment_ms
    run = await house.run(opened_by=opened_by)
    return house, await house.ask(run, send(token=await house.token(run, "mail.send", "mail.contacts.ann")))


async def test_when_nobody_is_on_duty_a_step_is_refused_at_once_and_says_when_somebody_is():
    house, refused = await asked_at(FRIDAY_NIGHT)
    assert (code(refused), refused.approval_id) == (Code.POLICY_DENIED, None)
    assert "nobody who may answer for it is on duty" in refused.detail
    assert refused.retry_after_s == 58 * 3600  # Monday, 08:00
    assert list(await house.store.list_approvals()) == []
    assert (house.record.names()[-1], house.record.events[-1].decision_id) == ("approval_denied", refused.decision_id)


async def test_when_somebody_is_on_duty_they_are_asked():
    _, asked = await asked_at(FRIDAY_NIGHT - 8 * 3_600_000)
    assert code(asked) is Code.HUMAN_APPROVAL_REQUIRED
    assert asked.approval_id is not None


async def test_whoever_opened_the_run_is_nobody_on_duty_for_it():
    _, refused = await asked_at(FRIDAY_NIGHT - 8 * 3_600_000, opened_by="person:ann")
    assert code(refused) is Code.POLICY_DENIED
    _, asked = await asked_at(FRIDAY_NIGHT - 8 * 3_600_000, opened_by="person:abe")
    assert code(asked) is Code.HUMAN_APPROVAL_REQUIRED


async def test_where_nobody_says_when_they_answer_a_step_waits_as_ever():
    _, asked = await asked_at(FRIDAY_NIGHT, people='\npeople: {abe: {role: approver, secret: "env:ABE"}}\n')
    assert code(asked) is Code.HUMAN_APPROVAL_REQUIRED


async def test_a_refusal_for_want_of_somebody_on_duty_is_not_a_persons_no():
    house, _ = await asked_at(FRIDAY_NIGHT)
    house.clock.ms = FRIDAY_NIGHT + 59 * 3_600_000
    run = await house.run()
    asked = await house.ask(run, send(token=await house.token(run, "mail.send", "mail.contacts.ann")))
    assert code(asked) is Code.HUMAN_APPROVAL_REQUIRED


async def test_every_event_of_a_question_names_the_rules_it_was_asked_under():
    house = House(HOLDING)
    approval_id = await held(house, await house.run())
    await house.approvals.answer(approval_id, approve=True, by=OPERATOR, why="it is fine")
    told = [one for one in house.record.events if "approval" in one.event.value]
    assert [one.event.value for one in told] == ["human_approval_required", "approval_granted"]
    assert {one.policy_version for one in told} == {house.rules.current().policy_version}


async def test_a_no_to_a_request_stands_and_nobody_is_asked_about_it_again():
    house = House(HOLDING)
    run = await house.run()
    approval_id = await held(house, run)
    await house.approvals.answer(approval_id, approve=False, by="operator:one", why="not him")
    refused = await house.ask(run, send(token=await house.token(run, "mail.send", "mail.contacts.ann")))
    assert (code(refused), "`operator:one` said no: not him" in refused.detail) == (Code.POLICY_DENIED, True)
    assert [one.approval_id for one in await house.store.list_approvals()] == [approval_id]


async def test_another_request_another_run_and_the_same_one_later_are_asked_about():
    house = House(HOLDING)
    run = await house.run()
    approval_id = await held(house, run)
    await house.approvals.answer(approval_id, approve=False, by="operator:one", why="")
    other = await house.ask(run, send("bob", token=await house.token(run, "mail.send", "mail.contacts.bob")))
    assert code(other) is Code.HUMAN_APPROVAL_REQUIRED
    assert await held(house, await house.run()) not in {None, approval_id}
    house.clock.ms = (await house.store.find_approval(approval_id)).expires_ms
    assert await held(house, run) not in {None, approval_id}
