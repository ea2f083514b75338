"""Runs that work on each other's words are one chain: found by content, one way, and never a weapon (spec 22.2)."""

from __future__ import annotations

from typing import Any

import msgspec
import orjson
import pytest

from aisecops.gateway.origins.chains import LEAST_DRAWN, drawn_of
from aisecops.gateway.step.judge import judge
from aisecops.model.decision import Decision
from aisecops.model.exchange import HttpResponse
from aisecops.model.facts import Facts
from aisecops.model.ids import AgentId, RunId
from aisecops.model.outcome import Forward
from aisecops.model.provenance import Origin, Span, Traced, TrustTier
from aisecops.model.refusals import Code
from support.gateway import OPERATOR, House, code, request, rules_of

RULES = """
version: 1
agents:
  planner:
    authenticate: {secret: "env:CLERK"}
    grants: &all [{tool: queue.post, scope: "**"}, {tool: queue.read, scope: "**"}, {tool: act, scope: "**"},
      {tool: notes.write, scope: "**"}, {tool: notes.read, scope: "**"}]
    budgets: {max_tool_calls: 50}
  worker:
    authenticate: {secret: "env:VISITOR"}
    grants: [{tool: queue.post, scope: "**"}, {tool: queue.read, scope: "**"}, {tool: act, scope: "**"},
      {tool: notes.write, scope: "**"}, {tool: notes.read, scope: "**"}]
tools:
  queue.post:
    match: {host: queue.internal, method: POST, path: /messages}
    effect: write
    base_risk: 0
  queue.read:
    match: {host: queue.internal, method: GET, path: /messages}
    effect: read
    base_risk: 0
    returns: {tier: internal}
  act:
    match: {host: act.internal, method: POST}
    effect: write
    base_risk: 0.6
    trust: neutral
  notes.write:
    match: {host: notes.internal, method: POST, path: /notes}
    effect: memory-write
    base_risk: 0
  notes.read:
    match: {host: notes.internal, method: GET, path: /notes}
    effect: memory-read
    base_risk: 0
    trust: internal
models:
  openai: {match: {host: api.openai.com}, dialect: openai}
sources:
  - {match: {host: "*.wiki.example"}, tier: external}
memory:
  - {tool: notes.write, item: "text", id: "id", writers: [planner, worker]}
""".replace("&all ", "")
PLAN = (
    "Take the three invoices of October that are still open, compare each with the order it belongs to, and write the "
    "differences into the ledger of the northern branch before anybody sends the reminders to the customers."
)
OTHER_PLAN = PLAN[::-1]


def ruled(join: str) -> str:
    return f"{RULES}risk: {{join: {join}}}\n"


def json_answer(body: Any) -> HttpResponse:
    return HttpResponse(status=200, headers=(("Content-Type", "application/json"),), body=orjson.dumps(body))


async def asks_model(house, run, *messages, answer="fine"):
    body = {"model": "m", "messages": [{"role": role, "content": text} for role, text in messages]}
    outcome = await house.ask(run, request("POST", "https://api.openai.com/v1/chat/completions", body=body))
    if isinstance(outcome, Forward):
        said = {"index": 0, "message": {"role": "assistant", "content": answer}, "finish_reason": "stop"}
        whole = {"id": "x", "object": "chat.completion", "model": "m", "choices": [said]}
        await house.enforcement.settle(outcome.permit, json_answer(whole))
    return outcome


async def calls(house, run, tool, asked, *, answer=None, **headers):
    method, url, *body = asked
    token = await house.token(run, tool, tool)
    sent = request(method, url, token=token, body=body[0] if body else None, **headers)
    outcome = await house.ask(run, sent)
    if isinstance(outcome, Forward):
        await house.enforcement.settle(outcome.permit, json_answer(answer if answer is not None else {}))
    return outcome


async def acts(house, run, **headers):
    return await calls(house, run, "act", ("POST", "https://act.internal/do", {"n": 1}), **headers)


async def posts(house, run, text):
    return await calls(house, run, "queue.post", ("POST", "https://queue.internal/messages", {"text": text}))


async def reads(house, run, text):
    return await calls(
        house, run, "queue.read", ("GET", "https://queue.internal/messages"), answer={"messages": [text]}
    )


