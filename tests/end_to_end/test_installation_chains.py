"""Chains found by content, mass actions and moved risk: from outside, against a real installation of two workers."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from support.installation import fresh, installed, until
from support.installation_rules import RULES
from support.speaking import assert_refused

pytestmark = [pytest.mark.slow, pytest.mark.timeout(180)]

PLAN = (
    "Take the three invoices of October that are still open, compare each with the order it belongs to, and write the "
    "differences into the ledger of the northern branch before anybody sends the reminders to the customers."
)
BINDING = RULES.replace(
    "risk:\n  sequences:", "risk:\n  join: halt\n  adaptive: {base_up: 0.2, step: 0.1}\n  sequences:"
)


@pytest.fixture(scope="module")
def house(tmp_path_factory):
    with installed(tmp_path_factory.mktemp("chains"), rules=BINDING, workers=2) as found:
        yield found


def writes(house, run, text):
    order = fresh("o")
    headers = house.with_token(run, "orders.write", f"orders.{order}")
    return house.ask(run, "POST", f"https://db.internal/orders/{order}", headers=headers, body={"text": text})


def tells_its_model(house, run, text):
    body = {"model": "gpt-4o", "messages": [{"role": "user", "content": text}]}
    return house.ask(run, "POST", "https://api.openai.com/v1/chat/completions", body=body)


def steps(house, run, name=None):
    name = name or fresh("s")
    headers = house.with_token(run, "step.run", f"steps.{name}")
    return house.ask(run, "POST", f"https://db.internal/steps/{name}", headers=headers, body={"n": 1})


def test_an_agent_that_works_on_anothers_words_is_held_to_its_chain_and_ends_with_it(house):
    writer, reader, stranger = house.run("clerk"), house.run("rival"), house.run("clerk")
    assert steps(house, writer).status == 200  # 0.7
    assert writes(house, writer, PLAN).status == 200
    assert tells_its_model(house, reader, f"Do this: {PLAN}").status == 200

    passed = steps(house, reader)
    assert passed.status == 200  # 1.4 of both
    [decision] = house.events("decision", decision_id=passed.headers["aisecops-decision"])
    assert [(one["run_id"], one["way"], one["risk"]) for one in decision["joined"]] == [(writer.run_id, "tool", 0.7)]

    slow = fresh("slow")
    with ThreadPoolExecutor(1) as pool:
        headers = house.with_token(reader, "crm.read", f"crm.customers.{slow}")
        waiting = pool.submit(house.ask, reader, "GET", f"https://crm.internal/v1/customers/{slow}", headers=headers)
        until(lambda: house.received(slow), what="the slow request to arrive")
        assert house.api(house.operator, "POST", f"/v1/runs/{writer.run_id}/halt", {"reason": "odd"}).status == 200
        assert waiting.result(20).status != 200
    cut = until(lambda: house.events("exchange_cut", run_id=reader.run_id), what="the cut to be recorded")
    assert [event["code"] for event in cut] == ["run_halted"]
    assert "odd" in assert_refused(tells_its_model(house, reader, "hello"), "run_halted")["detail"]
    assert tells_its_model(house, stranger, "hello").status == 200

    assert house.api(house.operator, "POST", f"/v1/runs/{reader.run_id}/resume", {"reason": "fine"}).status == 200
    assert tells_its_model(house, reader, "hello").status == 200
    assert house.tree(writer)["state"] == "halted"
    assert house.api(house.operator, "POST", f"/v1/runs/{writer.run_id}/resume", {"reason": "fine"}).status == 200
    again = PLAN.replace("October", "November")
    assert writes(house, writer, again).status == 200
    assert tells_its_model(house, reader, again).status == 200
    over = assert_refused(steps(house, reader), "risk_halted")  # 2.1 of both
    assert writer.run_id in over["detail"]
    assert (house.tree(reader)["state"], house.tree(writer)["state"]) == ("halted", "active")
    for run in (reader, writer):
        replayed = house.command("replay", run.run_id)
        assert replayed.returncode == 0, replayed.stdout


def test_risk_moves_with_what_an_agent_tries_in_every_worker_and_a_person_takes_it_back(house):
    run, mine = house.run("loner"), fresh("s")

    def weight():
        said = steps(house, run)
        assert said.status == 200, said
        [told] = house.events("decision", decision_id=said.headers["aisecops-decision"])
        return told["risk"]["base"]

    elsewhere = house.with_token(run, "step.run", f"steps.{mine}")
    for _ in range(3):
        tried = house.ask(run, "POST", f"https://db.internal/steps/{fresh('s')}", headers=elsewhere, body={"n": 1})
        assert_refused(tried, "scope_violation")
    assert weight() == 0.9  # 0.7 and no more than the bound
    told = house.events("risk_adjusted", agent_id="loner")
    assert [(one["tool"], one["base"]["now"], one["by"]) for one in told] == [
        ("step.run", 0.1, "signal:refused"),
        ("step.run", 0.2, "signal:refused"),
    ]
    [listed] = house.api(house.operator, "GET", "/v1/risk").json["moved"]
    assert (listed["agent_id"], listed["base"], len(listed["moves"])) == ("loner", 0.2, 3)

    assert_refused(
        house.api(run.agent, "POST", "/v1/risk/reset", {"agent_id": "loner", "reason": "x"}), "policy_denied"
    )
    reset = house.command("risk", "reset", "loner", "step.run", "--reason", "our own test")
    assert reset.returncode == 0, reset.stderr
    run = house.run("loner")
    assert weight() == 0.7
    assert house.events("risk_adjusted", agent_id="loner")[-1]["why"] == "our own test"
    replayed = house.command("replay", run.run_id)
    assert replayed.returncode == 0, replayed.stdout


def test_reading_somebodys_words_is_no_way_to_halt_or_charge_them(house):
    writer, reader = house.run("clerk"), house.run("rival")
    writes(house, writer, PLAN.replace("invoices", "delivery notes"))
    tells_its_model(house, reader, PLAN.replace("invoices", "delivery notes"))
    assert steps(house, reader).status == 200
    assert house.api(house.operator, "POST", f"/v1/runs/{reader.run_id}/halt", {"reason": "odd"}).status == 200

    assert tells_its_model(house, writer, "hello").status == 200
    assert house.tree(writer)["cumulative_risk_score"] == 0
