"""Each figure by hand: lines in, numbers out."""

import tomllib
from importlib.resources import files

import pytest

from aisecops.ops.figures.counts import Counts
from aisecops.ops.figures.eleven import BY_NAME, FIGURES, Group, told
from aisecops.ops.figures.line import Line, read_line


def line(event="decision", **fields):
    return Line(seq=1, at="2026-01-31T12:05:09.123Z", event=event, **fields)


def decision(enforced="allow", *, kind="tool", total=0.2, mode="enforce", approved=False):
    facts = b'{"approval":{"approved_by":"ann"}}' if approved else b'{"approval":null}'
    raw = (
        b'{"seq":1,"at":"2026-01-31T12:05:09.123Z","event":"decision","kind":"%s","enforced":"%s","mode":"%s",'
        b'"total":%f,"approve_above":1.5,"facts":%s}' % (kind.encode(), enforced.encode(), mode.encode(), total, facts)
    )
    return read_line(raw)


def counted(*lines):
    counts = Counts()
    for one in lines:
        counts.add(one)
    return counts


def value(name, *lines):
    return BY_NAME[name].value(counted(*lines))


def test_there_are_eleven_in_the_three_groups_of_the_specification():
    groups = [figure.group for figure in FIGURES]

    assert [groups.count(group) for group in Group] == [4, 4, 3]


def test_runs_are_counted_when_they_open():
    assert value("total_runs", line("run_started"), line("run_finished"), line("run_started")) == 2


def test_the_average_risk_is_over_ends_of_runs():
    assert value("average_risk", line("run_finished", total=0.4), line("run_halted", total=2.0)) == pytest.approx(1.2)


def test_budgets_and_denials_are_shares_of_all_decisions():
    lines = [decision("deny"), line("budget_exceeded"), decision(), decision("hold"), decision(kind="model")]

    assert value("budget_violations", *lines) == 0.25
    assert value("denials", *lines) == 0.25


def test_an_escalation_is_stopped_unless_it_passes_by_itself():
    over = [decision("deny", total=1.6), decision("hold", total=1.6), decision("allow", total=1.6, approved=True)]

    assert value("escalation_detection", *over) == 1.0
    assert value("escalation_detection", *over, decision("allow", total=1.6)) == 0.75
    assert value("escalation_detection", decision(total=1.5)) is None  # on the line is not over it


def test_what_is_only_observed_is_not_enforced():
    lines = [decision(), decision(mode="observe"), decision(kind="model", mode="observe"), decision(kind="local")]

    assert value("policy_enforced", *lines) == pytest.approx(2 / 3)


def test_egress_is_counted_by_request():
    assert value("egress_attempts", line("egress_blocked"), line("egress_masked"), decision()) == 2


def test_containment_is_the_mean_of_what_was_measured():
    cuts = [line("exchange_cut", contained_s=0.2), line("exchange_cut", contained_s=0.4), line("exchange_cut")]

    assert value("containment", *cuts) == pytest.approx(0.3)


def test_of_nothing_there_is_no_share():
    assert {figure.name: figure.value(Counts()) for figure in FIGURES} == {
        "total_runs": 0,
        "average_risk": None,
        "budget_violations": None,
        "tool_distribution": 0,
        "injection_tests": None,
        "escalation_detection": None,
        "denials": None,
        "egress_attempts": 0,
        "policy_enforced": None,
        "runs_traced": None,
        "containment": None,
    }


def test_every_line_of_a_figure_is_found_again_under_it():
    refused = decision("deny", total=1.6)

    assert set(counted_under(refused)) == {"denials", "escalation_detection", "policy_enforced"}
    assert counted_under(line("run_halted")) == ("average_risk", "runs_traced")
    assert counted_under(line("token_issued")) == ()


def counted_under(one):
    return Counts().add(one)


def test_a_figure_says_what_it_was_counted_from():
    shown = told(BY_NAME["denials"], counted(decision("deny"), decision(), decision(), decision()))

    assert (shown["value"], shown["counted"]) == (0.25, "1 of 4 decisions")


def test_two_stretches_add_up():
    one, other = counted(decision("deny")), counted(decision(), line("run_started"))

    assert one.plus(other) == counted(decision("deny"), decision(), line("run_started"))


def test_every_figure_is_counted_and_has_its_words():
    written = tomllib.loads(files("aisecops.ops.figures").joinpath("eleven.toml").read_text())

    assert written.keys() == BY_NAME.keys()
    assert all(one.words.endswith(".") and one.good in {"", "up", "down"} for one in FIGURES)
