"""The eleven figures of spec 19: what each is called, what it says, and how it is made of counts.

All come from the record; the pass rate of the injection tests from the event of the last evaluation alone.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Mapping
from enum import StrEnum
from importlib.resources import files
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


_OF: Mapping[str, Callable[[Counts], Share]] = {
    "total_runs": lambda c: (c.runs, 1),
    "average_risk": lambda c: (c.end_risk_micros / MICROS, c.ends),
    "budget_violations": lambda c: (c.over_budget, c.decisions),
    "tool_distribution": lambda c: (c.invoked, 1),
    "injection_tests": _never,
    "escalation_detection": lambda c: (c.escalations_stopped, c.escalations),
    "denials": lambda c: (c.denied, c.decisions),
    "egress_attempts": lambda c: (c.egress, 1),
    "policy_enforced": lambda c: (c.tool_enforced, c.tool_decisions),
    "runs_traced": lambda c: (c.traced_runs, c.ended_runs),
    "containment": lambda c: (c.contained_ms / 1000, c.contained),
}


def _read() -> tuple[Figure, ...]:
    """The figures in the order of the specification, their words from `eleven.toml`."""
    written = tomllib.loads(files(__package__).joinpath("eleven.toml").read_text())
    found = []
    for name, of in _OF.items():
        words = dict(written[name])
        group, unit = Group(words.pop("group")), Unit(words.pop("unit"))
        found.append(Figure(name=name, of=of, group=group, unit=unit, **words))
    return tuple(found)


FIGURES = _read()
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
