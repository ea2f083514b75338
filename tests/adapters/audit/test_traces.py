"""Spans come out of the record as its events go in, whatever is missing, and never pile up."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime

import pytest

from aisecops.adapters.audit import traces
from aisecops.adapters.audit.otel import span_id_of
from aisecops.adapters.audit.traces import Traces

IDLE_MS = 1000


class Told:
    """Events of a record as they would stand in it, one a millisecond."""

    def __init__(self):
        self._seq = itertools.count(1)

    def event(self, name, run_id="run_a", *, root=None, at_ms=None, **fields):
        seq = next(self._seq)
        at = datetime.fromtimestamp((seq if at_ms is None else at_ms) / 1000, UTC).isoformat()
        chained = {"seq": seq, "at": at, "event": name, "policy_version": "v", "control": []}
        about = {"run_id": run_id, "root_run_id": root or run_id, "agent_id": "bot", "decision_id": None}
        return chained | about | fields

    def decision(self, decision_id, run_id="run_a", *, root=None, enforced="allow", kind="tool", **fields):
        run = {"started_ms": 0}
        facts = {
            "now_ms": 0,
            "principal": {"lineage": [run_id]},
            "tree": {"runs": {run_id: run}, "risk_micros": 0},
            "request": {"port": 443, "model": "", "prompt_hash": "", "cost_micros": 0},
        }
        step = {"kind": kind, "tool": "crm.read", "effect": "read", "host": "crm", "method": "GET", "scope": "s"}
        judged = {"enforced": enforced, "verdict": enforced, "total": 0.2, "before": 0.0, "risk": None}
        decision = {"enforced": enforced, "total_micros": 200_000, "risk": None}
        return self.event(
            "decision",
            run_id,
            root=root,
            decision_id=decision_id,
            facts=facts,
            decision=decision,
            **step,
            **judged,
            **fields,
        )

    def returned(self, decision_id, run_id="run_a", **fields):
        return self.event("tool_returned", run_id, decision_id=decision_id, tool="crm.read", **fields)


@pytest.fixture
def told():
    return Told()


@pytest.fixture
def gathered():
    return Traces(idle_ms=IDLE_MS)


def out(gathered, *events):
    return [span for event in events for span in gathered.add(event)]


def test_a_step_is_a_span_when_its_answer_is_there_and_as_long_as_it_took(gathered, told):
    begun = out(gathered, told.event("run_started"), told.decision("dec_1"))

    (span,) = out(gathered, told.returned("dec_1", status=200, duration_ms=2, at_ms=50))

    assert begun == []
    assert (span.name, span.span_id, span.parent_id) == (
        "execute_tool crm.read",
        span_id_of("dec_1"),
        span_id_of("run_a"),
    )
    assert (span.start_ms, span.end_ms) == (0, 50)
    assert span.attributes["http.response.status_code"] == 200


def test_a_refusal_is_a_span_at_once(gathered, told):
    (span,) = out(gathered, told.decision("dec_1", enforced="deny", code="scope_violation"))

    assert span.error == "scope_violation"


def test_a_call_of_a_local_tool_waits_for_no_answer(gathered, told):
    (span,) = out(gathered, told.decision("dec_1", kind="local"))

    assert span.attributes["gen_ai.tool.type"] == "function"


def test_a_run_is_a_span_when_it_finishes(gathered, told):
    (span,) = out(gathered, told.event("run_started"), told.event("run_finished"))

    assert (span.name, span.span_id, span.parent_id) == ("invoke_agent bot", span_id_of("run_a"), None)
    assert span.attributes["aisecops.outcome"] == "finished"


def test_a_run_of_which_nothing_more_comes_is_a_span_too_with_its_unanswered_steps(gathered, told):
    out(gathered, told.event("run_started"), told.decision("dec_1"))

    assert list(gathered.silent(IDLE_MS)) == []
    step, run = gathered.silent(IDLE_MS + 2)

    assert step.span_id == span_id_of("dec_1")
    assert run.attributes["aisecops.outcome"] == "idle"
    assert gathered.open == {}


def test_a_halted_run_is_over_sooner_and_one_that_was_resumed_is_not(told):
    gathered = Traces(idle_ms=10 * traces.HALTED_MS)
    out(gathered, told.event("run_started"), told.event("run_started", "run_b"))
    out(gathered, told.event("run_halted"), told.event("run_halted", "run_b"), told.event("run_resumed", "run_b"))

    (span,) = gathered.silent(traces.HALTED_MS + 10)

    assert (span.span_id, span.error) == (span_id_of("run_a"), "run_halted")


def test_what_a_run_does_after_its_span_was_sent_is_a_span_below_it(gathered, told):
    out(gathered, told.event("run_started"), told.event("run_finished"))

    out(gathered, told.decision("dec_9", enforced="deny", code="run_finished"))
    (span,) = gathered.silent(10**9)

    assert span.parent_id == span_id_of("run_a") != span.span_id
    assert span.attributes["aisecops.continued"] is True


def test_what_was_open_is_found_again_in_the_record_and_nothing_twice(told):
    before = [
        told.event("run_started"),
        told.event("run_started", "run_b"),
        told.decision("dec_1"),
        told.decision("dec_2"),
    ]
    before += [told.returned("dec_2"), told.event("run_finished", "run_b")]
    after = [told.returned("dec_1", status=200), told.event("run_finished")]
    one, other = Traces(idle_ms=IDLE_MS), Traces(idle_ms=IDLE_MS)
    sent = out(one, *before)

    other.recover(iter(before), one.open.keys())

    assert other.open == one.open == {"run_a": 1, "dec_1": 3}
    assert out(other, *after) == out(one, *after)
    assert {span.span_id for span in sent} == {span_id_of("dec_2"), span_id_of("run_b")}


def test_no_more_runs_and_steps_are_open_than_it_may_hold(told, monkeypatch):
    monkeypatch.setattr(traces, "MOST_RUNS", 2)
    monkeypatch.setattr(traces, "MOST_STEPS", 3)
    gathered = Traces(idle_ms=IDLE_MS)

    spans = out(gathered, *(told.event("run_started", f"run_{number}") for number in range(5)))
    steps = out(gathered, *(told.decision(f"dec_{number}", "run_4") for number in range(5)))

    assert [span.attributes["aisecops.outcome"] for span in spans] == ["open"] * 3
    assert [span.span_id for span in steps] == [span_id_of("dec_0"), span_id_of("dec_1")]
    assert len(gathered.open) == 5


def test_a_long_run_lists_its_first_steps_and_counts_them_all(gathered, told):
    many = traces.otel.MOST_TOLD + 50
    out(gathered, told.event("run_started"))
    for number in range(many):
        out(gathered, told.decision(f"dec_{number}"), told.returned(f"dec_{number}", status=200))

    (span,) = out(gathered, told.event("run_finished"))

    assert len(span.attributes["aisecops.policy_decisions"]) == traces.otel.MOST_TOLD
    assert span.attributes["aisecops.budget_consumption.tool_calls"] == many
    assert span.attributes["aisecops.policy_decisions_cut"] is True


def test_an_event_without_a_run_is_no_span(gathered, told):
    assert out(gathered, told.event("rules_reloaded", None, root=None)) == []
    assert gathered.open == {}