async def two(join="hold", risky=2):
    """A planner that has taken `risky` steps of 0.6 and a worker, each in a tree of its own."""
    house = House(ruled(join))
    planner, worker = await house.run("planner"), await house.run("worker")
    for _ in range(risky):
        assert code(await acts(house, planner)) == "Forward"
    return house, planner, worker


async def joined(house, run):
    return [(one.run_id, one.way.value) for one in (await house.tree(run)).drawn]


# found


async def test_a_model_that_is_told_what_another_runs_model_said_joins_its_chain():
    house, planner, worker = await two()
    await asks_model(house, planner, ("user", "plan"), answer=PLAN)
    await asks_model(house, worker, ("user", f"Please do this:\n{PLAN}"))
    assert await joined(house, worker) == [(planner.run.run_id, "model")]
    assert await joined(house, planner) == []
    told = [event.fields for event in house.record.events if event.event == "decision"][-1]["joined"]
    assert told == [
        {"run_id": planner.run.run_id, "root_run_id": planner.run.run_id, "agent_id": "planner", "way": "model",
         "risk": 1.2, "halted": False}
    ]  # fmt: skip


async def test_a_message_that_another_run_has_posted_joins_when_it_is_read():
    house, planner, worker = await two()
    await posts(house, planner, PLAN)
    await reads(house, worker, PLAN)
    assert await joined(house, worker) == [(planner.run.run_id, "tool")]
    told = [event.fields for event in house.record.events if event.event == "tool_returned"][-1]
    assert told["joined"][0]["run_id"] == planner.run.run_id


async def test_an_item_of_a_memory_joins_however_short_it_is():
    house, planner, worker = await two()
    note = {"id": "n", "text": "pay Acme first"}
    await calls(house, planner, "notes.write", ("POST", "https://notes.internal/notes", note))
    await calls(house, worker, "notes.read", ("GET", "https://notes.internal/notes"), answer={"notes": [note]})
    assert await joined(house, worker) == [(planner.run.run_id, "memory")]


async def test_a_new_run_of_the_same_agent_that_goes_on_with_its_old_words_does_not_start_from_zero():
    house, planner, _ = await two()
    await asks_model(house, planner, ("user", "plan"), answer=PLAN)
    again = await house.run("planner")
    await asks_model(house, again, ("user", "plan"), ("assistant", PLAN), ("user", "go on"))
    assert code(await acts(house, again)) is Code.HUMAN_APPROVAL_REQUIRED


async def test_what_another_process_was_told_is_found_too():
    house, planner, worker = await two()
    await posts(house, planner, PLAN)
    elsewhere = House(ruled("hold"), store=house.store, content=house.content)
    elsewhere.ids.count = 1_000
    await reads(elsewhere, worker, PLAN)
    assert await joined(elsewhere, worker) == [(planner.run.run_id, "tool")]


# and not found


async def test_what_both_have_read_elsewhere_is_nobodys():
    house, planner, worker = await two()
    for run in (planner, worker):
        outcome = await house.ask(run, request("GET", "https://en.wiki.example/page"))
        await house.enforcement.settle(outcome.permit, json_answer({"text": PLAN}))
        await asks_model(house, run, ("user", "quote it"), ("tool", PLAN), answer=PLAN)
    assert await joined(house, worker) == []


@pytest.mark.parametrize("role", ["system", "developer"])
async def test_an_instruction_that_another_runs_model_repeats_is_nobodys(role):
    house, planner, worker = await two()
    await asks_model(house, planner, (role, PLAN), ("user", "what are you told?"), answer=PLAN)
    await asks_model(house, worker, (role, PLAN), ("user", "hello"))
    assert await joined(house, worker) == []


async def test_what_a_run_says_itself_is_its_own_whoever_said_it_too():
    house, planner, worker = await two()
    for run in (planner, worker):
        await asks_model(house, run, ("user", "plan"), answer=PLAN)
    await asks_model(house, worker, ("user", "plan"), ("assistant", PLAN), ("user", "go on"))
    assert await joined(house, worker) == []


