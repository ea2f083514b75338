"""Agents that cannot be changed, agents that are only watched: from outside, against a real installation."""

from __future__ import annotations

import pytest

from support.installation import fresh, shared_installation  # noqa: F401
from support.installation_rules import AGENTS, CARD
from support.speaking import assert_refused

pytestmark = [pytest.mark.slow, pytest.mark.timeout(180)]

SIMPLE, WATCHED = AGENTS["simple"], AGENTS["watched"]


def url(customer):
    return f"https://crm.internal/v1/customers/{customer}"


def test_for_an_agent_that_cannot_ask_the_gateway_gets_the_token(house):
    run, customer = house.run("simple"), fresh()

    assert house.ask(run, "GET", url(customer)).status == 200

    assert house.arrived(customer) == 1
    issued = house.events("token_issued", run_id=run.run_id)
    assert [(one["tool"], one["scope"]) for one in issued] == [("crm.read", f"crm.customers.{customer}")]


def test_the_same_policy_decides_for_an_agent_that_cannot_ask(house):
    run, name = house.run("simple"), fresh("o")

    said = house.ask(run, "POST", f"https://db.internal/orders/{name}", body={})

    assert_refused(said, "policy_denied")
    assert house.received(name) == []


def test_an_agent_that_must_ask_gets_nothing_asked_for_it(house):
    run, customer = house.run("clerk"), fresh()

    assert_refused(house.ask(run, "GET", url(customer)), "token_missing")
    assert house.received(customer) == []


def test_a_watched_agent_is_not_refused_and_what_would_have_been_is_recorded(house):
    run, customer = house.run("watched"), fresh()

    said = house.ask(run, "GET", url(customer))

    assert said.status == 200
    assert house.arrived(customer) == 1
    (decision,) = house.events("decision", run_id=run.run_id)
    assert (decision["mode"], decision["verdict"], decision["enforced"]) == ("observe", "deny", "allow")
    assert decision["code"] == "token_missing"


def test_a_watched_agent_overruns_its_budget_and_is_counted_all_the_same(house):
    run = house.run("watched")

    for _ in range(3):
        assert house.ask(run, "GET", url(fresh())).status == 200

    assert house.tree(run)["budget_consumption"]["tool_calls"] == 3
    assert house.events("budget_exceeded", run_id=run.run_id)


def test_a_watched_agent_still_goes_nowhere_private_and_no_way_unreadable(house):
    run, name = house.run("watched"), fresh("o")

    assert_refused(house.ask(run, "GET", f"http://127.0.0.1:{house.control_port}/v1/runs"), "destination_denied")
    assert_refused(house.ask(run, "GET", "https://localhost/"), "destination_denied")
    body = b'{"a": 1, "a": 2}'
    said = house.ask(
        run, "POST", f"https://db.internal/orders/{name}", headers={"Content-Type": "application/json"}, body=body
    )
    assert said.status in {200, 400}, said
    assert house.ask(None, "GET", url(fresh())).status == 407


def test_what_a_watched_agent_leaks_is_found_and_recorded(house):
    run, name = house.run("watched"), fresh("o")

    said = house.ask(run, "POST", f"https://db.internal/orders/{name}", body={"note": CARD})

    assert said.status == 200
    (decision,) = house.events("decision", run_id=run.run_id)
    assert decision["verdict"] == "deny"
    assert "egress_blocked" in {reason["code"] for reason in decision["reasons"]}
    assert CARD.encode() not in house.everything_written()


def test_an_implicit_run_is_one_run_with_one_budget(house):
    loner = AGENTS["loner"]

    told = {assert_refused(house.ask(loner, "GET", url(fresh())), "token_missing")["run_id"] for _ in range(4)}

    (run_id,) = told
    shown = house.api(loner, "GET", f"/v1/runs/{run_id}").json
    assert (shown["agent_id"], shown["opened_by"], shown["state"]) == ("loner", "agent:loner", "active")
