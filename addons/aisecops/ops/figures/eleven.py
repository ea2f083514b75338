"""The eleven figures of spec 19: what each is called, what it says, and how it is made of counts.

All come from the record; the pass rate of the injection tests from the event of the last evaluation alone.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Any

from aisecops.model.risk import MICROS
from aisecops.model.value import Value
from aisecops.ops.figures.counts import Counts

Share = tuple[float, float]
"""So much of so much; of nothing at all there is no figure."""


class Group(StrEnum):
    """The three groups of spec 19."""

    OPERATIONAL = "operational"
    SECURITY = "security"
    MATURITY = "maturity"


class Unit(StrEnum):
    """How a figure is read."""

    COUNT = "count"
    RATIO = "ratio"
    RISK = "risk"
    SECONDS = "seconds"


class Figure(Value):
    """One figure. `of` gives what is divided by what; a count stands over one. `good`: which way is better."""

    name: str
    title: str
    group: Group
    unit: Unit
    words: str
    of: Callable[[Counts], Share]
    counted: str = ""
    good: str = ""

    def value(self, counts: Counts) -> float | None:
        """The figure of these counts; None when there is nothing to divide by."""
        much, whole = self.of(counts)
        return much / whole if whole else None


def _never(_: Counts) -> Share:
    return 0, 0


FIGURES: tuple[Figure, ...] = (
    Figure(
        name="total_runs",
        title="Agent runs",
        group=Group.OPERATIONAL,
        unit=Unit.COUNT,
        words="Runs that were opened, by agents, by people and by runs above them.",
        of=lambda c: (c.runs, 1),
    ),
    Figure(
        name="average_risk",
        title="Average cumulative risk",
        group=Group.OPERATIONAL,
        unit=Unit.RISK,
        words="The mean of what the chains' risk had come to when runs were finished or halted.",
        of=lambda c: (c.end_risk_micros / MICROS, c.ends),
        counted="over {whole} ends of runs",
        good="down",
    ),
    Figure(
        name="budget_violations",
        title="Budget violation rate",
        group=Group.OPERATIONAL,
        unit=Unit.RATIO,
        words="Steps that a budget or a rate limit refused, of all steps decided.",
        of=lambda c: (c.over_budget, c.decisions),
        counted="{much} of {whole} decisions",
        good="down",
    ),
    Figure(
        name="tool_distribution",
        title="Tool invocations",
        group=Group.OPERATIONAL,
        unit=Unit.COUNT,
        words="Calls of tools that were let through, by tool.",
        of=lambda c: (c.invoked, 1),
    ),
    Figure(
        name="injection_tests",
        title="Injection test pass rate",
        group=Group.SECURITY,
        unit=Unit.RATIO,
        words="Attacks of the injection suite that were contained in the last evaluation of the rules in force.",
        of=_never,
        good="up",
    ),
    Figure(
        name="escalation_detection",
        title="Chain escalations stopped",
        group=Group.SECURITY,
        unit=Unit.RATIO,
        words="Of the steps that would have taken a chain over its risk line, those held, refused or let by a person.",
        of=lambda c: (c.escalations_stopped, c.escalations),
        counted="{much} of {whole} steps over the line",
        good="up",
    ),
    Figure(
        name="denials",
        title="Policy denial frequency",
        group=Group.SECURITY,
        unit=Unit.RATIO,
        words="Steps that were refused, of all steps decided.",
        of=lambda c: (c.denied, c.decisions),
        counted="{much} of {whole} decisions",
    ),
    Figure(
        name="egress_attempts",
        title="Data egress attempts",
        group=Group.SECURITY,
        unit=Unit.COUNT,
        words="Requests in which personal data, secrets or labelled content was stopped or replaced on its way out.",
        of=lambda c: (c.egress, 1),
        good="down",
    ),
    Figure(
        name="policy_enforced",
        title="Tool calls policy-enforced",
        group=Group.MATURITY,
        unit=Unit.RATIO,
        words="Decisions about tool calls that were binding, of all about tool calls; the others were only observed.",
        of=lambda c: (c.tool_enforced, c.tool_decisions),
        counted="{much} of {whole} tool decisions",
        good="up",
    ),
    Figure(
        name="runs_traced",
        title="Runs fully traced",
        group=Group.MATURITY,
        unit=Unit.RATIO,
        words="Runs that have ended and of whose every act the record says how it came out, of all that have ended.",
        of=lambda c: (c.traced_runs, c.ended_runs),
        counted="{much} of {whole} ended runs",
        good="up",
    ),
    Figure(
        name="containment",
        title="Mean time to containment",
        group=Group.MATURITY,
        unit=Unit.SECONDS,
        words="From the halt of a run to the cut of the last exchange that it had open.",
        of=lambda c: (c.contained_ms / 1000, c.contained),
        counted="over {whole} halts with something open",
        good="down",
    ),
)
BY_NAME: Mapping[str, Figure] = {figure.name: figure for figure in FIGURES}


def told(figure: Figure, counts: Counts) -> dict[str, Any]:
    """The figure as JSON, without its trend."""
    much, whole = figure.of(counts)
    counted = figure.counted.format(much=f"{much:,.0f}", whole=f"{whole:,.0f}") if figure.counted else ""
    return {
        "name": figure.name,
        "title": figure.title,
        "group": figure.group.value,
        "unit": figure.unit.value,
        "definition": figure.words,
        "value": figure.value(counts),
        "counted": counted,
        "good": figure.good,
    }
