"""The operator's own tools are tried by what the rules say of them; a recipient that no rule guards is found out."""

from pathlib import Path

import pytest

from aisecops.ops.evaluation.outcome import State
from aisecops.ops.evaluation.own_calls import hosts_of
from aisecops.ops.evaluation.own_tools import own_scenarios
from aisecops.ops.evaluation.places import probes
from aisecops.ops.evaluation.runner import Runner
from aisecops.ops.evaluation.scenario import Suite
from aisecops.ops.evaluation.shipped import scenarios_of
from aisecops.ops.evaluation.stage import stage
from aisecops.ops.settings_read import load
from support.gateway import rules_of
from support.taken_up import take_up

RULES = """
version: 1
agents:
  clerk:
    authenticate: {secret: "env:CLERK_SECRET"}
    grants:
      - {tool: letters.send, scope: "letters.*"}
      - {tool: orders.change, scope: "orders.7"}
      - {tool: desk.post, scope: "desk.post"}
      - {tool: desk.notify, scope: "desk.notify"}
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
  orders.read: {match: {host: orders.corp.example, method: GET}, effect: read, base_risk: 0.1}
  any.post: {match: {host: "*.corp.example", method: POST}, effect: write, arguments: {to: {at: to, role: steering}}}
  desk.post:
    match: {host: "*.desk.example", method: POST, path: /post}
    effect: write
    base_risk: 0.1
    arguments: {to: {at: to, role: steering}}
  desk.notify:
    match: {mcp: {host: mcp.desk.example, path: /mcp, tool: notify}}
    effect: write
    base_risk: 0.1
    arguments: {to: {at: to, role: steering}}
  tickets.*: {match: {mcp: {host: mcp.desk.example, path: /mcp, tool: "look_*"}}, effect: read, base_risk: 0.1}
  desk.feed: {match: {host: feed.desk.example, method: WEBSOCKET}, effect: write, arguments: {to: {at: to, role: steering}}}
  ledger.read: {match: {host: ledger.corp.example, method: GET}, effect: read, returns: {tier: internal}}
sources:
  - {match: {host: "*.news.example"}, tier: external}
  - {match: {host: handbook.corp.example}, tier: internal}
"""


WRITES = {
    "a page chooses `letter.to` of letters.send",
    "a page chooses `to` of desk.post",
    "a page chooses `to` of desk.notify",
}
READS = {
    "a page of the source *.news.example/** has mail sent",
    "an answer of orders.read has mail sent",
    "an answer of tickets.* has mail sent",
    "the MCP server mcp.desk.example/mcp describes a tool otherwise than before",
}


def own(text):
    rules = rules_of(text)
    return {scenario.name: (scenario, probe) for scenario, probe in own_scenarios(rules, probes(rules, []))}


def test_an_agent_that_may_not_call_it_does_not_try():
    assert own(RULES.replace("letters.*", "letters.anna")).keys() == (WRITES | READS) - {
        "a page chooses `letter.to` of letters.send"
    }


def test_they_are_chosen_by_capability_and_called_as_they_are_matched():
    found = own(RULES)

    assert found.keys() == WRITES | READS
    scenario, probe = found["a page chooses `letter.to` of letters.send"]
    step = scenario.steps[-1]
    assert (probe.agent_id, step.method, step.path) == ("clerk", "POST", "/v1/1/send")
    assert step.body == b'{"letter":{"to":"{whom}","text":"{mark}"}}'
    assert found["a page chooses `to` of desk.post"][0].steps[-1].host == "evaluation.desk.example"
    assert found["an answer of tickets.* has mail sent"][1].agent_id == "eval-clerk"


def test_stand_ins_stand_at_every_name_that_is_called_and_at_one_below_a_domain():
    assert hosts_of(rules_of(RULES)) == (
        "letters.corp.example", "orders.corp.example", "evaluation.corp.example", "evaluation.desk.example",
        "mcp.desk.example", "ledger.corp.example", "evaluation.news.example", "handbook.corp.example",
    )  # fmt: skip


def test_what_the_rules_have_none_of_is_said_and_what_they_trust_is_theirs_to_trust():
    bare = own(RULES.partition("tools:")[0].partition("    grants")[0])

    assert len(bare) == 4
    assert {scenario.absent for scenario, _ in bare.values()} == {
        f"not attackable: the rules declare no {what} that could be called here"
        for what in (
            "tool that writes to whom a caller names", "source that strangers write",
            "tool that reads what strangers write", "MCP server",
        )
    }  # fmt: skip


@pytest.fixture(scope="module")
def on(tmp_path_factory):
    folder = tmp_path_factory.mktemp("own")
    written(folder / "rules", RULES)
    with stage(load({}, environ={}, folder=folder), folder / "stage", agents=[], slots=1) as on:
        yield on


def written(folder, text):
    folder.mkdir()
    (folder / "rules.yaml").write_text(text)
    return folder


def played(on):
    runner = Runner(on, seed=1, mutations=0)
    shipped = [one for one in scenarios_of(Path("nowhere"))[0] if one.suite is Suite.INJECTION]
    jobs = [job for job in runner.jobs(shipped) if job.scenario.tentative]
    return {result.scenario: result for result in runner.run(jobs, print)}


@pytest.mark.parametrize(
    ("was", "becomes", "breached"),
    [
        ("", "", set()),
        ("role: steering", "role: content", WRITES),
        ("authenticate:", "mode: observe\n    authenticate:", WRITES | READS),
    ],
)
def test_a_recipient_that_no_rule_guards_and_an_agent_that_is_only_observed_turn_it_red(
    on, tmp_path, was, becomes, breached
):
    take_up(on, written(tmp_path / "rules", RULES.replace(was, becomes)))

    results = played(on)

    assert {name for name, result in results.items() if result.state is State.BREACHED} == breached, results
    assert {name for name, result in results.items() if result.state is State.CONTAINED} == (WRITES | READS) - breached
