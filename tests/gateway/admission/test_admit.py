import asyncio

import orjson
import pytest
from msgspec.structs import replace

from aisecops.adapters.store.memory import MemoryStore
from aisecops.gateway.enforcer import Caller
from aisecops.gateway.step.judge import judge, says_no
from aisecops.model.budget import RunPhase
from aisecops.model.decision import Verdict
from aisecops.model.errors import PolicyError
from aisecops.model.facts import Facts
from aisecops.model.finding import Finding
from aisecops.model.ids import AgentId
from aisecops.model.outcome import Forward, Refuse
from aisecops.model.provenance import Span
from aisecops.model.record import EventName
from aisecops.model.refusals import Code
from aisecops.model.state import RevocationKind
from support.gateway import OPERATOR, RULES, House, code, read, request, rules_of, send, write
from support.stores import FailingStore, Failure


async def test_a_granted_read_with_its_token_passes():
    house = House()
    run = await house.run()
    outcome = await house.ask(run, read(token=await house.token(run, "crm.read", "crm.customers.42")))
    assert isinstance(outcome, Forward), outcome
    assert dict(outcome.response_headers)["AISecOps-Risk"] == "total=0.1; approve=1.5; halt=2"


async def test_a_tool_request_without_token_is_refused_and_told_what_to_ask_for():
    house = House()
    run = await house.run()
    outcome = await house.ask(run, read())
    assert code(outcome) is Code.TOKEN_MISSING
    assert outcome.request_token == {"run_id": run.run.run_id, "tool": "crm.read", "scope": "crm.customers.42"}


async def test_the_token_in_the_refusal_gets_the_request_through():
    house = House()
    run = await house.run()
    refused = await house.ask(run, read())
    asked = refused.request_token
    outcome = await house.ask(run, read(token=await house.token(run, asked["tool"], asked["scope"])))
    assert isinstance(outcome, Forward)


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://evil.example/x", Code.DESTINATION_DENIED),
        ("https://crm.internal:8443/v1/customers/42", Code.DESTINATION_DENIED),
        ("https://crm.internal/v2/other", Code.TOOL_UNDECLARED),
        ("https://crm.internal/v1/../admin", Code.PROTOCOL_DENIED),
        ("https://crm.internal/v1/customers;/1", Code.PROTOCOL_DENIED),
        ("https://crm.internal/v1/customers/1;x", Code.UNREADABLE),
        ("https://crm.internal/v1/customers/a%2fb", Code.PROTOCOL_DENIED),
    ],
)
async def test_what_no_rule_names_is_refused_and_never_resolved(url, expected):
    house = House()
    run = await house.run()
    outcome = await house.ask(run, request("GET", url))
    assert code(outcome) is expected
    assert house.names.asked == []


async def test_every_refusal_is_recorded_with_its_reasons():
    house = House()
    run = await house.run()
    outcome = await house.ask(run, request("GET", "https://evil.example/x?secret=1"))
    decision = next(event for event in house.record.events if event.event == "decision")
    assert decision.decision_id == outcome.decision_id
    assert decision.fields["code"] == Code.DESTINATION_DENIED
    assert "secret=1" not in str(decision)


async def test_a_record_that_cannot_be_written_stops_the_step_and_charges_nothing():
    house = House()
    run = await house.run()
    token = await house.token(run, "mail.send", "mail.contacts.ann")
    house.record.broken = True
    outcome = await house.ask(run, send(token=token))
    assert code(outcome) is Code.RECORD_UNAVAILABLE
    tree = await house.tree(run)
    assert (tree.risk_micros, tree.runs[run.run.run_id].tool_calls, tree.runs[run.run.run_id].cost_micros) == (0, 0, 0)


async def test_the_charge_is_in_the_store_before_the_record_and_the_record_before_the_forward():
    house = House()
    run = await house.run()
    token = await house.token(run, "mail.send", "mail.contacts.ann")
    seen = []
    append = house.record.append

    async def watched(*events, durable=False):
        tree = await house.tree(run)
        seen.append(([event.event.value for event in events], tree.runs[run.run.run_id].write_operations, durable))
        await append(*events, durable=durable)

    house.record.append = watched
    await house.ask(run, send(token=token))
    assert [one for one in seen if "decision" in one[0]] == [(["decision", "tool_invoked"], 1, True)]
    assert {charged for _, charged, _ in seen} == {1}