async def test_what_a_run_had_read_before_another_said_it_is_none_of_theirs():
    house, planner, worker = await two()
    await posts(house, await house.run("planner"), OTHER_PLAN)  # somebody has said something
    await asks_model(house, worker, ("user", PLAN))
    await posts(house, planner, PLAN)
    await asks_model(house, worker, ("user", PLAN), ("assistant", "fine"), ("user", "go on"))
    assert await joined(house, worker) == []


async def test_a_few_words_are_said_by_many():
    house, planner, worker = await two()
    await posts(house, planner, PLAN)
    await reads(house, worker, PLAN[: LEAST_DRAWN - 20])
    assert await joined(house, worker) == []


async def test_words_of_long_ago_join_nothing_and_off_is_off():
    house, planner, worker = await two()
    await posts(house, planner, PLAN)
    house.clock.ms += 3_600_001
    await reads(house, worker, PLAN)
    assert await joined(house, worker) == []
    house, planner, worker = await two("off")
    await posts(house, planner, PLAN)
    await reads(house, worker, PLAN)
    assert await joined(house, worker) == []


# what follows: hold


async def test_with_the_sum_of_both_over_a_line_a_person_is_asked_and_nobody_is_halted():
    house, planner, worker = await two()
    await posts(house, planner, PLAN)
    await reads(house, worker, PLAN)
    held = await acts(house, worker)  # 1.2 + 0.6 is over 1.5
    assert (code(held), held.rule) == (Code.HUMAN_APPROVAL_REQUIRED, "risk.join")
    assert planner.run.run_id in held.detail
    await house.approvals.answer(held.approval_id, approve=True, by=OPERATOR, why="read it")
    assert code(await acts(house, worker, AISecOps_Approval=held.approval_id)) == "Forward"
    assert code(await acts(house, worker)) is Code.HUMAN_APPROVAL_REQUIRED  # 2.4 is over 2.0 too
    assert (await house.tree(worker)).halted_ms is None
    assert (await house.tree(worker)).risk_micros == 600_000


async def test_a_hostile_run_can_do_no_more_to_those_who_read_it_than_have_a_person_asked():
    house, planner, worker = await two()
    await posts(house, planner, PLAN)
    await reads(house, worker, PLAN)
    await house.runs.halt(planner.run.run_id, by=OPERATOR, why="it was hostile")
    held = await acts(house, worker)
    assert code(held) is Code.HUMAN_APPROVAL_REQUIRED
    state = (await house.tree(worker)).runs[worker.run.run_id]
    assert (state.tool_calls, (await house.tree(worker)).halted_ms) == (1, None)


async def test_nobody_charges_or_halts_a_chain_by_working_on_its_words():
    house, planner, worker = await two("halt", risky=0)
    await posts(house, planner, PLAN)
    before = await house.tree(planner)
    await reads(house, worker, PLAN)
    for _ in range(4):
        await acts(house, worker)
    await house.runs.halt(worker.run.run_id, by=OPERATOR, why="odd")
    assert await house.tree(planner) == before
    assert code(await acts(house, planner)) == "Forward"


# what follows: halt


async def test_where_it_binds_a_sum_of_both_over_the_end_halts_who_goes_on():
    house, planner, worker = await two("halt")
    await posts(house, planner, PLAN)
    await reads(house, worker, PLAN)
    held = await acts(house, worker)
    await house.approvals.answer(held.approval_id, approve=True, by=OPERATOR, why="read it")
    assert code(await acts(house, worker, AISecOps_Approval=held.approval_id)) == "Forward"  # 1.8
    assert code(await acts(house, worker)) is Code.RISK_HALTED  # 2.4
    assert (await house.tree(worker)).halted_ms is not None
    assert (await house.tree(planner)).halted_ms is None


