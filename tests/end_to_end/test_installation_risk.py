"""Cumulative risk, people, trees of runs: from outside, against a real installation."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from support.installation import fresh, installed, shared_installation, until  # noqa: F401
from support.installation_rules import AGENTS, RULES
from support.speaking import assert_refused

pytestmark = [pytest.mark.slow, pytest.mark.timeout(180)]

STEP = "https://db.internal/steps/"


def step(house, run, name, headers=None, body=None):
    shown = house.with_token(run, "step.run", f"steps.{name}") | (headers or {})
    return house.ask(run, "POST", f"{STEP}{name}", headers=shown, body=body or {"n": 1})


def held(house, run=None):
    """A step that waits for a person: run, name of the step, approval."""
    run, name = run or house.run("careful"), fresh("s")
    problem = assert_refused(step(house, run, name), "human_approval_required")
    assert house.received(name) == []
    return run, name, problem["approval_id"]


def answer(house, approval, decision="approve", who=None):
    asked = {"decision": decision, "reason": "looked at it"}
    return house.api(who or house.operator, "POST", f"/v1/approvals/{approval}", asked)


def test_a_step_over_the_line_waits_for_a_person_and_then_passes_once(house):
    run, name, approval = held(house)
    shown = house.api(house.operator, "GET", f"/v1/approvals/{approval}").json
    assert (shown["state"], shown["run_id"], shown["tool"]) == ("pending", run.run_id, "step.run")
    assert house.tree(run)["state"] == "held"

    assert answer(house, approval).json["state"] == "approved"
    shown_id = {"AISecOps-Approval": approval}
    first = step(house, run, name, shown_id)
    second = step(house, run, name, shown_id)

    assert first.status == 200
    assert second.status == 403
    assert house.arrived(name) == 1
    assert approval.encode() not in house.received(name)[0]
    assert house.api(house.operator, "GET", f"/v1/approvals/{approval}").json["state"] == "used"


def test_an_approval_serves_one_of_many_who_show_it_at_once(house):
    run, name, approval = held(house)
    answer(house, approval)
    headers = house.with_token(run, "step.run", f"steps.{name}") | {"AISecOps-Approval": approval}

    with ThreadPoolExecutor(8) as pool:
        asked = [pool.submit(house.ask, run, "POST", STEP + name, headers=headers, body={"n": 1}) for _ in range(8)]

    assert [one.result().status for one in asked].count(200) == 1
    assert house.arrived(name) == 1


def test_an_approval_is_for_exactly_what_was_shown(house):
    run, name, approval = held(house)
    answer(house, approval)
    shown_id = {"AISecOps-Approval": approval}

    assert_refused(step(house, run, name, shown_id, body={"n": 2}), "human_approval_required")
    assert_refused(step(house, run, fresh("s"), shown_id), "human_approval_required")
    assert_refused(step(house, house.run("careful"), name, shown_id), "human_approval_required")
    assert_refused(step(house, run, name, {"AISecOps-Approval": "apr_none"}), "human_approval_required")
    assert house.received(name) == []


def test_what_a_person_denies_does_not_pass(house):
    run, name, approval = held(house)

    assert answer(house, approval, "deny").json["state"] == "denied"

    assert_refused(step(house, run, name, {"AISecOps-Approval": approval}), "policy_denied")
    assert house.received(name) == []
    assert answer(house, approval, "approve").status == 403


def test_before_anybody_answered_the_approval_is_worth_nothing(house):
    run, name, approval = held(house)

    assert_refused(step(house, run, name, {"AISecOps-Approval": approval}), "human_approval_required")
    assert house.received(name) == []


def test_nobody_answers_for_a_run_they_opened(house):
    run = house.run("careful", by=house.operator)
    _, name, approval = held(house, run)

    assert_refused(answer(house, approval), "policy_denied")
    assert_refused(step(house, run, name, {"AISecOps-Approval": approval}), "human_approval_required")
    assert house.received(name) == []


def test_agents_and_runs_do_not_answer_for_themselves_or_for_each_other(house):
    run, name, approval = held(house)

    for who in (run.agent, run.itself, AGENTS["clerk"]):
        assert_refused(answer(house, approval, who=who), "policy_denied")
    assert house.received(name) == []


def test_a_step_over_the_second_line_halts_the_run_before_it_runs(house):
    run, name, approval = held(house)
    answer(house, approval)
    assert step(house, run, name, {"AISecOps-Approval": approval}).status == 200  # 0.7
    _, second, approval = held(house, run)  # 1.4 with it
    answer(house, approval)
    assert step(house, run, second, {"AISecOps-Approval": approval}).status == 200
    third = fresh("s")

    problem = assert_refused(step(house, run, third), "risk_halted")  # 2.1 is over 1.5

    assert house.received(third) == []
    assert house.tree(run)["state"] == "halted"
    assert house.events("run_halted", decision_id=problem["decision_id"])
    assert_refused(house.ask(run, "GET", "https://en.wiki.example/wiki/x"), "run_halted")


def test_a_halted_run_goes_on_after_review_with_what_an_operator_allows_it(house):
    run = house.run("careful")
    for _ in range(2):  # 0.7 each
        _, name, approval = held(house, run)
        answer(house, approval)
        assert step(house, run, name, {"AISecOps-Approval": approval}).status == 200
    assert_refused(step(house, run, fresh("s")), "risk_halted")

    path = f"/v1/runs/{run.run_id}/resume"
    for who in (run.agent, run.itself, AGENTS["clerk"]):
        assert house.api(who, "POST", path, {"allowance": 0.5}).status in {403, 404}
    too_much = house.api(house.operator, "POST", path, {"allowance": 0.9, "reason": "looked"})
    assert_refused(too_much, "policy_denied")
    assert house.tree(run)["state"] == "halted"
    resumed = house.command("runs", "resume", run.run_id, "--reason", "looked at it", "--allowance", "0.5")
    assert resumed.stdout == f"{run.run_id} active\n", resumed.stderr

    told = house.tree(run)
    assert told["cumulative_risk_score"] == 1.4  # what was charged stays charged
    [event] = house.events("run_resumed", run_id=run.run_id)
    assert (event["allowance"], event["total"], event["why"]) == (0.5, 1.4, "looked at it")
    assert_refused(step(house, run, fresh("s")), "risk_halted")  # 2.1 is over 1.9

    other = house.run("careful")
    for _ in range(2):
        _, name, approval = held(house, other)
        answer(house, approval)
        step(house, other, name, {"AISecOps-Approval": approval})
    assert_refused(step(house, other, fresh("s")), "risk_halted")
    house.put_in_force(RULES.replace("risk:\n  sequences:", "risk:\n  resume_allowance: 1\n  sequences:"))
    assert house.api(house.operator, "POST", f"/v1/runs/{other.run_id}/resume", {"allowance": 0.8}).status == 200
    _, name, approval = held(house, other)  # it does not run by itself: a person is asked about each step
    answer(house, approval)
    assert step(house, other, name, {"AISecOps-Approval": approval}).status == 200
    assert house.tree(other)["cumulative_risk_score"] == 2.1
    assert house.command("replay", other.run_id).returncode == 0
    house.put_in_force(RULES)


# spec 8, the worked example


def chain(house, run):
    """The three steps of the example, over HTTP, each with its token."""
    name = fresh("w")
    for method, path, tool, scope in (
        ("GET", f"/read/{name}", "db.read", f"db.customers.{name}"),
        ("POST", f"/email/{name}", "send_email", f"mail.customers.{name}"),
        ("POST", f"/write/{name}", "db.write", f"db.orders.{name}"),
    ):
        headers = house.with_token(run, tool, scope)
        yield house.ask(
            run, method, f"https://flow.internal{path}", headers=headers, body=None if method == "GET" else {}
        )


def test_the_worked_example_as_a_chain_to_the_digit(house):
    run = house.run("analyst")

    first, second, third = chain(house, run)

    assert (first.status, first.headers["aisecops-risk"]) == (200, "total=0.1; approve=1.2; halt=2")
    assert (second.status, second.headers["aisecops-risk"]) == (200, "total=1.06; approve=1.2; halt=2")
    held_at = assert_refused(third, "human_approval_required")
    approval = house.api(house.operator, "GET", f"/v1/approvals/{held_at['approval_id']}").json
    told = house.tree(run)
    terms = [event["risk"] for event in house.events("decision", run_id=run.run_id)]
    assert [term["step"] for term in terms] == [0.1, 0.96, 0.275]
    assert terms[1] == {"base": 0.4, "escalation": 1.2, "trust": 2.0, "stress": 1.0, "step": 0.96}
    assert terms[2] == {"base": 0.5, "escalation": 1.0, "trust": 0.5, "stress": 1.1, "step": 0.275}
    assert approval["risk"]["total"] == 1.335
    assert told["cumulative_risk_score"] == 1.06
    assert told["state"] == "held"


def test_the_worked_example_as_a_plan_to_the_digit(house):
    run, name = house.run("analyst"), fresh("w")
    steps = [
        {"tool": "db.read", "scope": f"db.customers.{name}"},
        {"tool": "send_email", "scope": f"mail.customers.{name}"},
        {"tool": "db.write", "scope": f"db.orders.{name}", "budget_stress": 1.1},
    ]

    plan = house.api(run.agent, "POST", f"/v1/runs/{run.run_id}/plan", {"steps": steps}).json

    assert (plan["total"], plan["verdict"], plan["held_step"]) == (1.335, "hold", 1)
    assert [(s["tool"], s["base_risk"], s["escalation"], s["trust"], s["budget_stress"], s["risk"]) for s in plan["steps"]] == [
        ("db.read", 0.2, 1.0, 0.5, 1.0, 0.1),
        ("send_email", 0.4, 1.2, 2.0, 1.0, 0.96),
        ("db.write", 0.5, 1.0, 0.5, 1.1, 0.275),
    ]  # fmt: skip


def test_the_step_a_plan_was_held_for_is_held_when_it_comes(house):
    run, name = house.run("analyst"), fresh("w")
    steps = [
        {"tool": "db.read", "scope": f"db.customers.{name}"},
        {"tool": "send_email", "scope": f"mail.customers.{name}"},
        {"tool": "db.write", "scope": f"db.orders.{name}", "budget_stress": 1.1},
    ]
    house.api(run.agent, "POST", f"/v1/runs/{run.run_id}/plan", {"steps": steps})
    email, read = f"mail.customers.{name}", f"db.customers.{name}"
    headers = house.with_token(run, "send_email", email)

    first = house.ask(run, "GET", f"https://flow.internal/read/{name}", headers=house.with_token(run, "db.read", read))
    second = house.ask(run, "POST", f"https://flow.internal/email/{name}", headers=headers, body={})

    assert first.status == 200
    assert_refused(second, "human_approval_required")
    assert house.received(f"/email/{name}") == []


def test_a_plan_does_not_talk_its_own_risk_down(house):
    run = house.run("analyst")
    step_asked = {
        "tool": "send_email",
        "scope": "mail.customers.a",
        "trust": 0.5,
        "escalation": 1.0,
        "budget_stress": 1.0,
    }

    plan = house.api(run.agent, "POST", f"/v1/runs/{run.run_id}/plan", {"steps": [step_asked]}).json

    assert plan["total"] == 0.8  # 0.4 x 2.0: the rules' trust stays


# trees


def test_what_a_child_does_is_its_parents_doing_too(house):
    root = house.run("counted")
    child = house.run("counted", parent=root.run_id)
    grandchild = house.run("clerk", by=house.operator, parent=child.run_id)
    assert grandchild.told["root_run_id"] == root.run_id

    def read(run):
        customer = fresh()
        headers = house.with_token(run, "crm.read", f"crm.customers.{customer}")
        return house.ask(run, "GET", f"https://crm.internal/v1/customers/{customer}", headers=headers)

    assert [read(run).status for run in (root, child, grandchild)] == [200, 200, 200]
    assert_refused(read(grandchild), "budget_exceeded")
    assert_refused(read(root), "budget_exceeded")
    assert house.tree(root)["budget_consumption"]["tool_calls"] == 3


def test_risk_goes_by_the_root_whoever_takes_it(house):
    root = house.run("careful")
    child = house.run("careful", parent=root.run_id)
    _, name, approval = held(house, child)
    answer(house, approval)
    assert step(house, child, name, {"AISecOps-Approval": approval}).status == 200

    assert house.tree(root)["cumulative_risk_score"] == 0.7
    held(house, root)


def test_halting_the_root_stops_the_child_and_halting_the_child_stops_the_root(house):
    for first in (0, 1):
        root = house.run("clerk")
        child = house.run("clerk", parent=root.run_id)
        halted = (root, child)[first]
        assert house.api(house.operator, "POST", f"/v1/runs/{halted.run_id}/halt", {"reason": "odd"}).status == 200

        for run in (root, child):
            assert_refused(house.ask(run, "GET", f"https://crm.internal/v1/customers/{fresh()}"), "run_halted")
        assert_refused(house.api(AGENTS["clerk"], "POST", "/v1/runs", {"parent": root.run_id}), "run_halted")


def test_a_runs_credentials_open_children_of_it_and_no_way_out_of_its_budgets(house):
    run, other = house.run("counted"), house.run("counted")

    child = house.api(run.itself, "POST", "/v1/runs", {})
    beside = house.api(run.itself, "POST", "/v1/runs", {"parent": other.run_id})

    assert (child.status, child.json["root_run_id"]) == (201, run.run_id)
    assert_refused(beside, "policy_denied")


def test_a_run_below_somebody_elses_counts_to_both_and_gets_no_rights_of_it(house):
    # spec 22.2: a chain over several agents is one graph, so joining it needs only the id that was handed on
    theirs = house.run("rival")

    said = house.api(AGENTS["clerk"], "POST", "/v1/runs", {"parent": theirs.run_id})

    assert said.status == 201, said
    assert said.json["root_run_id"] == theirs.run_id
    assert house.api(AGENTS["clerk"], "GET", f"/v1/runs/{theirs.run_id}").status in {403, 404}
    assert house.api(AGENTS["clerk"], "POST", f"/v1/runs/{theirs.run_id}/halt", {}).status in {403, 404}


# on the line


def test_a_request_waits_on_the_line_and_passes_when_a_person_says_yes(tmp_path):
    with installed(tmp_path, hold_seconds="20s") as own, ThreadPoolExecutor(1) as pool:
        run, name = own.run("careful"), fresh("s")
        waiting = pool.submit(step, own, run, name)
        pending = until(lambda: own.api(own.operator, "GET", "/v1/approvals?state=pending").json["approvals"])
        time.sleep(0.3)
        assert not waiting.done()
        assert own.received(name) == []

        assert answer(own, pending[0]["approval_id"]).status == 200

        assert waiting.result(15).status == 200
        assert own.arrived(name) == 1

        waiting = pool.submit(step, own, run, fresh("s"))
        pending = until(lambda: own.api(own.operator, "GET", "/v1/approvals?state=pending").json["approvals"])
        answer(own, pending[0]["approval_id"], "deny")
        assert_refused(waiting.result(15), "policy_denied")
