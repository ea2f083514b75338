"""A running installation is evaluated as it is: nobody passes as the evaluation, nothing of it is in anybody's figures,
and a rule that is weakened while it runs turns the next round red.
"""

from __future__ import annotations

import contextlib
import json
import ssl

import pytest

from aisecops.gateway.evaluated import SCHEME
from aisecops.ops.evaluation.places import host
from aisecops.ops.wiring.evaluation import PATH
from support.installation import fresh, installed, until
from support.installation_rules import AGENTS, Party
from support.upstream import running_upstream, say

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

RULES = """version: 1
agents:
  clerk:
    authenticate: {secret: "env:CLERK_SECRET"}
    grants: [{tool: crm.read, scope: "crm.customers.*"}, {tool: "**", scope: "**"}]
    budgets: {max_tool_calls: 20, max_write_operations: 10, max_execution_time: 10m, max_cost: 2.00}
    risk: {approve_above: 1.5, halt_above: 2.0}
tools:
  crm.read:
    match: {host: crm.internal, method: GET, path: "/v1/customers/*"}
    effect: read
    base_risk: 0.1
    trust: internal
    scope: "crm.customers.{path[2]}"
    returns: {tier: internal}
"""
CLERK = AGENTS["clerk"]
TOOL = f"https://{host('crm', 0)}/v1/customers/7"
REAL = "https://crm.internal/v1/customers/"
CUSTOMER = say(b'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 10\r\n\r\n{"id":"7"}')


def evaluation(party):
    """Credentials for the door of an evaluation."""
    return party.basic.replace("Basic", SCHEME)


@pytest.fixture(scope="module")
def house(tmp_path_factory):
    with installed(tmp_path_factory.mktemp("tried"), rules=RULES, workers=2, evaluation={"live": True}) as house:
        yield house


class Round:
    """An open round with a stand-in, as `aisecops eval --live` has one."""

    def __init__(self, house, told, stand_in):
        self.house, self.told, self.stand_in = house, told, stand_in
        self.agent = Party("eval-clerk", told["agents_secret"])

    def api(self, who, method, path, body=None):
        return self.house.api(who, method, f"{PATH}{path}", body)

    def run(self):
        said = self.api(self.agent, "POST", "/v1/runs", {})
        assert said.status == 201, said
        return said.json

    def token(self, run):
        asked = {"run_id": run["run_id"], "tool": "evaluated.crm.read", "scope": "evaluated.crm.read.7"}
        return self.api(self.agent, "POST", "/v1/tokens", asked).json["token"]

    def arrived(self):
        return self.stand_in.requests


@contextlib.contextmanager
def a_round(house, folder):
    with contextlib.ExitStack() as stack:
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        stand_in = stack.enter_context(running_upstream(tls))
        stand_in.answer = CUSTOMER
        said = house.api(house.operator, "POST", "/v1/evaluations", {"port": stand_in.port, "seconds": 120})
        assert said.status == 201, said
        pair = folder / "stand-in.pem"
        pair.write_text(said.json["key"] + said.json["certificate"])
        tls.load_cert_chain(pair)
        try:
            yield Round(house, said.json, stand_in)
        finally:
            house.api(house.operator, "POST", f"/v1/evaluations/{said.json['evaluation_id']}/close", {})


@pytest.fixture
def opened(house, tmp_path):
    with a_round(house, tmp_path) as one:
        yield one


def test_its_agent_reaches_its_stand_in_by_the_same_port_under_the_rules_in_force(house, opened):
    run = opened.run()
    shown = evaluation(Party(run["run_id"], run["run_secret"]))
    assert house.ask(shown, "GET", TOOL).code == "token_missing"
    said = house.ask(shown, "GET", TOOL, headers={"AISecOps-Capability": opened.token(run)})

    assert (said.status, opened.arrived()) == (200, 1)


def test_it_reaches_nothing_else_whatever_the_rules_grant(house, opened):
    customer = fresh()
    run = opened.run()
    shown = evaluation(Party(run["run_id"], run["run_secret"]))
    token = opened.api(opened.agent, "POST", "/v1/tokens",
                       {"run_id": run["run_id"], "tool": "crm.read", "scope": f"crm.customers.{customer}"})  # fmt: skip

    assert token.status == 403
    for headers in ({}, {"AISecOps-Capability": opened.token(run)}):
        assert house.ask(shown, "GET", f"{REAL}{customer}", headers=headers).status in {401, 403}
    assert house.ask(shown, "GET", f"https://127.0.0.1:{opened.stand_in.port}/").code == "destination_denied"
    assert house.ask(shown, "GET", "http://aisecops.internal/v1/runs").code == "destination_denied"
    assert house.arrived(customer) == 0


