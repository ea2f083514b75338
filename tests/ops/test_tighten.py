"""Proposals that make authority smaller: on what evidence, and that applying them gives nothing to anybody."""

from __future__ import annotations

import subprocess

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aisecops.adapters.policies.reading import read_rules
from aisecops.controls.policy.diff import diff
from aisecops.controls.policy.directions import Direction
from aisecops.model.rules import RuleSet
from aisecops.model.scope import covers
from aisecops.ops.tighten import LEAST_RUNS, as_patch, closest, edits, grants, lines
from support.gateway import RULES, rules_of

FILES = {"rules.yaml": RULES}


def step(run=1, *, tool="crm.read", scope="crm.customers.42", total=0.1, enforced="allow", agent="clerk"):
    return {"event": "decision", "enforced": enforced, "agent_id": agent, "run_id": f"run_{run}",
            "root_run_id": f"run_{run}", "tool": tool, "scope": scope, "total": total}  # fmt: skip


def runs(**said):
    return [step(number, **said) for number in range(LEAST_RUNS)]


def applied(found) -> RuleSet:
    changed = FILES | edits(found, FILES)
    rules = read_rules({name: text.encode() for name, text in changed.items()})
    assert isinstance(rules, RuleSet), rules
    return rules


def test_a_grant_that_no_run_used_is_proposed_to_go():
    found = grants([*runs(), *runs(tool="mail.send", scope="mail.contacts.ann")], rules_of(), FILES)
    gone = [one for one in found if one.after is None]
    assert [one.what for one in gone] == ["take away `db.write` on `db.orders.*`"]
    assert gone[0].evidence == (f"clerk.grants[2] was not used in {LEAST_RUNS} runs",)
    assert len(applied(gone).agents["clerk"].grants) == 2


def test_a_scope_is_drawn_as_close_as_what_was_asked_for():
    used = [*runs(), *runs(tool="mail.send", scope="mail.contacts.ann"), *runs(tool="db.write", scope="db.orders.7")]
    used += runs(scope="crm.customers.43")
    found = grants(used, rules_of(), FILES)
    assert [one.what for one in found] == [
        "`mail.send` on `mail.contacts.ann` instead of `mail.contacts.*`",
        "`db.write` on `db.orders.7` instead of `db.orders.*`",
    ]
    [grant] = [rule.grant for rule in applied(found).agents["clerk"].grants if rule.grant.tool == "mail.send"]
    assert grant.scope == "mail.contacts.ann"
    assert grant.constraints.max_cost_micros == 600_000


@pytest.mark.parametrize("events", [[step(number) for number in range(LEAST_RUNS - 1)], [], runs(enforced="deny")])
def test_little_evidence_proposes_nothing(events):
    assert grants(events, rules_of(), FILES) == ()
    assert lines(events, rules_of(), FILES) == ()


def test_a_line_far_over_what_runs_come_to_is_lowered_and_says_what_it_would_have_stopped():
    text = RULES.replace("approve_above: 1.5", "approve_above: 1.6")
    totals = [step(number, total=0.01 * number) for number in range(100)]
    [one] = lines(totals, rules_of(text), {"rules.yaml": text})
    assert one.what == "`clerk`: approve above 1.24, halt above 1.55"
    assert "a line at 0.5 would have held 49 of them, first at `crm.read` 49 x" in one.evidence
    assert one.after.strip() == "risk: {approve_above: 1.24, halt_above: 1.55}"


def test_what_a_line_would_have_stopped_is_the_step_that_would_have_carried_a_chain_over_it():
    events = []
    for number in range(LEAST_RUNS):
        events += [step(number, total=0.1), step(number, total=0.5, tool="mail.send"), step(number, total=0.6)]
    events += [step(99, total=0.9, tool="db.write")]
    [one] = lines(events, rules_of(), FILES)
    assert "a line at 0.6 would have held 1 of them, first at `db.write` 1 x" in one.evidence
    assert one.evidence[-2:][0].startswith("a line at") or one.evidence[0].startswith(f"{LEAST_RUNS + 1} runs")
    lower = [event for event in events if event["root_run_id"] != "run_99"]
    told = lines([*lower, *[step(number, total=0.2) for number in range(200, 200 + 3 * LEAST_RUNS)]], rules_of(), FILES)
    assert any(f"first at `mail.send` {LEAST_RUNS} x" in line for line in told[0].evidence), told[0].evidence


def test_lines_are_never_raised():
    assert lines(runs(total=5.0), rules_of(), FILES) == ()


def test_nothing_that_is_proposed_gives_authority():
    events = [*runs(), *runs(tool="mail.send", scope="mail.contacts.ann")]
    found = [*grants(events, rules_of(), FILES), *lines(events, rules_of(), FILES)]
    assert found
    changes = diff(rules_of(), applied(found))
    assert changes
    assert {change.direction for change in changes} == {Direction.LOST}


def test_git_takes_the_patch(tmp_path):
    (tmp_path / "rules.yaml").write_text(RULES)
    found = grants(runs(), rules_of(), FILES)
    command = ["git", "apply", "--verbose", "-"]
    said = as_patch(found, FILES).encode()
    done = subprocess.run(command, cwd=tmp_path, input=said, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "rules.yaml").read_text() == edits(found, FILES)["rules.yaml"]


def test_what_is_written_in_another_way_is_told_and_not_edited():
    spread = RULES.replace('- {tool: db.write, scope: "db.orders.*"}', '- tool: db.write\n        scope: "db.orders.*"')
    found = grants(runs(), rules_of(spread), {"rules.yaml": spread})
    [one] = [one for one in found if "db.write" in one.what]
    assert not one.has_edit
    assert "by hand" in one.evidence[-1]


WORD = st.sampled_from(["a", "b", "c"])


@given(st.lists(st.lists(WORD, min_size=1, max_size=4).map(".".join), min_size=1, max_size=6))
def test_the_closest_pattern_covers_everything_it_was_made_of(scopes):
    close = closest(scopes)
    assert all(covers(close, scope) for scope in scopes), close
