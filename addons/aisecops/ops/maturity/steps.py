"""What there is to do, in an order in which nothing has to be done twice.

A change of the rules takes back whatever rests on them: signatures, acceptances, evaluations, the gate's yes and the
kept assessment. So rules come first, and what looks at everything comes last.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum

from aisecops.model.value import Value


class Step(StrEnum):
    """The kinds of things to do, in their order."""

    RULES = "rules"
    WORK = "work"
    PEOPLE = "people"
    EVALUATE = "evaluate"
    GATE = "gate"
    KEEP = "keep"
    LATER = "later"


def order(step: Step) -> int:
    """By what steps are sorted."""
    return list(Step).index(step)


class Todo(Value):
    """One thing to do, and the criteria that ask for it."""

    step: Step
    mend: str
    criteria: tuple[str, ...]


EVERYTHING = "`aisecops eval`"


def in_order(wanted: Iterable[tuple[Step, str, str]]) -> tuple[Todo, ...]:
    """Of each criterion its step, its mend and its name: each mend once, and several evaluations as one."""
    found: dict[tuple[Step, str], list[str]] = {}
    for step, mend, name in wanted:
        found.setdefault((step, mend), []).append(name)
    evaluations = [key for key in found if key[0] is Step.EVALUATE]
    if len(evaluations) > 1:
        names = [name for key in evaluations for name in found.pop(key)]
        found[Step.EVALUATE, EVERYTHING] = list(dict.fromkeys(names))
    return tuple(
        Todo(step=step, mend=mend, criteria=tuple(found[step, mend]))
        for step, mend in sorted(found, key=lambda key: order(key[0]))
    )
