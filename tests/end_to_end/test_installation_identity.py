"""Who may speak through the gateway, and in whose run: from outside, against a real installation."""

from __future__ import annotations

import base64

import pytest

from support.installation import fresh, shared_installation  # noqa: F401
from support.installation_rules import AGENTS, Party
from support.speaking import assert_refused

pytestmark = [pytest.mark.slow, pytest.mark.timeout(180)]

CLERK, RIVAL = AGENTS["clerk"], AGENTS["rival"]


def url(customer):
    return f"https://crm.internal/v1/customers/{customer}"


def read(house, run, customer, who=None, **more):
    headers = house.with_token(run, "crm.read", f"crm.customers.{customer}") | more
    return house.ask(who or run, "GET", url(customer), headers=headers)


@pytest.mark.parametrize(
    "credentials",
    [
        None,
        Party("clerk", "wrong").basic,
        Party("clerk", "").basic,
        Party("nobody", CLERK.secret).basic,
        Party("clerk", RIVAL.secret).basic,
        Party("CLERK", CLERK.secret).basic,
        f"Bearer {CLERK.secret}",
        "Basic",
        "Basic not-base64!",
        "Basic " + base64.b64encode(CLERK.secret.encode()).decode(),
        "Basic " + base64.b64encode(b"\xff\xfe:\xff").decode(),
        f"{CLERK.basic}, {CLERK.basic}",
    ],
    ids=[
        "none",
        "wrong",
        "empty",
        "nobody",
        "another's",
        "case",
        "bearer",
        "bare",
        "noise",
        "no-colon",
        "bytes",
        "two",
    ],
)
@pytest.mark.parametrize("scheme", ["https", "http"])
def test_who_does_not_prove_to_be_an_agent_gets_nowhere(house, credentials, scheme):
    customer = fresh()

    said = house.ask(credentials, "GET", f"{scheme}://crm.internal/v1/customers/{customer}")

    assert_refused(said, "identity_required")
    assert "basic" in said.headers["proxy-authenticate"].lower()
    assert house.received(customer) == []


def test_a_declared_agent_with_its_secret_gets_through(house):
    run, customer = house.run("clerk"), fresh()

    said = read(house, run, customer)

    assert said.status == 200
    assert said.headers["aisecops-run"] == run.run_id
    assert house.arrived(customer) == 1


def test_a_runs_own_credentials_prove_agent_and_run_at_once(house):
    run, customer = house.run("clerk"), fresh()

    said = read(house, run, customer, who=run.itself)

    assert said.status == 200
    assert said.headers["aisecops-run"] == run.run_id


def test_a_runs_id_is_no_secret_and_its_secret_is_no_agents(house):
    run, customer = house.run("clerk"), fresh()

    for credentials in (
        Party(run.run_id, "wrong"), Party(run.run_id, CLERK.secret), Party("clerk", run.itself.secret),
        Party(house.run("clerk").run_id, run.itself.secret),
    ):  # fmt: skip
        assert_refused(house.ask(credentials, "GET", url(customer)), "identity_required")
    assert house.received(customer) == []


def test_nobody_acts_in_the_run_of_somebody_else(house):
    mine, theirs, customer = house.run("clerk"), house.run("rival"), fresh()

    said = read(house, mine, customer, who=CLERK, **{"AISecOps-Run": theirs.run_id})

    assert_refused(said, "run_unknown")
    assert house.received(customer) == []


@pytest.mark.parametrize("run_id", ["run_01ARZ3NDEKTSV4RRFFQ69G5FAV", "run_", "../clerk", ""])
def test_a_run_that_is_none_is_unknown(house, run_id):
    customer = fresh()

    said = house.ask(CLERK, "GET", url(customer), headers={"AISecOps-Run": run_id})

    assert_refused(said, "run_unknown")
    assert house.received(customer) == []


def test_a_runs_credentials_do_not_reach_into_another_run_of_the_same_agent(house):
    mine, other, customer = house.run("clerk"), house.run("clerk"), fresh()

    said = read(house, other, customer, who=mine.itself, **{"AISecOps-Run": other.run_id})

    assert_refused(said, "run_unknown")
    assert house.received(customer) == []


def test_naming_two_runs_is_naming_none(house):
    mine, other, customer = house.run("clerk"), house.run("clerk"), fresh()
    headers = [*house.with_token(mine, "crm.read", f"crm.customers.{customer}").items()]
    headers += [("AISecOps-Run", mine.run_id), ("AISecOps-Run", other.run_id)]

    said = house.ask(CLERK, "GET", url(customer), headers=headers)

    assert 400 <= said.status < 500, said
    assert house.received(customer) == []


def test_a_finished_run_does_nothing_more(house):
    run, customer = house.run("clerk"), fresh()
    headers = house.with_token(run, "crm.read", f"crm.customers.{customer}")
    assert house.api(CLERK, "POST", f"/v1/runs/{run.run_id}/finish", {}).json["state"] == "finished"

    assert_refused(house.ask(run, "GET", url(customer), headers=headers), "run_finished")
    assert_refused(house.ask(run.itself, "GET", url(customer), headers=headers), "run_finished")
    assert house.received(customer) == []


def test_a_halted_run_does_nothing_until_an_operator_resumes_it(house):
    run, customer = house.run("clerk"), fresh()
    headers = house.with_token(run, "crm.read", f"crm.customers.{customer}")
    assert house.api(house.operator, "POST", f"/v1/runs/{run.run_id}/halt", {"reason": "odd"}).json["state"] == "halted"

    problem = assert_refused(house.ask(run, "GET", url(customer), headers=headers), "run_halted")
    assert problem["run_id"] == run.run_id
    assert house.received(customer) == []

    assert house.api(house.operator, "POST", f"/v1/runs/{run.run_id}/resume", {"reason": "fine"}).status == 200
    assert house.ask(run, "GET", url(customer), headers=headers).status == 200


def test_a_request_without_a_run_is_never_without_one(house):
    first, second = fresh(), fresh()

    one = assert_refused(house.ask(AGENTS["loner"], "GET", url(first)), "token_missing")
    two = assert_refused(house.ask(AGENTS["loner"], "GET", url(second)), "token_missing")

    assert one["run_id"].startswith("run_")
    assert one["run_id"] == two["run_id"]


def test_a_halted_implicit_run_is_not_left_behind_by_asking_again(house):
    implicit = assert_refused(house.ask(AGENTS["rival"], "GET", url(fresh())), "token_missing")["run_id"]
    house.api(house.operator, "POST", f"/v1/runs/{implicit}/halt", {})

    assert_refused(house.ask(AGENTS["rival"], "GET", url(fresh())), "run_halted")

    house.api(house.operator, "POST", f"/v1/runs/{implicit}/resume", {})