async def test_a_read_is_recorded_without_waiting_for_the_disk():
    house = House()
    run = await house.run()
    token = await house.token(run, "crm.read", "crm.customers.42")
    house.record.durable.clear()
    await house.ask(run, read(token=token))
    assert house.record.durable == []


@pytest.mark.parametrize(
    ("method", "asked"), [("snapshot", {}), ("reserve", {}), ("find_run", {}), ("swap_tree", {"uses": 1})]
)
@pytest.mark.parametrize("failure", list(Failure))
async def test_a_store_that_fails_refuses(method, asked, failure):
    store = FailingStore(MemoryStore())
    house = House(store=store)
    run = await house.run()
    token = await house.token(run, "crm.read", "crm.customers.42", **asked)
    store.failing[method] = failure
    caller = Caller(agent_id=run.run.agent_id, run_id=None)
    outcome = await house.enforcement.admit(caller, read(token=token, AISecOps_Run=run.run.run_id))
    assert code(outcome) is Code.STORE_UNAVAILABLE
    assert outcome.detail == "the store cannot be asked; try again when it is up"  # and not where it is
    assert outcome.inside


async def test_a_swap_that_happened_but_was_reported_failed_stays_charged():
    store = FailingStore(MemoryStore())
    house = House(store=store)
    run = await house.run()
    token = await house.token(run, "crm.read", "crm.customers.42")
    store.failing["reserve"] = Failure.AFTER
    await house.ask(run, read(token=token))
    store.failing.clear()
    assert (await house.tree(run)).runs[run.run.run_id].tool_calls == 1


async def test_hundreds_of_parallel_requests_let_exactly_the_budget_through():
    house = House(RULES.replace("max_write_operations: 10, max_cost: 1.00", "max_write_operations: 500"))
    run = await house.run()
    token = await house.token(run, "crm.read", "crm.customers.*")
    rules = house.rules.rules
    tool = replace(rules.tools["crm.read"], base_risk=rules.tools["crm.read"].base_risk * 0)
    house.rules.rules = replace(rules, tools={**rules.tools, "crm.read": tool})
    outcomes = await asyncio.gather(*(house.ask(run, read(str(number), token=token)) for number in range(300)))
    passed = [outcome for outcome in outcomes if isinstance(outcome, Forward)]
    assert len(passed) == 50
    assert {code(outcome) for outcome in outcomes} == {"Forward", Code.BUDGET_EXCEEDED}


async def test_a_single_use_token_passes_once_also_in_parallel():
    house = House()
    run = await house.run()
    token = await house.token(run, "crm.read", "crm.customers.42", uses=1)
    outcomes = await asyncio.gather(*(house.ask(run, read(token=token)) for _ in range(20)))
    assert sorted(map(str, map(code, outcomes))).count("Forward") == 1
    assert {code(outcome) for outcome in outcomes} == {"Forward", Code.TOKEN_REPLAYED}


@pytest.mark.parametrize(
    ("kind", "name"), [(RevocationKind.TOKEN, "jti"), (RevocationKind.RUN, "run"), (RevocationKind.AGENT, "agent")]
)
async def test_a_revoked_token_fails_on_the_next_request(kind, name):
    house = House()
    run = await house.run()
    token = await house.token(run, "crm.read", "crm.customers.*")
    assert isinstance(await house.ask(run, read("1", token=token)), Forward)
    jti = next(event.fields["jti"] for event in house.record.events if event.event == "token_issued")
    revoked = {"jti": jti, "run": run.run.run_id, "agent": "clerk"}[name]
    await house.store.revoke(kind, revoked, now_ms=house.clock.ms, why="test")
    assert code(await house.ask(run, read("2", token=token))) is Code.TOKEN_REVOKED


@pytest.mark.parametrize(
    ("later", "expected"), [(299, "Forward"), (300, Code.TOKEN_EXPIRED), (3000, Code.TOKEN_EXPIRED)]
)
async def test_a_token_ends_when_it_says(later, expected):
    house = House()
    run = await house.run()
    token = await house.token(run, "crm.read", "crm.customers.42")
    house.clock.ms += later * 1000
    assert code(await house.ask(run, read(token=token))) == expected


