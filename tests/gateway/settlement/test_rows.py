"""Rows that come back, and many who are reached: mass actions end at rows, recipients and volume (RSK-7)."""

from __future__ import annotations

import asyncio

import orjson
import pytest

from aisecops.model.exchange import HttpResponse
from aisecops.model.outcome import Forward, Refuse
from aisecops.model.refusals import Code
from support.gateway import RULES, House, code, read, request, send

BUDGETS = "max_tool_calls: 50, max_write_operations: 10, max_cost: 1.00"
PLACES = RULES.replace("    cost: 0.55\n", "    recipients: {at: [to, cc]}\n").replace("base_risk: 0.4", "base_risk: 0")


def house_with(budgets, rules=PLACES):
    return House(rules.replace(BUDGETS, budgets))


def answer(body):
    return HttpResponse(status=200, headers=(("Content-Type", "application/json"),), body=orjson.dumps(body))


async def forwarded(house, run, ask):
    outcome = await house.ask(run, ask)
    assert isinstance(outcome, Forward), outcome
    return outcome.permit


async def read_permit(house, run):
    return await forwarded(house, run, read(token=await house.token(run, "crm.read", "crm.customers.42")))


def customers(count):
    return answer({"customers": [{"id": n} for n in range(count)]})


async def mail(house, run, to, **more):
    body = {"to": to, "text": "hello"} | more
    token = await house.token(run, "mail.send", "mail.contacts.*")
    return await house.ask(run, request("POST", "https://mail.example/send", token=token, body=body))


# rows


async def test_rows_are_counted_over_all_answers_of_a_run():
    house = house_with("max_rows: 150")
    run = await house.run()
    first = await house.enforcement.settle(await read_permit(house, run), customers(100))
    second = await house.enforcement.settle(await read_permit(house, run), customers(51))
    third = await house.enforcement.settle(await read_permit(house, run), customers(50))
    assert isinstance(first, HttpResponse)
    assert (code(second), second.rule) == (Code.BUDGET_EXCEEDED, "budgets.max_rows")
    assert isinstance(third, HttpResponse)
    assert (await house.tree(run)).runs[run.run.run_id].rows == 150


async def test_without_a_row_left_nothing_is_asked_for():
    house = house_with("max_rows: 100")
    run = await house.run()
    await house.enforcement.settle(await read_permit(house, run), customers(100))
    refused = await house.ask(run, read(token=await house.token(run, "crm.read", "crm.customers.42")))
    assert (code(refused), refused.rule) == (Code.BUDGET_EXCEEDED, "budgets.max_rows")


async def test_of_answers_that_come_at_once_no_row_too_many_is_delivered():
    house = house_with("max_rows: 250")
    run = await house.run()
    permits = [await read_permit(house, run) for _ in range(5)]
    told = await asyncio.gather(*(house.enforcement.settle(permit, customers(60)) for permit in permits))
    assert [isinstance(one, HttpResponse) for one in told].count(True) == 4
    assert (await house.tree(run)).runs[run.run.run_id].rows == 240


async def test_an_answer_whose_rows_cannot_be_counted_is_not_delivered_under_a_budget():
    house = house_with("max_rows: 250", PLACES.replace(", constraints: {max_rows: 100}", ""))
    run = await house.run()
    refused = await house.enforcement.settle(await read_permit(house, run), answer({"clients": [1, 2, 3]}))
    assert code(refused) is Code.OUTPUT_INVALID


async def test_only_observed_rows_are_delivered():
    house = House(PLACES.replace(BUDGETS, "max_rows: 10").replace("role: office", "role: office\n    mode: observe"))
    run = await house.run()
    delivered = await house.enforcement.settle(await read_permit(house, run), customers(50))
    assert isinstance(delivered, HttpResponse)


# recipients


async def test_four_thousand_sends_to_as_many_people_end_at_the_budget():
    house = house_with("max_recipients: 25")
    run = await house.run()
    outcomes = [await mail(house, run, f"p{n}") for n in range(60)]
    assert [isinstance(one, Forward) for one in outcomes] == [True] * 25 + [False] * 35
    assert (code(outcomes[25]), outcomes[25].rule) == (Code.BUDGET_EXCEEDED, "budgets.max_recipients")


