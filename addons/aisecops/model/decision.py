"""Verdicts, reasons and decisions: what checks say, and what comes of it when they are combined.

A verdict has no truth value. Of no verdicts at all, the answer is DENY.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable
from typing import NoReturn

from aisecops.model.ids import DecisionId
from aisecops.model.refusals import Code
from aisecops.model.risk import StepRisk
from aisecops.model.value import Value


class Verdict(enum.Enum):
    """What a check says of a request."""

    ALLOW = "allow"
    HOLD = "hold"
    DENY = "deny"

    def __bool__(self) -> NoReturn:
        raise TypeError("a verdict is not a bool; compare it by name")


def strictest(verdicts: Iterable[Verdict]) -> Verdict:
    """The hardest of `verdicts`; of none at all, DENY."""
    said = list(verdicts)
    if Verdict.DENY in said or not said:
        return Verdict.DENY
    return Verdict.HOLD if Verdict.HOLD in said else Verdict.ALLOW


class Mode(enum.StrEnum):
    """Whether verdicts bind an agent or are only recorded."""

    ENFORCE = "enforce"
    OBSERVE = "observe"


class Reason(Value):
    """One sentence of why: a code, the rule that said it (`file:line` or a rule's name), the words."""

    code: Code
    detail: str
    rule: str = ""


class Judgment(Value):
    """What one control says. `serves` names the AIS controls of the specification it enforces.

    A `binding` no is kept in observe mode too.
    """

    control: str
    verdict: Verdict
    reasons: tuple[Reason, ...] = ()
    serves: tuple[str, ...] = ()
    binding: bool = False


BY_A_PERSON = "approval"
"""The control whose no is a person's answer."""


class Decision(Value):
    """All judgments as one: the answer to one request.

    `verdict` is what the rules say; `enforced` is what is done, which differs only in observe mode.
    `code` is the first reason of the strictest judgment, None when allowed; of a hold, that a person must approve.
    """

    decision_id: DecisionId
    verdict: Verdict
    enforced: Verdict
    mode: Mode
    policy_version: str
    judgments: tuple[Judgment, ...]
    code: Code | None = None
    risk: StepRisk | None = None
    total_micros: int = 0
    retry_after_ms: int | None = None

    @property
    def reasons(self) -> tuple[Reason, ...]:
        """Every reason of every judgment that did not allow, strictest first."""
        ranked = (Verdict.DENY, Verdict.HOLD)
        return tuple(
            [reason for hard in ranked for one in self.judgments if one.verdict is hard for reason in one.reasons]
        )