async def test_another_customers_scope_is_not_covered():
    house = House()
    run = await house.run()
    token = await house.token(run, "crm.read", "crm.customers.42")
    refused = await house.ask(run, read("43", token=token))
    assert code(refused) is Code.SCOPE_VIOLATION
    assert refused.detail.endswith("; ask for a token that covers the request")


async def test_a_token_of_another_run_is_refused():
    house = House()
    one, other = await house.run(), await house.run()
    token = await house.token(one, "crm.read", "crm.customers.42")
    assert code(await house.ask(other, read(token=token))) is Code.TOKEN_WRONG_RUN


async def test_a_token_whose_grant_was_taken_away_is_outdated():
    house = House()
    run = await house.run()
    token = await house.token(run, "crm.read", "crm.customers.42")
    house.rules.rules = rules_of(
        RULES.replace('scope: "crm.customers.*", constraints', 'scope: "crm.customers.1", constraints')
    )
    assert code(await house.ask(run, read(token=token))) is Code.TOKEN_POLICY_OUTDATED


async def test_a_token_issued_under_older_rules_that_still_grant_it_passes():
    house = House()
    run = await house.run()
    token = await house.token(run, "crm.read", "crm.customers.42")
    house.rules.rules = rules_of(RULES + "\n# a comment\n")
    assert isinstance(await house.ask(run, read(token=token)), Forward)


async def test_the_worked_example_as_an_undeclared_chain_is_held_at_the_step_that_crosses():
    # spec 8: 0.10 + 0.96 + 0.275 = 1.335 over 1.2; an undeclared chain is held where the sum crosses
    house = House(RULES.replace("approve_above: 1.5", "approve_above: 1.2"))
    run = await house.run()
    risks = []
    for tool, scope, ask in (
        ("crm.read", "crm.customers.42", read),
        ("mail.send", "mail.contacts.ann", send),
        ("db.write", "db.orders.7", write),
    ):
        outcome = await house.ask(run, ask(token=await house.token(run, tool, scope)))
        risks.append(
            outcome.risk_header if isinstance(outcome, Refuse) else dict(outcome.response_headers)["AISecOps-Risk"]
        )
    decisions = [event.fields for event in house.record.events if event.event == "decision"]
    assert [decision["risk"]["step"] for decision in decisions] == [0.1, 0.96, 0.275]
    assert [decision["risk"]["stress"] for decision in decisions] == [1.0, 1.0, 1.1]
    assert decisions[-1]["total"] == 1.335
    assert code(outcome) is Code.HUMAN_APPROVAL_REQUIRED
    assert risks[:2] == ["total=0.1; approve=1.2; halt=2", "total=1.06; approve=1.2; halt=2"]


HOLDING = RULES.replace("approve_above: 1.5", "approve_above: 0.5").replace("max_cost: 1.00", "max_cost: 100")


async def held(house, run):
    token = await house.token(run, "mail.send", "mail.contacts.ann")
    outcome = await house.ask(run, send(token=token))
    assert code(outcome) is Code.HUMAN_APPROVAL_REQUIRED, outcome
    return token, outcome


async def test_an_approved_step_passes_once():
    house = House(HOLDING)
    run = await house.run()
    token, outcome = await held(house, run)
    await house.approvals.answer(outcome.approval_id, approve=True, by=OPERATOR, why="fine")
    again = [await house.ask(run, send(token=token, AISecOps_Approval=outcome.approval_id)) for _ in range(2)]
    assert [code(one) for one in again] == ["Forward", Code.HUMAN_APPROVAL_REQUIRED]
    assert again[1].approval_id != outcome.approval_id


async def test_an_approval_is_used_once_by_many_at_once():
    house = House(HOLDING)
    run = await house.run()
    token, outcome = await held(house, run)
    await house.approvals.answer(outcome.approval_id, approve=True, by=OPERATOR, why="")
    asked = (house.ask(run, send(token=token, AISecOps_Approval=outcome.approval_id)) for _ in range(10))
    assert [code(one) for one in await asyncio.gather(*asked)].count("Forward") == 1


