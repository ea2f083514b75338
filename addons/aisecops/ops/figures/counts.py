"""What is counted of a stretch of the record: whole numbers that add up, so that minutes make hours and hours days."""

from __future__ import annotations

import msgspec

from aisecops.model.risk import MICROS
from aisecops.ops.figures.line import Line
from aisecops.ops.figures.took import Took, class_of, together

_BELONGS = {
    "tool_invoked": ("tool_distribution",),
    "run_started": ("total_runs",),
    "run_finished": ("average_risk", "runs_traced"),
    "run_halted": ("average_risk", "runs_traced"),
    "budget_exceeded": ("budget_violations",),
    "egress_blocked": ("egress_attempts",),
    "egress_masked": ("egress_attempts",),
    "exchange_cut": ("containment",),
    "evaluation_finished": ("injection_tests",),
    "tool_returned": ("tool_answers",),
    "llm_returned": ("model_answers",),
    "rules_reloaded": ("rules",),
    "rules_rejected": ("rules",),
}
"""Which figures an event is a record of; `rules` is what has become of the rules, `..._answers` how long they took."""


class Counts(msgspec.Struct):
    """Numbers of events by what they say. Risk in millionths, time in milliseconds."""

    events: int = 0
    runs: int = 0
    ends: int = 0
    end_risk_micros: int = 0
    decisions: int = 0
    denied: int = 0
    held: int = 0
    over_budget: int = 0
    tool_decisions: int = 0
    tool_enforced: int = 0
    invoked: int = 0
    escalations: int = 0
    escalations_stopped: int = 0
    egress: int = 0
    ended_runs: int = 0
    traced_runs: int = 0
    contained: int = 0
    contained_ms: int = 0
    tools_took: Took = {}
    models_took: Took = {}

    def add(self, line: Line) -> tuple[str, ...]:
        """Count one line; return the names of the figures whose records it belongs to.

        `ended_runs` and `traced_runs` are of whole runs, and counted by whoever follows them.
        """
        self.events += 1
        match line.event:
            case "decision":
                return self._decided(line)
            case "tool_invoked":
                self.invoked += 1
            case "run_started":
                self.runs += 1
            case "run_finished" | "run_halted":
                self.ends += 1
                self.end_risk_micros += round((line.total or 0.0) * MICROS)
            case "budget_exceeded":
                self.over_budget += 1
            case "egress_blocked" | "egress_masked":
                self.egress += 1
            case "exchange_cut" if line.contained_s is not None:
                self.contained += 1
                self.contained_ms += round(line.contained_s * 1000)
            case "exchange_cut":
                return ()
            case "tool_returned" | "llm_returned":
                _count(self.tools_took if line.event == "tool_returned" else self.models_took, line.duration_ms)
        return _BELONGS.get(line.event, ())

    def _decided(self, line: Line) -> tuple[str, ...]:
        self.decisions += 1
        of = []
        if line.kind in {"tool", "local"}:
            self.tool_decisions += 1
            self.tool_enforced += line.mode != "observe"
            of.append("policy_enforced")
        if line.over_the_line:
            self.escalations += 1
            self.escalations_stopped += not line.passed_by_itself
            of.append("escalation_detection")
        if line.enforced == "deny":
            self.denied += 1
            of.append("denials")
        elif line.enforced == "hold":
            self.held += 1
        return tuple(of)

    def plus(self, other: Counts) -> Counts:
        """Both stretches together."""
        sums = {name: getattr(self, name) + getattr(other, name) for name in _SUMS}
        return Counts(
            **sums,
            tools_took=together(self.tools_took, other.tools_took),
            models_took=together(self.models_took, other.models_took),
        )


def _count(took: Took, ms: float | None) -> None:
    if ms is not None:
        known = class_of(ms)
        took[known] = took.get(known, 0) + 1


_SUMS = tuple(one.name for one in msgspec.structs.fields(Counts) if one.type is int)
