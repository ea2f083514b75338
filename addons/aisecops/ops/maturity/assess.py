"""The maturity level with its evidence, and which mandatory controls are in force (spec 12, 16, 21).

Knows the criteria of each level and what shows that one is met. Facts in, value out: nothing here is asked of a
person, and what cannot be shown counts as not met. What is missing comes with the command that mends it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import msgspec

from aisecops.model.value import Value
from aisecops.ops.maturity import criteria
from aisecops.ops.maturity.criteria import Shown
from aisecops.ops.maturity.evidence import Kept
from aisecops.ops.maturity.mapping import mapping
from aisecops.ops.maturity.standing import Standing
from aisecops.ops.maturity.steps import Step, Todo, in_order

LEVELS = {
    0: "Unmanaged",
    1: "Prompt-Controlled",
    2: "Tool-Level Enforcement",
    3: "Full Runtime Governance",
    4: "Adaptive Governance",
}
BASELINE = 3
"""The least that spec 12 asks of an enterprise: what is missing up to it is always shown."""


class Criterion(Value):
    """One criterion of a level: what spec 12 asks, whether it is met, what shows it, and what would mend it.

    `mends` is all that is to be done, each at its step; `mend` is the first of it.
    """

    level: int
    name: str
    asks: str
    met: bool
    evidence: tuple[str, ...]
    mend: str = ""
    mends: tuple[tuple[Step, str], ...] = ()


class ControlCoverage(Value):
    """One mandatory control: whether it is shown to be in force, by what, and what it answers in other lists."""

    control: str
    objective: str
    in_force: bool
    evidence: tuple[str, ...]
    nist_ai_rmf: tuple[str, ...]
    owasp_llm_2025: tuple[str, ...]
    owasp_agentic: tuple[str, ...]
    mend: str = ""


class Assessment(Value):
    """The whole of it at one time. `coverage` is the share of mandatory controls in force, 0 to 1."""

    at: str
    level: int
    title: str
    coverage: float
    policy_version: str
    evaluated_at: str
    criteria: tuple[Criterion, ...]
    controls: tuple[ControlCoverage, ...]
    trend: tuple[Kept, ...] = ()

    @property
    def missing(self) -> tuple[Criterion, ...]:
        """What is missing for the next level."""
        return tuple(one for one in self.criteria if one.level == self.level + 1 and not one.met)

    @property
    def next(self) -> tuple[Todo, ...]:
        """What to do for `BASELINE`, or for the level after it, in an order in which nothing is done twice."""
        wanted = max(self.level + 1, BASELINE)
        unmet = (one for one in self.criteria if one.level <= wanted and not one.met)
        return in_order((step, mend, one.name) for one in unmet for step, mend in one.mends)

    @property
    def gaps(self) -> tuple[str, ...]:
        """Known control gaps (spec 21.3): each control that is not in force, each criterion up to Level 3 not met."""
        controls = [f"{one.control}: {one.evidence[0]}" for one in self.controls if not one.in_force]
        unmet = [f"Level {one.level}, {one.name}: {one.evidence[0]}" for one in self.criteria if not one.met]
        return (*controls, *unmet)


def assessed(now: Standing) -> Assessment:
    """What `now` comes to."""
    judged = tuple(_criteria(now))
    level = 0
    while level < max(LEVELS) and all(one.met for one in judged if one.level == level + 1):
        level += 1
    controls = tuple(_controls(now))
    return Assessment(
        at=now.at,
        level=level,
        title=LEVELS[level],
        coverage=sum(one.in_force for one in controls) / len(controls),
        policy_version=now.policy_version,
        evaluated_at=now.gathered.evaluated_at,
        criteria=judged,
        controls=controls,
        trend=now.gathered.kept,
    )


def shown(now: Assessment) -> dict[str, Any]:
    """An assessment for programs: JSON only."""
    plain: dict[str, Any] = msgspec.to_builtins(now)
    more = {"missing": now.missing, "next": now.next, "gaps": now.gaps}
    return plain | {name: msgspec.to_builtins(one) for name, one in more.items()}


def _criteria(now: Standing) -> Iterator[Criterion]:
    for level, name, asks, shows in criteria.CRITERIA:
        shown: Shown = shows(now)
        yield Criterion(
            level=level,
            name=name,
            asks=asks,
            met=shown.met,
            evidence=shown.evidence,
            mend=shown.mends[0][1] if shown.mends else "",
            mends=shown.mends,
        )


def _controls(now: Standing) -> Iterator[ControlCoverage]:
    for control, mapped in mapping().items():
        parts: Sequence[Shown] = [shows(now) for shows in criteria.CONTROLS[control]]
        unmet = [part for part in parts if not part.met]
        yield ControlCoverage(
            control=control,
            objective=mapped.objective,
            in_force=not unmet,
            evidence=tuple(line for part in unmet or parts for line in part.evidence),
            mend=unmet[0].mends[0][1] if unmet else "",
            nist_ai_rmf=mapped.nist_ai_rmf,
            owasp_llm_2025=mapped.owasp_llm_2025,
            owasp_agentic=mapped.owasp_agentic,
        )