async def test_an_approval_is_for_exactly_that_request():
    house = House(HOLDING)
    run = await house.run()
    token = await house.token(run, "mail.send", "mail.contacts.*")
    outcome = await house.ask(run, send("ann", token=token))
    await house.approvals.answer(outcome.approval_id, approve=True, by=OPERATOR, why="")
    other = await house.ask(run, send("eve", token=token, AISecOps_Approval=outcome.approval_id))
    assert code(other) is Code.HUMAN_APPROVAL_REQUIRED


async def test_a_held_step_asked_for_again_is_the_same_question():
    house = House(HOLDING)
    run = await house.run()
    token, outcome = await held(house, run)
    again = await house.ask(run, send(token=token))
    assert again.approval_id == outcome.approval_id
    assert house.record.names().count("human_approval_required") == 1


async def test_a_denied_step_is_refused_with_the_persons_reason():
    house = House(HOLDING)
    run = await house.run()
    token, outcome = await held(house, run)
    await house.approvals.answer(outcome.approval_id, approve=False, by=OPERATOR, why="not her")
    refused = await house.ask(run, send(token=token, AISecOps_Approval=outcome.approval_id))
    assert code(refused) is Code.POLICY_DENIED
    assert "not her" in refused.detail


async def test_an_approval_that_nobody_gave_in_time_is_expired():
    house = House(HOLDING)
    run = await house.run()
    _token, outcome = await held(house, run)
    await house.approvals.answer(outcome.approval_id, approve=True, by=OPERATOR, why="")
    house.clock.ms += 1_000_000
    fresh = await house.token(run, "mail.send", "mail.contacts.ann")
    late = await house.ask(run, send(token=fresh, AISecOps_Approval=outcome.approval_id))
    assert code(late) is Code.HUMAN_APPROVAL_REQUIRED
    assert "approval_expired" in house.record.names()


async def test_a_held_request_goes_on_when_a_person_approves_while_it_waits():
    house = House(HOLDING, hold_ms=60_000)
    run = await house.run()
    token = await house.token(run, "mail.send", "mail.contacts.ann")
    waiting = asyncio.ensure_future(house.ask(run, send(token=token)))
    while not (pending := await house.store.list_approvals()):
        await asyncio.sleep(0)
    await house.approvals.answer(pending[0].approval_id, approve=True, by=OPERATOR, why="")
    assert isinstance(await asyncio.wait_for(waiting, 5), Forward)


async def test_an_approval_cannot_carry_a_step_over_the_halt_line():
    house = House(HOLDING.replace("halt_above: 2.0", "halt_above: 0.9"))
    run = await house.run()
    token, outcome = await held(house, run)
    await house.approvals.answer(outcome.approval_id, approve=True, by=OPERATOR, why="")
    tree = await house.store.snapshot(run.run.run_id)
    await house.store.swap_tree(tree.tree.root_run_id, seen=tree.version, new=replace(tree.tree, risk_micros=800_000))
    refused = await house.ask(run, send(token=token, AISecOps_Approval=outcome.approval_id))
    assert code(refused) is Code.RISK_HALTED


async def test_the_step_that_would_cross_the_halt_line_halts_the_run_and_does_not_leave():
    house = House(
        RULES.replace("halt_above: 2.0", "halt_above: 0.5").replace("approve_above: 1.5", "approve_above: 0.5")
    )
    run = await house.run()
    refused = await house.ask(run, send(token=await house.token(run, "mail.send", "mail.contacts.ann")))
    assert code(refused) is Code.RISK_HALTED
    assert "run_halted" in house.record.names()
    assert code(await house.ask(run, read(token="x"))) is Code.RUN_HALTED


async def test_a_childs_risk_adds_to_its_root_and_a_halted_root_halts_the_child():
    house = House(RULES.replace("max_cost: 1.00", "max_cost: 100"))
    root = await house.run()
    child = await house.run(parent=root.run.run_id)
    await house.ask(child, send(token=await house.token(child, "mail.send", "mail.contacts.ann")))
    assert (await house.tree(root)).risk_micros == 800_000
    await house.runs.halt(root.run.run_id, by=OPERATOR, why="enough")
    assert code(await house.ask(child, read())) is Code.RUN_HALTED