async def test_one_send_to_four_thousand_people_does_not_leave():
    house = house_with("max_recipients: 25")
    run = await house.run()
    refused = await mail(house, run, "ann", cc=[f"p{n}@corp.example" for n in range(4_000)])
    assert (code(refused), refused.rule) == (Code.BUDGET_EXCEEDED, "budgets.max_recipients")


async def test_writing_to_the_same_people_again_takes_nothing_of_it():
    house = house_with("max_recipients: 2")
    run = await house.run()
    assert [code(await mail(house, run, to)) for to in ("ann", "bob", "ANN", "bob", "cyd")] == [
        *("Forward", "Forward", "Forward", "Forward"),
        Code.BUDGET_EXCEEDED,
    ]


async def test_children_do_not_multiply_the_people_whom_a_root_may_reach():
    house = house_with("max_recipients: 3")
    root = await house.run()
    children = [await house.run(parent=root.run.run_id) for _ in range(3)]
    sent = [await mail(house, child, f"p{n}") for n, child in enumerate([*children, *children])]
    assert [isinstance(one, Forward) for one in sent] == [True] * 3 + [False] * 3


@pytest.mark.parametrize("body", [b"to=ann&cc=bob", b"\xff\xfe", b'{"text": "no to"}'])
async def test_a_send_that_hides_whom_it_reaches_does_not_leave(body):
    unscoped = PLACES.replace('    scope: "mail.contacts.{body.to}"\n', "").replace("mail.contacts.*", "mail.send")
    house = house_with("max_recipients: 25", unscoped)
    run = await house.run()
    token = await house.token(run, "mail.send", "mail.send")
    hidden = request("POST", "https://mail.example/send", token=token, body=body, content_type="text/plain")
    refused = await house.ask(run, hidden)
    assert (code(refused), refused.rule) == (Code.BUDGET_EXCEEDED, "budgets.max_recipients")


async def test_whom_a_run_wrote_to_is_in_no_record():
    house = house_with("max_recipients: 25")
    run = await house.run()
    await mail(house, run, "ann", cc=["bob.secret@corp.example"])
    told = str(house.record.events)
    assert "bob.secret" not in told
    assert len((await house.tree(run)).runs[run.run.run_id].recipients) == 2


# volume


async def test_the_bytes_that_leave_end_at_the_budget():
    house = house_with(
        "max_egress_bytes: 1KiB", RULES.replace("base_risk: 0.4", "base_risk: 0").replace("cost: 0.55", "")
    )
    run = await house.run()
    sent = []
    for n in range(40):
        token = await house.token(run, "mail.send", "mail.contacts.*")
        sent.append(await house.ask(run, send(token=token, x_number=str(n))))
    passed = [one for one in sent if isinstance(one, Forward)]
    state = (await house.tree(run)).runs[run.run.run_id]
    assert 0 < len(passed) < 40
    assert state.egress_bytes <= 1024
    assert all(one.rule == "budgets.max_egress_bytes" for one in sent if isinstance(one, Refuse))


async def test_what_models_are_told_takes_nothing_of_the_bytes():
    house = house_with("max_egress_bytes: 10B")
    run = await house.run()
    body = {"model": "gpt-4o", "messages": [{"role": "user", "content": "hello" * 50}]}
    await forwarded(house, run, request("POST", "https://api.openai.com/v1/chat/completions", body=body))
    assert (await house.tree(run)).runs[run.run.run_id].egress_bytes == 0


async def test_what_never_left_is_given_back():
    house = house_with("max_egress_bytes: 10KiB, max_recipients: 5")
    run = await house.run()
    permit = (await mail(house, run, "ann")).permit
    await house.enforcement.abandon(permit, "it could not be reached", left=False)
    state = (await house.tree(run)).runs[run.run.run_id]
    assert (state.egress_bytes, len(state.recipients)) == (0, 1)
