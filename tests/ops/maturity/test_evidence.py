"""The record's evidence: what counts, what is too old, and that it stays small."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from aisecops.ops.maturity import evidence
from aisecops.ops.maturity.evidence import Gathering

TODAY = date(2026, 11, 27)


def event(name, *, days_ago=0, seq=1, run_id=None, **fields):
    at = datetime(2026, 11, 27, 12, tzinfo=UTC) - timedelta(days=days_ago)
    return {"seq": seq, "at": at.isoformat(), "event": name, "run_id": run_id, "policy_version": "v", **fields}


def told(*events):
    gathering = Gathering()
    for one in events:
        gathering.add(one)
    return gathering.told(TODAY)


def decision(**fields):
    said = {"kind": "tool", "mode": "enforce", "enforced": "allow", "total": 0.1, "halt_above": 2, "risk": {"step": 0}}
    return event("decision", **(said | fields))


@pytest.mark.parametrize(
    ("fields", "counts"),
    [
        ({"jti": "tok_1"}, {"tools_allowed": 1, "tools_allowed_with_token": 1}),
        ({}, {"tools_allowed": 1, "tools_allowed_with_token": 0}),
        ({"enforced": "deny"}, {"tools_allowed": 0, "denied": 1}),
        ({"mode": "observe"}, {"decided_enforcing": 0}),
        ({"risk": None}, {"tool_decisions": 1, "tool_decisions_scored": 0}),
        ({"kind": "model", "risk": None}, {"tool_decisions": 0, "tools_allowed": 0}),
    ],
)
def test_what_a_decision_shows(fields, counts):
    found = told(decision(**fields))

    assert {name: found.count(name) for name in counts} == counts


def test_what_is_older_than_the_window_counts_for_nothing():
    old = event("tool_invoked", days_ago=evidence.WINDOW_DAYS + 1, agent_id="a", tool="t")

    assert told(old).count("tool_invoked") == 0
    assert told(old, event("tool_invoked", agent_id="a", tool="t")).count("tool_invoked") == 1


@pytest.mark.parametrize(
    ("fields", "labelled"),
    [
        ({"bytes": 3, "provenance": {}}, (1, 1)),
        ({"bytes": 3}, (1, 0)),
        ({"bytes": 0}, (0, 0)),
        ({"bytes": 3, "failed": "x"}, (0, 0)),
        ({"bytes": 3, "refused": "output_invalid"}, (0, 0)),
        ({"bytes": 3, "complete": False}, (0, 0)),
    ],
)
def test_only_an_answer_that_reached_the_agent_must_be_labelled(fields, labelled):
    found = told(event("tool_returned", **fields))

    assert (found.count("answers"), found.count("answers_labelled")) == labelled


@pytest.mark.parametrize(("life_s", "short"), [(60, 1), (900, 1), (901, 0), (None, 0)])
def test_a_token_that_lives_longer_than_fifteen_minutes_is_not_short(life_s, short):
    one = event("token_issued")
    if life_s is not None:
        one["expires_at"] = datetime.fromisoformat(one["at"]).timestamp() + life_s

    assert told(one).count("tokens_short") == short


def test_the_last_try_of_a_suite_counts_and_a_day_needs_both_suites():
    figures = {"attacks": 4, "contained": 4, "alarms": 0}
    red = event(
        "evaluation_finished", ok=False, suites={"injection": figures | {"contained": 3}, "exfiltration": figures}
    )
    both = event("evaluation_finished", days_ago=1, ok=True, suites={"injection": figures, "chain-escalation": figures})

    found = told(both, red)

    assert not found.suites["injection"].is_green
    assert found.suites["exfiltration"].is_green
    assert found.evaluation_days == ("2026-11-26",)


def test_a_run_without_its_beginning_is_counted_and_known_runs_are_those_that_began():
    gathering = Gathering()
    for one in (
        event("run_started", run_id="run_a"),
        event("decision", run_id="run_a"),
        event("decision", run_id="run_b"),
    ):
        gathering.add(one)

    assert gathering.told(TODAY).count("runs_without_beginning") == 1
    assert gathering.knows(["run_a", "run_b", "run_c"]) == 1


def test_it_stays_small_however_long_the_record_is(monkeypatch):
    monkeypatch.setattr(evidence, "MOST_RUNS", 10)
    gathering = Gathering()
    for number in range(400):
        at = 400 - number
        gathering.add(event("approval_granted", days_ago=at, run_id=f"run_{number}", seq=number))
        gathering.add(event("evaluation_finished", days_ago=at, ok=True, suites={"injection": {}}, seq=number))

    found = gathering.told(TODAY)

    assert gathering.knows([f"run_{number}" for number in range(400)]) == 0
    assert found.looked_by == {"approval_granted": 90}
    assert len(gathering._days) <= 2 * evidence.WINDOW_DAYS
    assert len(gathering._runs) <= 10