async def test_four_thousand_mails_do_not_go_out():
    # spec 3.4: each alone is allowed; together they are stopped long before
    house = House(
        RULES.replace("max_cost: 1.00", "max_cost: 100000").replace(
            "max_tool_calls: 50, max_write_operations: 10, ", ""
        )
    )
    run = await house.run()
    token = await house.token(run, "mail.send", "mail.contacts.*")
    passed = 0
    for number in range(4000):
        outcome = await house.ask(run, send(f"user{number}", token=token))
        if not isinstance(outcome, Forward):
            break
        passed += 1
    assert passed == 1
    assert code(outcome) is Code.HUMAN_APPROVAL_REQUIRED


def finding(entity, where="body:/text"):
    return Finding(entity=entity, where=where, span=Span(start=0, end=5), confidence=0.9, fingerprint="f" * 16)


EGRESS = (
    RULES
    + """
egress:
  detectors:
    - {entity: CREDIT_CARD, to: external, action: block}
    - {entity: EMAIL_ADDRESS, to: external, action: mask}
    - {entity: PHONE_NUMBER, to: external, action: hold}
"""
)


async def test_what_must_not_leave_is_blocked_before_anything_is_charged():
    house = House(EGRESS)
    run = await house.run()
    house.scanner.found = (finding("CREDIT_CARD"),)
    refused = await house.ask(run, send(token=await house.token(run, "mail.send", "mail.contacts.ann")))
    assert code(refused) is Code.EGRESS_BLOCKED
    assert refused.findings[0]["entity"] == "CREDIT_CARD"
    assert (await house.tree(run)).risk_micros == 0


async def test_what_is_masked_leaves_masked():
    house = House(EGRESS)
    run = await house.run()
    house.scanner.found = (finding("EMAIL_ADDRESS"),)
    outcome = await house.ask(run, send(token=await house.token(run, "mail.send", "mail.contacts.ann")))
    assert isinstance(outcome, Forward), outcome
    assert orjson.loads(outcome.body) == {"to": "ann", "text": "<EMAIL_ADDRESS>"}


async def test_a_finding_that_asks_for_a_person_holds():
    house = House(EGRESS)
    run = await house.run()
    house.scanner.found = (finding("PHONE_NUMBER"),)
    held_step = await house.ask(run, send(token=await house.token(run, "mail.send", "mail.contacts.ann")))
    assert code(held_step) is Code.HUMAN_APPROVAL_REQUIRED


async def test_a_request_that_is_refused_anyway_is_not_scanned():
    house = House(EGRESS)
    run = await house.run()
    await house.ask(run, send())
    assert house.scanner.seen == []


async def test_the_capability_and_proxy_credentials_are_not_content():
    house = House(EGRESS)
    run = await house.run()
    token = await house.token(run, "mail.send", "mail.contacts.ann")
    await house.ask(run, send(token=token, Proxy_Authorization="Basic xyz"))
    assert not any(token in text or "xyz" in text for _, text in house.scanner.seen)


@pytest.mark.parametrize("address", ["10.0.0.5", "127.0.0.1", "169.254.169.254", "::1", "::ffff:10.0.0.5"])
async def test_a_name_that_leads_to_an_inner_address_is_refused(address):
    house = House()
    run = await house.run()
    house.names.table["mail.example"] = address
    refused = await house.ask(run, send(token=await house.token(run, "mail.send", "mail.contacts.ann")))
    assert code(refused) is Code.DESTINATION_DENIED


async def test_an_observed_agent_is_not_refused_and_what_would_have_been_is_recorded():
    house = House(RULES.replace("role: office", "role: office\n    mode: observe"))
    run = await house.run()
    outcome = await house.ask(run, send())
    assert isinstance(outcome, Forward)
    decision = next(event for event in house.record.events if event.event == "decision")
    assert (decision.fields["verdict"], decision.fields["enforced"], decision.fields["code"]) == (
        "deny",
        "allow",
        Code.TOKEN_MISSING,
    )


