"""Policy validation (spec 9): the rules can be used, their cases say what was meant, and every rule has one."""

from __future__ import annotations

from collections.abc import Iterator

from aisecops.adapters.policies.cedar import CedarPoint
from aisecops.adapters.policies.files import Unreadable, read_cases
from aisecops.controls.policy.cases import Case, parse_cases, run_case
from aisecops.controls.policy.coverage import coverage
from aisecops.model.place import Problem
from aisecops.ops.release.check import Check, checked
from aisecops.ops.release.evidence import Evidence


def policy_validation(found: Evidence) -> Check:
    """That the rules can be read is known already: else there would be no evidence."""
    cases, problems = _cases(found)
    ask = CedarPoint().judgment if found.rules.policy.cedar_files else None
    results = [run_case(found.rules, case, ask) for case in cases]
    covered = coverage(found.rules, results)
    evidence = (
        f"{sum(not result.faults for result in results)} of {len(results)} cases as expected",
        f"{covered.rules - len(covered.untouched)} of {covered.rules} rules touched by a case",
    )
    faults = [f"{problem}" for problem in problems]
    faults += [f"{one.case.place}: `{one.case.name}`: {'; '.join(one.faults)}" for one in results if one.faults]
    faults += [f"no case touches {name} [{place}]" for name, place in covered.untouched]
    return checked(
        "policy validation",
        "9",
        evidence=evidence if cases or problems else (),
        faults=tuple(faults) if cases or problems else ("there is no case beside the rules",),
        notes=tuple(_notes(found)),
        mend="write cases in a `*.cases.yaml` beside the rules until `aisecops rules test` names no rule untouched",
    )


def _cases(found: Evidence) -> tuple[tuple[Case, ...], tuple[Problem, ...]]:
    try:
        return parse_cases(read_cases(found.settings.paths.rules))
    except Unreadable as unreadable:
        return (), (unreadable.problem,)


def _notes(found: Evidence) -> Iterator[str]:
    observed = [agent.agent_id for agent in found.rules.agents.values() if agent.mode.value == "observe"]
    if observed:
        yield f"nothing is enforced for {', '.join(f'`{name}`' for name in observed)}: mode observe"
