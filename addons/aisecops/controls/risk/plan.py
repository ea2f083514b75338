"""Judge a declared plan as a whole, before its first step runs (spec 8, worked example).

Knows how the steps of a plan add up and which one a person is asked about. Does not know budgets: each
step comes with the stress its turn will meet.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from enum import StrEnum

from aisecops.controls.risk.escalation import StepSeen, advance
from aisecops.controls.risk.score import score
from aisecops.model.risk import StepRisk, Thresholds
from aisecops.model.rules import Sequence as StepSequence
from aisecops.model.value import Value


class PlanVerdict(StrEnum):
    """What becomes of a plan."""

    ALLOW = "allow"
    HOLD = "hold"
    HALT = "halt"


class PlanStep(Value):
    """One step of a plan: what the rules say of it, and what the plan says of itself.

    `base`, `trust` and `stress` come from rules and budgets; escalation follows from the sequences. A `declared_*`
    factor counts only where it is higher: a plan may know of more risk than the rules, never of less.
    """

    seen: StepSeen
    base: Decimal
    trust: Decimal
    stress: Decimal = Decimal(1)
    declared_trust: Decimal | None = None
    declared_escalation: Decimal | None = None
    declared_stress: Decimal | None = None


class Planned(Value):
    """A judged plan. `total_micros` holds what the tree already carried; `held_step` counts from 0."""

    total_micros: int
    verdict: PlanVerdict
    held_step: int | None
    steps: tuple[StepRisk, ...]


def judge_plan(
    steps: Sequence[PlanStep],
    sequences: tuple[StepSequence, ...],
    thresholds: Thresholds,
    *,
    present_micros: int,
    progress: Mapping[str, int],
) -> Planned:
    """Score every step in order on top of `present_micros`, the tree's risk now.

    Over a line, the step that weighs most (of equals the first) is the one held when it comes. Raises `ValueError`
    for a factor out of its range.
    """
    scored: list[StepRisk] = []
    for step in steps:
        progress, escalation, _ = advance(progress, sequences, step.seen)
        scored.append(
            score(
                base=step.base,
                escalation=_raised(escalation, step.declared_escalation),
                trust=_raised(step.trust, step.declared_trust),
                stress=_raised(step.stress, step.declared_stress),
            )
        )
    total = present_micros + sum(risk.micros for risk in scored)
    verdict = _verdict(total, thresholds)
    held = None if verdict is PlanVerdict.ALLOW else _heaviest(scored)
    return Planned(total_micros=total, verdict=verdict, held_step=held, steps=tuple(scored))


def _raised(ours: Decimal, declared: Decimal | None) -> Decimal:
    if declared is None:
        return ours
    if not declared.is_finite():
        raise ValueError(f"a factor is a number, not {declared}")
    return max(ours, declared)


def _verdict(total_micros: int, thresholds: Thresholds) -> PlanVerdict:
    if total_micros > thresholds.halt_micros:
        return PlanVerdict.HALT
    return PlanVerdict.HOLD if total_micros > thresholds.approve_micros else PlanVerdict.ALLOW


def _heaviest(steps: Sequence[StepRisk]) -> int | None:
    return max(range(len(steps)), key=lambda index: steps[index].micros, default=None)
