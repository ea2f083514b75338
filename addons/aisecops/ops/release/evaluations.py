"""The checks that rest on `aisecops eval`: injection regression, chain escalation simulation, budget boundaries.

A suite counts when its newest report is of these very rules, this version and every agent, and all of it is green.
"""

from __future__ import annotations

from collections.abc import Iterable

from aisecops.ops.evaluation.outcome import Report, tally
from aisecops.ops.evaluation.places import probes
from aisecops.ops.evaluation.report import failure_of
from aisecops.ops.evaluation.scenario import Suite
from aisecops.ops.release.check import Check, checked
from aisecops.ops.release.evidence import Evidence

REGRESSION = tuple(suite for suite in Suite if suite not in {Suite.CHAIN_ESCALATION, Suite.BUDGET_OVERFLOW})
NAMED = 3
"""Failures of a suite that are named; the report has them all."""


def injection_regression(found: Evidence) -> Check:
    """Every suite but the two that have checks of their own (spec 10: a failure blocks the release)."""
    return _check(found, "injection regression", "9, 10", REGRESSION)


def chain_simulation(found: Evidence) -> Check:
    """The chain suite."""
    return _check(found, "chain escalation simulation", "8, 9", (Suite.CHAIN_ESCALATION,))


def budget_boundaries(found: Evidence) -> Check:
    """The budget suite, and the four budgets of spec 11.1 for every agent."""
    faults = tuple(
        f"`{agent.agent_id}` has no {name} [{agent.place}]"
        for agent in found.rules.agents.values()
        for name in agent.budgets.unset
    )
    return _check(found, "budget boundary validation", "9, 11.1", (Suite.BUDGET_OVERFLOW,), faults)


def _check(found: Evidence, name: str, section: str, suites: Iterable[Suite], more: tuple[str, ...] = ()) -> Check:
    evidence: list[str] = []
    faults: list[str] = list(more)
    wanted: list[str] = []
    notes: list[str] = []
    for suite in suites:
        report = next((one for one in found.reports if suite in one.suites and _of_all(found, one)), None)
        if report is None:
            faults.append(f"{suite}: not evaluated with these rules, this version and every agent")
            wanted.append(suite.value)
            continue
        figures = tally(suite.value, (result for result in report.results if result.suite is suite))
        said = f"{suite}: {figures.contained} of {figures.attacks} attacks contained, {figures.alarms} false alarms in"
        evidence.append(f"{said} {figures.twins} twins, {report.at}")
        failed = [one for one in report.failures if one.suite is suite]
        faults += [f"{suite}: {one.title} ({one.agent}): {failure_of(one)}" for one in failed[:NAMED]]
        if len(failed) > NAMED:
            faults.append(f"{suite}: {len(failed) - NAMED} more")
        if not figures.attacks and figures.not_applicable:
            notes.append(f"{suite}: nothing of it applies to these rules")
        elif not figures.attacks:
            faults.append(f"{suite}: nothing was tried")
        if failed:
            wanted.append(suite.value)
    if found.stale:
        notes.append(f"{found.stale} reports are of other rules or versions, or the record does not know them")
    return checked(
        name,
        section,
        evidence=tuple(evidence),
        faults=tuple(faults),
        notes=tuple(notes),
        mend=", then ".join(
            (
                *(["give every agent all four budgets"] if more else []),
                *([f"`aisecops eval {' '.join(wanted)}`"] if wanted else []),
            )
        ),
    )


def _of_all(found: Evidence, report: Report) -> bool:
    return {probe.stands_for for probe in probes(found.rules, ())} <= set(report.agents)
