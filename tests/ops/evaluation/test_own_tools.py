"""The operator's own tools are tried by what the rules say of them; a recipient that no rule guards is found out."""

from pathlib import Path

import pytest

from aisecops.ops.evaluation.outcome import State
from aisecops.ops.evaluation.own_tools import own_hosts, own_scenarios
from aisecops.ops.evaluation.places import probes
from aisecops.ops.evaluation.runner import Runner
from aisecops.ops.evaluation.scenario import Suite
from aisecops.ops.evaluation.shipped import scenarios_of
from aisecops.ops.evaluation.stage import stage
from aisecops.ops.settings_read import load
from support.gateway import rules_of

RULES = """
version: 1
agents:
  clerk:
    authenticate: {secret: "env:CLERK_SECRET"}
    grants:
      - {tool: letters.send, scope: "letters.*"}
      - {tool: orders.change, scope: "orders.7"}
tools:
  letters.send:
    match: {host: letters.corp.example, method: POST, path: "/v1/*/send"}
    effect: write
    base_risk: 0.1
    scope: "letters.{body.letter.to}"
    arguments:
      to: {at: letter.to, role: steering}
      text: {at: letter.text, role: content}
  orders.change:
    match: {host: orders.corp.example, method: PATCH, path: "/v1/orders/*"}
    effect: write
    scope: "orders.{path[2]}"
    arguments:
      url: {at: url, role: content}
  orders.read: {match: {host: orders.corp.example, method: GET}, effect: read}
  any.post: {match: {host: "*.corp.example", method: POST}, effect: write, arguments: {to: {at: to, role: steering}}}
"""


def test_an_agent_that_may_not_call_it_does_not_try():
    assert own_scenarios(rules_of(RULES.replace("letters.*", "letters.anna")), probes(rules_of(RULES), [])) == ()


def test_they_are_chosen_by_capability_and_called_as_they_are_matched():
    rules = rules_of(RULES)
    [(scenario, probe)] = own_scenarios(rules, probes(rules, []))
    step = scenario.steps[-1]

    assert own_hosts(rules) == ("letters.corp.example", "orders.corp.example")
    assert (probe.agent_id, step.method, step.path) == ("clerk", "POST", "/v1/1/send")
    assert step.body == b'{"letter":{"to":"{whom}","text":"{mark}"}}'


@pytest.mark.parametrize(("role", "state"), [("role: steering", State.CONTAINED), ("role: content", State.BREACHED)])
def test_a_recipient_that_no_rule_guards_turns_it_red(tmp_path, role, state):
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules" / "rules.yaml").write_text(
        RULES.replace("at: letter.to, role: steering", f"at: letter.to, {role}")
    )
    settings = load({}, environ={}, folder=tmp_path)
    with stage(settings, tmp_path / "stage", agents=[], slots=1) as on:
        runner = Runner(on, seed=1, mutations=0)
        shipped = [one for one in scenarios_of(Path("nowhere"))[0] if one.suite is Suite.INJECTION]
        jobs = [job for job in runner.jobs(shipped) if job.scenario.tentative]
        [result] = runner.run(jobs, print)

    assert result.state is state, result