async def test_where_it_binds_halting_a_chain_halts_and_cuts_those_who_work_on_its_words():
    house, planner, worker = await two("halt", risky=0)
    stranger = await house.run("worker")
    await posts(house, planner, PLAN)
    await reads(house, worker, PLAN)
    token = await house.token(worker, "queue.read", "queue.read")
    open_ = await house.ask(worker, request("GET", "https://queue.internal/messages", token=token))
    other = await house.ask(stranger, request("GET", "https://en.wiki.example/page"))
    cut = []
    await house.cuts.look(lambda permit, refuse: cut.append((permit, refuse.code)))
    assert cut == []

    await house.runs.halt(planner.run.run_id, by=OPERATOR, why="odd")
    await house.cuts.look(lambda permit, refuse: cut.append((permit, refuse.code)))

    assert cut == [(open_.permit, Code.RUN_HALTED)]
    assert isinstance(other, Forward)
    refused = await acts(house, worker)
    assert (code(refused), refused.rule) == (Code.RUN_HALTED, "risk.join")
    assert "(odd)" in refused.detail
    assert code(await acts(house, stranger)) == "Forward"
    await house.runs.resume(planner.run.run_id, by=OPERATOR, why="looked")
    assert code(await acts(house, worker)) == "Forward"


async def test_a_review_parts_a_run_from_what_was_said_until_then():
    house, planner, worker = await two("halt", risky=0)
    await posts(house, planner, PLAN)
    await reads(house, worker, PLAN)
    await house.runs.halt(planner.run.run_id, by=OPERATOR, why="odd")
    await house.runs.resume(worker.run.run_id, by=OPERATOR, why="its own work is fine")
    assert house.record.events[-1].event == "run_resumed"
    assert code(await acts(house, worker)) == "Forward"
    await reads(house, worker, PLAN)
    assert code(await acts(house, worker)) == "Forward"
    await house.runs.resume(planner.run.run_id, by=OPERATOR, why="")
    house.clock.ms += 1
    await posts(house, planner, OTHER_PLAN)
    await house.runs.halt(planner.run.run_id, by=OPERATOR, why="again")
    await reads(house, worker, OTHER_PLAN)
    assert code(await acts(house, worker)) is Code.RUN_HALTED


# chains of chains


async def test_a_chain_goes_on_over_several_and_each_counts_once():
    house, planner, worker = await two(risky=1)
    last = await house.run("worker")
    await posts(house, planner, PLAN)
    await reads(house, worker, PLAN)
    assert code(await acts(house, worker)) == "Forward"
    await posts(house, worker, OTHER_PLAN)
    await reads(house, last, OTHER_PLAN)
    await reads(house, planner, OTHER_PLAN)  # and round again
    held = await acts(house, last)  # 0.6 of each of three
    assert code(held) is Code.HUMAN_APPROVAL_REQUIRED
    told = [event.fields for event in house.record.events if event.event == "decision"][-1]["joined"]
    assert sorted(one["run_id"] for one in told) == sorted([planner.run.run_id, worker.run.run_id])
    assert code(await acts(house, planner)) is Code.HUMAN_APPROVAL_REQUIRED  # 1.2 and 0.6 of the worker


async def test_what_was_decided_with_a_joined_chain_is_decided_again_from_the_record():
    house, planner, worker = await two()
    await posts(house, planner, PLAN)
    await reads(house, worker, PLAN)
    await acts(house, worker)
    await house.runs.halt(planner.run.run_id, by=OPERATOR, why="odd")  # what comes later changes nothing
    told = [event.fields for event in house.record.events if event.event == "decision"][-1]
    facts, decision = msgspec.convert(told["facts"], Facts), msgspec.convert(told["decision"], Decision)
    assert facts.joined
    assert judge(rules_of(ruled("hold")), facts, decision.decision_id).decision == decision


def test_stretches_are_counted_once_and_without_a_trees_own():
    def said(root, start, end):
        run_id = RunId(root)
        origin = Origin(
            origin_id=f"{root}{start}", tier=TrustTier.USER, source="model", sha256="", at_ms=start,
            agent_id=AgentId("a"), run_id=run_id, root_run_id=run_id,
        )  # fmt: skip
        return Traced(span=Span(start=start, end=end), origin=origin)

    half = LEAST_DRAWN // 2
    overlapping = [said("b", 0, half + 10), said("b", 5, half + 15)]
    assert drawn_of(RunId("a"), [overlapping]) == ()
    assert [one.root_run_id for one in drawn_of(RunId("a"), [overlapping, overlapping])] == ["b"]
    assert drawn_of(RunId("a"), [[said("b", 0, 500), said("a", 0, 450)]]) == ()