async def test_observing_does_not_open_the_way_to_inner_addresses():
    house = House(RULES.replace("role: office", "role: office\n    mode: observe"))
    run = await house.run()
    house.names.table["mail.example"] = "169.254.169.254"
    assert code(await house.ask(run, send())) is Code.DESTINATION_DENIED


async def test_an_agent_that_cannot_ask_gets_its_token_from_the_gateway():
    house = House(RULES.replace("role: office", "role: office\n    token: broker"))
    run = await house.run()
    assert isinstance(await house.ask(run, read()), Forward)
    assert "token_issued" in house.record.names()


@pytest.mark.parametrize("mode", ["enforce", "observe"])
async def test_a_token_that_cannot_be_asked_for_is_a_recorded_decision_in_every_mode(mode):
    house = House(RULES.replace("role: office", f"role: office\n    token: broker\n    mode: {mode}"))
    run = await house.run()

    async def down(*_):
        raise PolicyError("the control plane cannot be asked")

    house.tokens.issue = down
    refused = await house.ask(run, read())
    assert (code(refused), refused.run_id) == (Code.POLICY_UNAVAILABLE, run.run.run_id)
    decided = [event for event in house.record.events if event.event is EventName.DECISION]
    assert [(one.decision_id, one.fields["code"]) for one in decided] == [(refused.decision_id, "policy_unavailable")]


async def test_a_brokered_agent_gets_no_more_than_its_grants():
    house = House(
        RULES.replace("role: office", "role: office\n    token: broker").replace(
            '"mail.contacts.*"', '"mail.contacts.bob"'
        )
    )
    run = await house.run()
    assert code(await house.ask(run, send("ann"))) is Code.POLICY_DENIED


async def test_an_agent_without_grants_can_do_nothing():
    house = House()
    run = await house.run("visitor")
    assert code(await house.ask(run, read())) is Code.TOKEN_MISSING
    refused = await house.tokens.issue(AgentId("visitor"), _asked(run))
    assert code(refused) is Code.POLICY_DENIED


def _asked(run):
    from aisecops.gateway.runs.issue import TokenRequest

    return TokenRequest(run_id=run.run.run_id, tool="crm.read", scope="crm.customers.42")


async def test_the_run_header_must_belong_to_the_agent():
    house = House()
    other = await house.run("visitor")
    caller = Caller(agent_id=AgentId("clerk"))
    refused = await house.enforcement.admit(caller, read(AISecOps_Run=other.run.run_id))
    assert code(refused) is Code.RUN_UNKNOWN


async def test_without_a_run_the_agent_has_an_implicit_one_until_it_is_idle():
    house = House()
    caller = Caller(agent_id=AgentId("clerk"))
    first = await house.enforcement.admit(caller, read())
    second = await house.enforcement.admit(caller, read())
    house.clock.ms += 61_000
    third = await house.enforcement.admit(caller, read())
    assert first.run_id == second.run_id != third.run_id


async def test_a_halted_implicit_run_is_not_left_by_asking_again():
    house = House()
    caller = Caller(agent_id=AgentId("clerk"))
    first = await house.enforcement.admit(caller, read())
    await house.runs.halt(first.run_id, by=OPERATOR, why="")
    assert code(await house.enforcement.admit(caller, read())) is Code.RUN_HALTED


async def test_a_source_is_read_without_token_and_only_read():
    house = House()
    run = await house.run()
    assert isinstance(await house.ask(run, request("GET", "https://en.wiki.example/page")), Forward)
    assert code(await house.ask(run, request("POST", "https://en.wiki.example/page", body={}))) is Code.TOOL_UNDECLARED


async def test_a_model_call_needs_no_token_and_costs_budget():
    house = House()
    run = await house.run()
    body = {"model": "gpt-4o", "max_tokens": 1000, "messages": [{"role": "user", "content": "hello"}]}
    outcome = await house.ask(run, request("POST", "https://api.openai.com/v1/chat/completions", body=body))
    assert isinstance(outcome, Forward), outcome
    assert (await house.tree(run)).runs[run.run.run_id].cost_micros >= 10_000