def test_nobody_of_the_operators_passes_as_the_evaluation(house, opened):
    real, token = house.run("clerk"), opened.token(opened.run())
    for shown in (evaluation(CLERK), evaluation(real.itself), evaluation(Party("eval-clerk", CLERK.secret))):
        assert house.ask(shown, "GET", TOOL, headers={"AISecOps-Capability": token}).status == 407
    for path in ("/v1/runs", "/v1/approvals"):
        assert opened.api(CLERK, "GET", path).status == 401
        assert opened.api(house.operator, "GET", path).status == 401

    assert opened.arrived() == 0


def test_the_evaluation_passes_as_nobody_of_the_operators(house, opened):
    run, customer = opened.run(), fresh()
    for party in (opened.agent, Party(run["run_id"], run["run_secret"])):
        assert house.ask(party, "GET", f"{REAL}{customer}").status == 407
        assert house.api(party, "GET", "/v1/runs").status == 401
    assert house.api(f"Bearer {opened.told['operator_secret']}", "GET", "/v1/runs").status == 401
    real = house.run("clerk")
    said = house.ask(real, "GET", f"{REAL}{customer}", headers={"AISecOps-Capability": opened.token(run)})

    assert said.code in {"token_malformed", "token_signature_invalid"}
    assert house.arrived(customer) == 0


def test_a_real_agent_that_is_granted_everything_does_not_reach_a_stand_in(house, opened):
    real = house.run("clerk")

    assert house.ask(real, "GET", TOOL).code == "destination_denied"
    assert house.ask(real, "GET", TOOL, headers={"AISecOps-Capability": opened.token(opened.run())}).status == 403
    assert opened.arrived() == 0


def test_nothing_of_it_is_in_the_record_the_figures_and_the_pages_but_that_it_was(house, tmp_path):
    counted = house.metrics()
    with a_round(house, tmp_path) as one:
        run = one.run()
        shown = evaluation(Party(run["run_id"], run["run_secret"]))
        for headers in ({}, {"AISecOps-Capability": one.token(run)}):
            house.ask(shown, "GET", TOOL, headers=headers)
        house.ask(shown, "GET", REAL)
        listed = house.api(house.operator, "GET", "/v1/runs").body.decode()

    names = [(event["event"], event.get("evaluation_id")) for event in house.events() if "event" in event]
    begun = names.index(("evaluation_opened", one.told["evaluation_id"]))
    assert names[begun:] == [(name, one.told["evaluation_id"]) for name in ("evaluation_opened", "evaluation_closed")]
    assert run["run_id"] not in listed
    after = house.metrics()
    moved = {name for name, value in after.items() if value != counted.get(name) and "eval" not in name}
    steady = ("aisecops_requests_total", "aisecops_runs_total", "aisecops_tokens", "aisecops_decisions")
    assert not [name for name in moved if name.startswith(steady)]


def test_after_its_end_it_is_good_for_nothing(house, tmp_path):
    with a_round(house, tmp_path) as one:
        run = one.run()
        token = one.token(run)
        shown = evaluation(Party(run["run_id"], run["run_secret"]))
        assert house.ask(shown, "GET", TOOL, headers={"AISecOps-Capability": token}).status == 200

    assert house.ask(shown, "GET", TOOL, headers={"AISecOps-Capability": token}).status == 407
    assert house.api(one.agent, "GET", f"{PATH}/v1/runs").status == 404
    assert one.arrived() == 1


def test_a_rule_that_is_weakened_while_it_runs_turns_the_next_round_red(house):
    def tried():
        done = house.command("eval", "chain-escalation", "--live", "--mutations", "0", "--report", "md", timeout=200)
        [event] = house.events("evaluation_finished")[-1:]
        return done.returncode, event, done

    def in_the_scrape():
        return house.metrics()['aisecops_eval_pass_ratio{suite="chain-escalation"}']

    code, event, done = tried()
    assert (code, event["ok"], event["live"]) == (0, True, True), done.stdout + done.stderr
    until(lambda: in_the_scrape() == 1, what="the green suite in the scrape")
    house.put_in_force(RULES.replace("approve_above: 1.5, halt_above: 2.0", "approve_above: 150, halt_above: 200"))
    until(lambda: in_the_scrape() == 0, what="that these rules were not tried")
    code, event, done = tried()

    assert (code, event["ok"]) == (1, False)
    assert "chain-escalation" in done.stderr
    until(lambda: 0 < in_the_scrape() < 1, what="the red suite in the scrape")
    assert house.metrics()["aisecops_eval_live_at_seconds"] > 0
    told = json.loads(house.command("maturity", "--json").stdout)
    [continuous] = (one for one in told["criteria"] if one["name"] == "continuous")
    assert any("gateway that serves" in line for line in continuous["evidence"])
