"""Proportion in a whole gateway: what is told and read is counted, what is usual is learned, and it is made again."""

from __future__ import annotations

from typing import Any

import msgspec
import orjson

from aisecops.adapters.store.memory import MemoryStore
from aisecops.gateway.step.judge import judge
from aisecops.model.decision import Decision
from aisecops.model.exchange import HttpResponse
from aisecops.model.facts import Facts
from aisecops.model.outcome import Forward
from aisecops.model.refusals import Code
from support.gateway import OPERATOR, RULES, House, code, request, rules_of
from support.stores import FailingStore, Failure

QUIET = RULES.replace("base_risk: 0.4", "base_risk: 0").replace("    cost: 0.55\n", "")
HELD = QUIET + "egress:\n  proportion:\n    - {to: external, action: hold}\n"
LONG = "x" * 40_000


def answer(body: Any) -> HttpResponse:
    return HttpResponse(status=200, headers=(("Content-Type", "application/json"),), body=orjson.dumps(body))


async def mails(house: House, run: Any, text: str, *, settled: bool = True, **headers: str) -> Any:
    token = await house.token(run, "mail.send", "mail.contacts.*")
    body = {"to": "ann", "text": text}
    outcome = await house.ask(run, request("POST", "https://mail.example/send", token=token, body=body, **headers))
    if isinstance(outcome, Forward) and settled:
        await house.enforcement.settle(outcome.permit, answer({}))
    return outcome


async def reads(house: House, run: Any, size: int) -> None:
    token = await house.token(run, "crm.read", "crm.customers.42")
    outcome = await house.ask(run, request("GET", "https://crm.internal/v1/customers/42", token=token))
    assert isinstance(outcome, Forward)
    await house.enforcement.settle(outcome.permit, answer({"customers": [{"note": "n" * size}]}))


async def asks(house: House, run: Any, *said: str) -> None:
    body = {"model": "gpt-4o", "messages": [{"role": "user", "content": text} for text in said]}
    outcome = await house.ask(run, request("POST", "https://api.openai.com/v1/chat/completions", body=body))
    assert isinstance(outcome, Forward), outcome


async def test_a_large_upload_after_a_short_question_waits_for_a_person_who_is_told_why():
    house = House(HELD)
    run = await house.run()
    await asks(house, run, "How is the weather?")
    held = await mails(house, run, LONG)
    assert code(held) is Code.HUMAN_APPROVAL_REQUIRED
    assert "its user said 19, times 20" in held.detail
    shown = (await house.approvals.standing(held.approval_id)).evidence[0]["detail"]
    assert "of which its task explains 4096" in shown
    await house.approvals.answer(held.approval_id, approve=True, by=OPERATOR, why="a report")
    assert isinstance(await mails(house, run, LONG, AISecOps_Approval=held.approval_id), Forward)
    assert isinstance(await mails(house, run, "small"), Forward)


async def test_a_long_question_or_a_long_answer_of_ours_explains_it():
    house = House(HELD)
    told, read = await house.run(), await house.run()
    await asks(house, told, "a" * 1_000, "b" * 1_500)
    assert isinstance(await mails(house, told, LONG), Forward)
    await reads(house, read, 41_000)
    assert isinstance(await mails(house, read, LONG), Forward)
    assert (await house.tree(read)).read == {
        "bytes:confidential": 41_000 + len('{"customers":[{"note":""}]}'),
        "rows:confidential": 1,
    }


async def test_the_words_that_a_run_gives_its_child_are_nobody_s_task():
    house = House(HELD)
    run = await house.run()
    child = await house.run(parent=run.run.run_id)
    await asks(house, child, "a" * 5_000)
    assert (await house.tree(run)).told == 0
    assert code(await mails(house, child, LONG)) is Code.HUMAN_APPROVAL_REQUIRED


async def test_a_history_that_is_told_again_is_not_told_twice():
    house = House(HELD)
    run = await house.run()
    for _ in range(5):
        await asks(house, run, "a" * 500)
    assert (await house.tree(run)).told == 500


async def test_what_other_runs_of_the_agent_usually_send_is_in_proportion():
    house = House(HELD)
    usual = "y" * 3_900
    for _ in range(5):
        assert isinstance(await mails(house, await house.run(), usual), Forward)
    run = await house.run()
    assert isinstance(await mails(house, run, "z" * 11_000), Forward)
    assert code(await mails(house, run, LONG)) is Code.HUMAN_APPROVAL_REQUIRED


async def test_what_weighs_more_is_held_by_its_risk_and_says_so():
    weighty = RULES.replace("    cost: 0.55\n", "")
    house = House(weighty + "egress:\n  proportion:\n    - {to: external, escalation: 2}\n")
    run = await house.run()
    assert isinstance(await mails(house, run, "small"), Forward)  # 0.4 x 1 x 2
    held = await mails(house, run, LONG)  # 0.4 x 2 x 2
    assert code(held) is Code.RISK_HALTED
    assert "raised as with this step the run would send" in held.detail


async def test_the_decision_is_made_again_from_the_record():
    house = House(HELD)
    for _ in range(6):
        await mails(house, await house.run(), "y" * 2_000)
    run = await house.run()
    await asks(house, run, "hi")
    await reads(house, run, 3_000)
    await mails(house, run, "z" * 5_000)
    await mails(house, run, LONG)
    told = [event.fields for event in house.record.events if event.event == "decision"]
    assert told[-1]["code"] is Code.HUMAN_APPROVAL_REQUIRED
    for one in told:
        facts, decision = msgspec.convert(one["facts"], Facts), msgspec.convert(one["decision"], Decision)
        assert judge(rules_of(HELD), facts, decision.decision_id).decision == decision
    assert msgspec.convert(told[-1]["facts"], Facts).usual is not None


async def test_without_such_a_rule_nothing_is_kept():
    house = House(QUIET)
    run = await house.run()
    await reads(house, run, 3_000)
    await mails(house, run, LONG)
    tree = await house.tree(run)
    assert (tree.read, tree.sent) == ({}, {})


async def test_a_store_that_cannot_keep_what_is_usual_does_not_undo_what_has_left():
    house = House(HELD, store=FailingStore(MemoryStore()))
    run = await house.run()
    left = await mails(house, run, "small", settled=False)
    house.store.failing["swap_entry"] = Failure.BEFORE
    assert isinstance(await house.enforcement.settle(left.permit, answer({})), HttpResponse)
    assert house.record.events[-1].event == "tool_returned"