async def test_a_model_call_that_would_cost_too_much_is_refused():
    house = House()
    run = await house.run()
    body = {"model": "gpt-4o", "max_tokens": 200_000, "messages": [{"role": "user", "content": "hello"}]}
    refused = await house.ask(run, request("POST", "https://api.openai.com/v1/chat/completions", body=body))
    assert code(refused) is Code.BUDGET_EXCEEDED


async def test_an_upload_to_a_model_provider_that_is_no_call_is_refused():
    house = House()
    run = await house.run()
    refused = await house.ask(run, request("POST", "https://api.openai.com/v1/files", body={"file": "x"}))
    assert code(refused) is Code.UNREADABLE


@pytest.mark.parametrize("body", [b'{"to": "ann", "to": "eve"}', b"{", b'{"to": NaN}', b"\xff"])
async def test_a_body_that_two_readers_might_read_differently_is_unreadable(body):
    house = House()
    run = await house.run()
    assert code(await house.ask(run, request("POST", "https://mail.example/send", body=body))) is Code.UNREADABLE


async def test_every_decision_can_be_made_again_from_its_record():
    import msgspec

    house = House(EGRESS)
    run = await house.run()
    house.scanner.found = (finding("EMAIL_ADDRESS"),)
    await house.ask(run, send(token=await house.token(run, "mail.send", "mail.contacts.ann")))
    await house.ask(run, read())
    await house.ask(run, request("GET", "https://evil.example/"))
    for event in [event for event in house.record.events if event.event == "decision"]:
        wire = orjson.loads(orjson.dumps(event.fields["facts"]))
        facts = msgspec.convert(wire, Facts)
        again = judge(house.rules.rules, facts, event.decision_id)
        assert msgspec.to_builtins(again.decision) == event.fields["decision"]
        assert says_no(house.rules.rules, facts) == (again.decision.verdict is Verdict.DENY)


async def test_no_token_and_no_content_is_in_any_event():
    house = House(EGRESS)
    run = await house.run()
    token = await house.token(run, "mail.send", "mail.contacts.ann")
    await house.ask(run, send(token=token, Authorization="Bearer very-secret"))
    told = str(house.record.events)
    assert token not in told
    assert "very-secret" not in told
    assert "hello" not in told


async def test_a_connection_to_an_unknown_name_is_refused_before_it_is_opened():
    house = House()
    run = await house.run()
    caller = Caller(agent_id=run.run.agent_id, run_id=run.run.run_id)
    refused = await house.enforcement.connect(caller, "evil.example", 443)
    assert code(refused) is Code.DESTINATION_DENIED
    assert await house.enforcement.connect(caller, "crm.internal", 443) is None
    assert house.names.asked == []


async def test_a_finished_run_does_nothing_more():
    house = House()
    run = await house.run()
    await house.runs.finish(run.run.run_id, by="agent:clerk")
    assert (await house.tree(run)).runs[run.run.run_id].phase is RunPhase.FINISHED
    assert code(await house.ask(run, read())) is Code.RUN_FINISHED


@pytest.mark.parametrize(
    "policy", ['policy: {cedar: ["policy/*.cedar"]}', 'policy: {opa: {url: "http://127.0.0.1:1", path: a}}']
)
async def test_a_decision_point_that_says_nothing_has_not_said_yes(policy):
    house = House()
    run = await house.run()
    token = await house.token(run, "crm.read", "crm.customers.42")
    house.points._points = ()  # nobody to ask them with
    house.rules.rules = rules_of(f"{RULES}\n{policy}\n")
    assert code(await house.ask(run, read(token=token))) is Code.POLICY_UNAVAILABLE
    refused = await house.tokens.issue(AgentId("clerk"), _asked(run))
    assert code(refused) is Code.POLICY_UNAVAILABLE


async def test_two_tokens_are_no_token():
    house = House()
    run = await house.run()
    token = await house.token(run, "crm.read", "crm.customers.42")
    assert code(await house.ask(run, read(token=token, AISecOps_Capability=token))) is Code.TOKEN_MALFORMED


