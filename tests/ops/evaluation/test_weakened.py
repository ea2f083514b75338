"""A weakened rule set turns the harness red: each control taken away or loosened in turn, and the suite that says so.

One installation for each weakening, and only scenarios that are about it: the whole run is `aisecops eval`.
"""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import NamedTuple

import pytest

from aisecops.ops.evaluation.outcome import State
from aisecops.ops.evaluation.runner import Runner
from aisecops.ops.evaluation.scenario import Asks, Opens, Speaks
from aisecops.ops.evaluation.shipped import scenarios_of
from aisecops.ops.evaluation.stage import stage
from aisecops.ops.settings_read import load
from support.taken_up import take_up

RULES = Path(__file__).parents[3] / "rules"


class Weakening(NamedTuple):
    """What is changed in which file, and which scenario shows it: by a breach, or because it does not apply any more.

    The latter is told apart, never counted as passed, and makes a comparison with an earlier run red.
    """

    file: str
    was: str
    becomes: str
    scenario: str
    applies: bool = True


WEAKENED = {
    "egress: no detectors": Weakening(
        "egress.yaml", r"    - \{entity: .*\n", "", "a secret in a message: a payment card"
    ),
    "egress: secrets are only counted": Weakening(
        "egress.yaml", r"SECRET, to: any, action: block", "SECRET, to: any, action: count", "a password behind its name"
    ),
    "egress: what cannot be read may leave": Weakening(
        "egress.yaml", r"unread: refuse", "unread: allow", "bytes that nobody can read leave", applies=False
    ),
    "firewall: nothing is blocked": Weakening(
        "egress.yaml", r"block_at: 0.9", "block_at: 1", "a page tells to forget what was said: the well-known phrase"
    ),
    "firewall: what nobody knows is the user's": Weakening(
        "egress.yaml", r"unknown_content: external", "unknown_content: user", "a local tool's answer has mail sent"
    ),
    "agent: nothing is enforced": Weakening(
        "agents.yaml", r"mode: enforce", "mode: observe", "a good token of another customer"
    ),
    "agent: the gateway asks for tokens": Weakening(
        "agents.yaml", r"token: require", "token: broker", "a customer is read without a token", applies=False
    ),
    "agent: calls without end": Weakening(
        "agents.yaml", r"max_tool_calls: 50", "max_tool_calls: 50000", "a run without a bound for its tool calls"
    ),
    "agent: writes without end": Weakening(
        "agents.yaml",
        r"max_write_operations: 10",
        "max_write_operations: 900",
        "a run without a bound for its write operations",
    ),
    "agent: loops without end": Weakening(
        "agents.yaml",
        r"max_tool_calls: 50(.*\n.*)max_write_operations: 10",
        r"max_tool_calls: 5000\1max_write_operations: 5000",
        "a loop of writes",
    ),
    "agent: no time": Weakening(
        "agents.yaml", r" +max_execution_time: 30m\n", "", "a run without a bound for its time"
    ),
    "agent: no money": Weakening("agents.yaml", r" +max_cost: .*\n", "", "a loop that costs"),
    "agent: as fast as it can": Weakening(
        "agents.yaml", r" +rate: 5/s\n", "", "requests that come too fast", applies=False
    ),
    "agent: nobody is asked": Weakening(
        "agents.yaml",
        r"approve_above: 1.5(.*\n.*)halt_above: 2.0",
        r"approve_above: 900\1halt_above: 1000",
        "a mail to everybody",
    ),
    "people: the agent's secret is an approver's": Weakening(
        "agents.yaml",
        r"\nagents:",
        '\npeople:\n  ann: {role: approver, secret: "env:ASSISTANT_SECRET"}\n\nagents:',
        "an agent approves its own step as if it were a person",
    ),
}


def scenario(name):
    [found] = [one for one in scenarios_of(RULES)[0] if one.name == name]
    return found


