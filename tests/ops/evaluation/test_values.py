"""How far an attack goes follows from the agent's own rules, and from a ceiling where they say nothing."""

from types import SimpleNamespace

import pytest

from aisecops.model.budget import Rate
from aisecops.ops.evaluation.fill import FIXED
from aisecops.ops.evaluation.places import probes
from aisecops.ops.evaluation.values import most_within, values_for
from support.gateway import rules_of


def values(agent):
    rules = rules_of(f"version: 1\nagents:\n  a: {{authenticate: {{secret: 'env:A'}}{agent}}}\n")
    [probe] = probes(rules, [])
    opened = SimpleNamespace(run_id="run_1", secret="s")
    cast = SimpleNamespace(probe=probe, agent=lambda _: ("eval-a", "s"), run=lambda _: opened)
    stage = SimpleNamespace(
        rules=rules,
        probes=[probe],
        first=lambda _: "",
        scheme="Basic",
        settings=SimpleNamespace(control_url="http://127.0.0.1:1"),
    )
    return values_for(stage, cast, 0, 7)


@pytest.mark.parametrize(
    ("agent", "name", "value"),
    [
        (", budgets: {max_tool_calls: 5}", "over.calls", "6"),
        (", budgets: {max_tool_calls: 100000}", "budget.calls", "200"),
        ("", "budget.calls", "200"),
        (", budgets: {max_write_operations: 3}", "budget.writes", "3"),
        (", budgets: {rate: 5/s}", "rate.burst", "29"),
        ("", "mails.most", "2"),
        (", risk: {approve_above: 100, halt_above: 200}", "mails.most", "5"),
        (", risk: {approve_above: 0.4, halt_above: 1}", "mails.most", "2"),
    ],
)
def test_an_attack_goes_one_step_further_than_it_may(agent, name, value):
    assert values(agent)[name] == value


def test_every_value_that_scenarios_may_name_is_there():
    assert {name for name in values("") if not name.startswith("host.")} == set(FIXED)


@pytest.mark.parametrize(("seconds", "most"), [(0, 6), (0.199, 6), (0.2, 7), (4.6, 29), (60, 306)])
def test_what_a_rate_lets_through_follows_from_the_time_that_has_passed(seconds, most):
    assert most_within(Rate(count=5, per_ms=1000), seconds) == most
