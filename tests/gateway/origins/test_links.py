"""Tool requests and the calls that a model proposed before them, through the whole of enforcement."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from aisecops.gateway.origins.known import KnownAgain
from aisecops.gateway.step.judge import judge
from aisecops.model.exchange import HttpResponse
from aisecops.model.outcome import Forward, Refuse
from support.gateway import RULES, House, request

ARGUING = RULES.replace(
    """    cost: 0.55
""",
    """    arguments:
      to:   {at: "to", role: steering}
      text: {at: "text", role: content}
""",
).replace("    trust: external\n", "    trust: internal\n")
NAMED = ARGUING.replace(
    "match: {host: mail.example, method: POST, path: /send}",
    "match: [{host: mail.example, method: POST, path: /send}, {model_tool: send_email}]",
)
OFFERS = [{"type": "function", "function": {"name": name}} for name in ("send_email", "look_up", "wander")]


async def proposes(house: House, run: Any, *calls: tuple[str, Any], tools: Any = OFFERS) -> None:
    """A model proposes `calls`, and the agent gets its answer."""
    body: dict[str, Any] = {"model": "gpt-4o", "messages": [{"role": "user", "content": "write to ann, bob and 7"}]}
    outcome = await house.ask(
        run, request("POST", "https://api.openai.com/v1/chat/completions", body={**body, "tools": tools})
    )
    assert isinstance(outcome, Forward), outcome
    proposed = [
        {"id": f"call_{name}", "type": "function", "function": {"name": name, "arguments": orjson.dumps(said).decode()}}
        for name, said in calls
    ]
    choice = {"index": 0, "message": {"role": "assistant", "content": "", "tool_calls": proposed}}
    answer = orjson.dumps({"model": "gpt-4o", "choices": [choice]})
    said = HttpResponse(status=200, headers=(("Content-Type", "application/json"),), body=answer)
    assert isinstance(await house.enforcement.settle(outcome.permit, said), HttpResponse)


async def mails(house: House, run: Any, to: str = "ann", text: str = "hello there") -> Any:
    token = await house.token(run, "mail.send", f"mail.contacts.{to}")
    body = {"to": to, "text": text}
    return await house.ask(run, request("POST", "https://mail.example/send", body=body, token=token))


async def reads(house: House, run: Any, customer: str = "42") -> Any:
    token = await house.token(run, "crm.read", f"crm.customers.{customer}")
    return await house.ask(run, request("GET", f"https://crm.internal/v1/customers/{customer}", token=token))


def invoked(house: House) -> dict[str, Any]:
    """What the record says of the last tool request."""
    return [event.fields for event in house.record.events if event.event == "tool_invoked"][-1]


def trust(house: House) -> float:
    return [event.fields["risk"] for event in house.record.events if event.event == "decision"][-1]["trust"]


@pytest.mark.parametrize("text", [ARGUING, NAMED], ids=["known by its values", "known by its name"])
async def test_a_request_names_the_proposal_that_it_is_of(text: str) -> None:
    house = House(text)
    run = await house.run()
    await proposes(house, run, ("look_up", {"customer": 42}), ("send_email", {"to": "ann", "text": "hello there"}))
    assert isinstance(await mails(house, run), Forward)
    llm = next(event for event in house.record.events if event.event == "llm_called")
    said = invoked(house)
    assert (said["proposed"], said["call_id"], said["proposed_in"]) == (
        "send_email",
        "call_send_email",
        llm.decision_id,
    )
    assert "differs" not in said
    assert trust(house) == 0.5


async def test_what_makes_a_scope_is_enough_to_know_a_proposal() -> None:
    house = House(ARGUING)
    run = await house.run()
    await proposes(house, run, ("send_email", {"to": "ann", "text": "hello there"}), ("look_up", {"customer": 42}))
    await reads(house, run)
    assert invoked(house)["proposed"] == "look_up"
    await reads(house, run, "43")
    assert invoked(house)["unproposed"] is True


async def test_a_request_that_no_model_proposed_is_recorded_weighs_more_and_passes() -> None:
    house = House(NAMED)
    run = await house.run()
    await proposes(house, run, ("wander", {}))
    assert isinstance(await mails(house, run), Forward)
    assert invoked(house)["unproposed"] is True
    assert trust(house) == 1.0


async def test_a_part_of_a_proposed_path_is_enough() -> None:
    house = House(ARGUING)
    run = await house.run()
    await proposes(house, run, ("look_up", {"path": "/v1/customers/42"}))
    await reads(house, run)
    assert invoked(house)["proposed"] == "look_up"


async def test_a_withdrawn_proposal_is_none() -> None:
    house = House(ARGUING)
    run = await house.run()
    await proposes(house, run, ("delete_all", {"to": "ann", "text": "hello there"}))
    await mails(house, run)
    assert invoked(house)["unproposed"] is True
    assert invoked(house)["withdrawn_in"] == next(
        event.decision_id for event in house.record.events if event.event == "llm_called"
    )


@pytest.mark.parametrize("text", [ARGUING, NAMED], ids=["known by its values", "known by its name"])
async def test_a_retry_and_a_later_turn_are_of_the_same_proposal(text: str) -> None:
    house = House(text)
    run = await house.run()
    await proposes(house, run, ("send_email", {"to": "ann", "text": "hello there"}))
    await proposes(house, run, ("wander", {}))
    for _ in range(3):
        await mails(house, run)
        assert (invoked(house)["proposed"], trust(house)) == ("send_email", 0.5)


@pytest.mark.parametrize(
    "said",
    [
        {"text": "Hello,\nthere!", "to": "ANN"},
        {"message": {"recipients": ["ann"], "text": "hello there", "priority": "high"}},
        {"to": "ann", "text": "hello there", "cc": None, "n": 1.0},
        {"body": '{"to": "ann", "text": "hello there"}'},
    ],
    ids=["spelt otherwise", "shaped otherwise", "with more", "as text"],
)
async def test_another_form_of_the_same_makes_no_difference(said: Any) -> None:
    house = House(NAMED)
    run = await house.run()
    await proposes(house, run, ("send_email", said))
    await mails(house, run)
    assert "differs" not in invoked(house)
    assert trust(house) == 0.5


async def test_what_the_agent_says_otherwise_is_named_and_steering_elsewhere_weighs() -> None:
    house = House(NAMED)
    run = await house.run()
    await proposes(house, run, ("send_email", {"to": "ann", "text": "hello there"}))
    await mails(house, run, text="goodbye then")
    assert (invoked(house)["differs"], trust(house)) == (["text"], 0.5)
    await mails(house, run, to="bob")
    assert (invoked(house)["differs"], trust(house)) == (["to", "scope"], 1.0)


async def test_a_read_that_nobody_proposed_weighs_no_more() -> None:
    house = House(ARGUING)
    run = await house.run()
    await proposes(house, run, ("wander", {}))
    await reads(house, run)
    assert (invoked(house)["unproposed"], trust(house)) == (True, 0.5)


@pytest.mark.parametrize("model", ["none", "without tools"])
async def test_agents_whose_models_propose_nothing_are_not_asked(model: str) -> None:
    house = House(NAMED)
    run = await house.run()
    if model != "none":
        await proposes(house, run, tools=[])
    await mails(house, run)
    assert not {"unproposed", "proposed"} & invoked(house).keys()
    assert trust(house) == 0.5


async def test_a_child_run_may_carry_out_what_its_parents_model_proposed_and_no_other_run() -> None:
    house = House(NAMED)
    run, other = await house.run(), await house.run()
    child = await house.run(parent=run.run.run_id)
    for one in (run, other):
        await proposes(house, one, ("wander", {}))
    await proposes(house, run, ("send_email", {"to": "ann", "text": "hello there"}))
    await mails(house, child)
    assert invoked(house)["proposed"] == "send_email"
    await mails(house, other)
    assert invoked(house)["unproposed"] is True


async def test_another_process_knows_the_proposal_too() -> None:
    house = House(NAMED)
    run = await house.run()
    await proposes(house, run, ("send_email", {"to": "ann", "text": "hello there"}))
    elsewhere = KnownAgain(house.content, b"p" * 32)
    (found,) = await elsewhere.proposals(run.run.root_run_id) or []
    assert (found.name, found.holds("ann"), found.holds("bob")) == ("send_email", True, False)
    assert await elsewhere.proposals((await house.run()).run.root_run_id) is None
    assert "hello" not in str(list(house.content._known.values()))


async def test_only_the_newest_proposals_of_a_tree_are_kept_at_hand() -> None:
    house = House(NAMED)
    run = await house.run()
    await proposes(house, run, ("send_email", {"to": "ann", "text": "hello there"}))
    await house.known.propose(run.run.root_run_id, "dec_x", [("wander", str(n), "{}") for n in range(200)])
    assert len(await house.known.proposals(run.run.root_run_id) or []) == 200
    await mails(house, run)
    assert invoked(house)["unproposed"] is True


async def test_the_decision_comes_out_the_same_from_its_record() -> None:
    house = House(NAMED)
    run = await house.run()
    await proposes(house, run, ("wander", {}))
    outcome = await mails(house, run)
    permit = house.permits.find(outcome.permit)
    assert permit is not None
    assert judge(house.rules.current(), permit.facts, permit.decision_id).decision == permit.judged.decision


MCP = RULES.replace(
    "models:\n",
    """  tickets.*:
    match: {mcp: {host: mcp.internal, path: /mcp, tool: "*"}}
    effect: write
    trust: internal
models:
""",
).replace("      - {tool: db.write", '      - {tool: tickets.create, scope: "**"}\n      - {tool: db.write')


@pytest.mark.parametrize(("name", "found"), [("mcp__desk__create", True), ("create", True), ("close", False)])
async def test_an_mcp_call_is_known_by_its_name_with_or_without_a_prefix(name: str, found: bool) -> None:
    house = House(MCP)
    run = await house.run()
    offer = [{"type": "function", "function": {"name": name}}]
    await proposes(house, run, (name, {"title": "broken lamp"}), tools=offer)
    call = {"jsonrpc": "2.0", "id": 1, "method": "tools/call"}
    body = {**call, "params": {"name": "create", "arguments": {"title": "broken lamp"}}}
    token = await house.token(run, "tickets.create", "tickets.create")
    outcome = await house.ask(run, request("POST", "https://mcp.internal/mcp", body=body, token=token))
    assert not isinstance(outcome, Refuse), outcome
    assert invoked(house).get("proposed", "") == (name if found else "")