async def test_what_the_host_refuses_by_itself_is_recorded_and_named():
    house = House()
    run = await house.run()
    caller = Caller(agent_id=run.run.agent_id, run_id=run.run.run_id)
    made = Refuse(code=Code.PROTOCOL_DENIED, detail="two hosts were named")
    told = await house.enforcement.refused(caller, read(), made)
    decision = next(event for event in house.record.events if event.event == "decision")
    assert (told.code, told.decision_id, decision.fields["code"]) == (
        Code.PROTOCOL_DENIED,
        decision.decision_id,
        Code.PROTOCOL_DENIED,
    )


KEY = "AKIA" + "Q7WX" * 4


async def test_a_secret_never_becomes_a_scope():
    house = House()
    run = await house.run()
    refused = await house.ask(run, read(KEY))
    assert code(refused) is Code.EGRESS_BLOCKED
    from aisecops.gateway.runs.issue import TokenRequest
    from aisecops.gateway.runs.runs import PlanStep

    scope = f"crm.customers.{KEY}"
    asked = TokenRequest(run_id=run.run.run_id, tool="crm.read", scope=scope)
    assert code(await house.tokens.issue(AgentId("clerk"), asked)) is Code.UNREADABLE
    assert code(await house.runs.plan(run.run.run_id, (PlanStep(tool="crm.read", scope=scope),))) is Code.UNREADABLE
    assert KEY not in str(house.record.events)
    assert KEY not in str(refused)


async def test_a_run_halted_twice_is_halted_once():
    house = House()
    run = await house.run()
    for _ in range(2):
        await house.runs.halt(run.run.run_id, by=OPERATOR, why="x")
    assert house.record.names().count("run_halted") == 1


async def test_a_guessed_secret_is_counted():
    house = House()
    await house.enforcement.identify(None, source="127.0.0.1")
    assert house.meter.calls[-1][1]["code"] == "identity_required"


@pytest.mark.parametrize("name", ["X_HTTP_Method_Override", "X_Method_Override", "x_http_method"])
async def test_a_read_cannot_be_made_a_write_by_a_header(name):
    house = House()
    run = await house.run()
    token = await house.token(run, "crm.read", "crm.customers.42")
    ask = read(token=token)
    for spelled in (name, name.replace("_", "-")):
        overriding = replace(ask, headers=(*ask.headers, (spelled, "DELETE")))
        assert code(await house.ask(run, overriding)) is Code.PROTOCOL_DENIED


@pytest.mark.parametrize(
    ("header", "same"), [("X_Amount", False), ("Authorization", False), ("User_Agent", True), ("traceparent", True)]
)
async def test_an_approval_is_for_what_the_headers_say_too(header, same):
    house = House(HOLDING)
    run = await house.run()
    token, outcome = await held(house, run)
    await house.approvals.answer(outcome.approval_id, approve=True, by=OPERATOR, why="")
    again = await house.ask(run, send(token=token, AISecOps_Approval=outcome.approval_id, **{header: "1"}))
    assert isinstance(again, Forward) is same


async def test_what_a_person_approved_is_not_judged_by_rules_that_are_gone():
    house = House(HOLDING, hold_ms=60_000)
    run = await house.run()
    token = await house.token(run, "mail.send", "mail.contacts.ann")
    waiting = asyncio.ensure_future(house.ask(run, send(token=token)))
    while not (pending := await house.store.list_approvals()):
        await asyncio.sleep(0)
    house.rules.rules = rules_of(HOLDING.replace('scope: "mail.contacts.*"', 'scope: "mail.contacts.bob"'))
    await house.approvals.answer(pending[0].approval_id, approve=True, by=OPERATOR, why="")
    first = await asyncio.wait_for(waiting, 5)
    assert code(first) is Code.HUMAN_APPROVAL_REQUIRED
    again = await house.ask(run, send(token=token, AISecOps_Approval=first.approval_id))
    assert code(again) is Code.TOKEN_POLICY_OUTDATED


async def test_a_step_that_cannot_be_masked_is_not_recorded_as_done():
    house = House(EGRESS)
    run = await house.run()
    house.scanner.found = (finding("EMAIL_ADDRESS", where="body:/nowhere"),)
    refused = await house.ask(run, send(token=await house.token(run, "mail.send", "mail.contacts.ann")))
    assert isinstance(refused, Refuse)
    assert "tool_invoked" not in house.record.names()
    assert (await house.tree(run)).risk_micros == 0
