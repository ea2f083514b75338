"""Score one step of a chain (spec 8).

Knows the four factors, their ranges and how they multiply. Does not know budgets, rules or stores:
whoever calls has already looked those up.
"""

from __future__ import annotations

from decimal import ROUND_HALF_EVEN, Context, Decimal, localcontext

from aisecops.model.risk import MICROS, StepRisk, to_micros

_EXACT = Context(prec=200)  # wide enough that a product of four factors is never rounded on the way
_STEP = Decimal(1) / MICROS
_ONE = Decimal(1)
_MOST_STRESS = Decimal(2)

# spec 8: the range of each factor
_RANGES = {
    "base": (Decimal(0), Decimal(1)),
    "escalation": (Decimal(1), Decimal(3)),
    "trust": (Decimal("0.5"), Decimal(2)),
    "stress": (_ONE, _MOST_STRESS),
}


def score(*, base: Decimal, escalation: Decimal, trust: Decimal, stress: Decimal) -> StepRisk:
    """The four factors and their product in millionths, half to even. Raises `ValueError` for one out of its range."""
    for name, factor in (("base", base), ("escalation", escalation), ("trust", trust), ("stress", stress)):
        low, high = _RANGES[name]
        if not factor.is_finite() or not low <= factor <= high:
            raise ValueError(f"{name} goes from {low} to {high}, not {factor}")
    with localcontext(_EXACT):
        micros = to_micros(base * escalation * trust * stress)
    return StepRisk(base=base, escalation=escalation, trust=trust, stress=stress, micros=micros)


def stress(use: Decimal, stress_from: Decimal) -> Decimal:
    """The budget stress factor, 1 to 2, in whole millionths, half to even.

    `use` is the highest use of any budget, 0 to 1 and beyond; from `stress_from` (0 to 1) on it weighs, and at 1 it
    weighs fully. Raises `ValueError` for a number out of its range.
    """
    if not use.is_finite() or use < 0:
        raise ValueError(f"use of a budget goes from 0 up, not {use}")
    if not stress_from.is_finite() or not 0 <= stress_from <= 1:
        raise ValueError(f"budget_stress_from goes from 0 to 1, not {stress_from}")
    if use >= 1:
        return _MOST_STRESS
    if use <= stress_from:
        return _ONE
    with localcontext(_EXACT):
        return (1 + (use - stress_from) / (1 - stress_from)).quantize(_STEP, ROUND_HALF_EVEN)
