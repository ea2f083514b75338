"""Risk of a step and of a chain (spec 8), in millionths: 1.0 is 1_000_000.

Whole numbers, so that a sum is the same on every machine and in every order.
"""

from __future__ import annotations

from decimal import ROUND_HALF_EVEN, Decimal

from aisecops.model.value import Value

MICROS = 1_000_000


def to_micros(number: Decimal) -> int:
    """`number` in millionths, half to even."""
    return int((number * MICROS).to_integral_value(ROUND_HALF_EVEN))


def from_micros(micros: int) -> float:
    """For people and JSON: 1_335_000 is 1.335."""
    return micros / MICROS


class StepRisk(Value):
    """The four factors of one step and their product."""

    base: Decimal
    escalation: Decimal
    trust: Decimal
    stress: Decimal
    micros: int


class Thresholds(Value):
    """Where a chain is held for a person, and where it is halted."""

    approve_micros: int = 1_500_000
    halt_micros: int = 2_000_000