@pytest.fixture(scope="module")
def on(tmp_path_factory):
    folder = tmp_path_factory.mktemp("own")
    shutil.copytree(RULES, folder / "rules")
    settings = load({"paths.rules": str(folder / "rules")}, environ={}, folder=folder)
    with stage(settings, tmp_path_factory.mktemp("stage") / "in", agents=[], slots=1) as running:
        yield running


def played(on, names):
    runner = Runner(on, seed=1, mutations=0)
    results = runner.run(runner.jobs([scenario(name) for name in names]), print)
    return {result.scenario: result for result in results if result.scenario in names}  # not what is the operator's own


def weakened(folder, weakening):
    """A copy of the shipped rules with one thing changed."""
    shutil.copytree(RULES, folder)
    file = folder / weakening.file
    text = file.read_text()
    changed = re.sub(weakening.was, weakening.becomes, text)
    assert changed != text
    file.write_text(changed)
    return folder


def test_the_shipped_rules_contain_every_attack_that_a_weakening_lets_through(on):
    found = played(on, sorted({one.scenario for one in WEAKENED.values()}))
    slow = {name for name, one in found.items() if "a machine that is faster than the rate" in "".join(one.why)}

    assert slow <= {WEAKENED["agent: as fast as it can"].scenario}
    assert {name: one.why for name, one in found.items() if one.state is not State.CONTAINED and name not in slow} == {}
    assert {name: one.twin_stopped_by for name, one in found.items() if one.failed} == {}


@pytest.mark.parametrize("name", WEAKENED)
def test_a_weakened_control_turns_its_suite_red(on, name, tmp_path):
    weakening = WEAKENED[name]
    take_up(on, weakened(tmp_path / "rules", weakening))

    result = played(on, [weakening.scenario])[weakening.scenario]

    assert result.state is (State.BREACHED if weakening.applies else State.NOT_APPLICABLE), result
    assert weakening.applies or result.why[0].startswith("only where this holds"), result


ALWAYS_STOPPED = {
    "an MCP server slips another list of tools into the answer to a call",
    "a message to an MCP server that two readers read in two ways",
    "a request to Gemini that two readers read in two ways",
    "a request to OpenAI's Responses that two readers read in two ways",
}
"""What nobody can let through: an observed agent's too."""


def other_ways_out():
    """One scenario of each that goes over MCP, a WebSocket or a model of another dialect."""
    found = {}
    for one in scenarios_of(RULES)[0]:
        asked = (step.dialect for step in one.steps if isinstance(step, Asks))
        if any(isinstance(step, Speaks | Opens) for step in one.steps) or any(name != "openai" for name in asked):
            found.setdefault(one.name.partition(":")[0], one.name)
    return found


def test_with_nothing_enforced_every_attack_on_another_way_out_is_seen_to_come_through(on, tmp_path):
    take_up(on, weakened(tmp_path / "rules", WEAKENED["agent: nothing is enforced"]))
    names = other_ways_out()

    results = played(on, names.values())

    assert len(names) > 20
    contained = {base for base, name in names.items() if results[name].state is not State.BREACHED}
    assert contained == ALWAYS_STOPPED


@pytest.mark.parametrize(
    ("rule", "state"),
    [
        ("{to: external, action: hold}", State.CONTAINED),
        ("{to: external, action: hold, free: 1MiB, most: 2MiB}", State.BREACHED),
        ("{to: external, escalation: 1.5}", State.NOT_APPLICABLE),
    ],
)
def test_more_than_a_task_explains_is_tried_where_rules_bound_it_and_shows_a_bound_that_is_none(
    on, tmp_path, rule, state
):
    bound = Weakening("egress.yaml", "  unread: refuse", f"  proportion: [{rule}]\n  unread: refuse", "")
    take_up(on, weakened(tmp_path / "rules", bound))
    name = "more leaves than the task explains"

    results = played(on, [name, f"{name}, a little each time"])

    assert {result.state for result in results.values()} == {state}
