"""Compare a chain's projected risk with the lines drawn for it (spec 8).

Knows what is held and what is halted. Does not know how the sum came about, and halts nothing itself:
whoever gets `risk_halted` does.
"""

from __future__ import annotations

from aisecops.model.decision import Judgment, Reason, Verdict
from aisecops.model.refusals import Code
from aisecops.model.risk import MICROS, Thresholds

CONTROL = "risk"
SERVES = ("AIS-RSK-01",)


def judge(
    total_micros: int, thresholds: Thresholds, *, adds: bool = True, held_by_plan: bool, approved: bool, why: str = ""
) -> Judgment:
    """What follows from the sum with the step in it. A sum on a line is not over it.

    Over `halt_micros`: DENY, and no approval changes that. Over `approve_micros`, or held by a judged plan: HOLD,
    and ALLOW once a person has approved this very step. A step that `adds` nothing to a sum which a person has let
    over the line is not asked about again. `why` it weighs more than it would is said with it.
    """
    total = words(total_micros)
    raised = f", raised as {why}" if why else ""
    if total_micros > thresholds.halt_micros:
        line = words(thresholds.halt_micros)
        what = (
            f"with this step the chain's risk would be {total}, over {line}{raised}; ask an operator to review the run"
        )
        return _judgment(Verdict.DENY, Reason(code=Code.RISK_HALTED, detail=what, rule="risk.halt_above"))
    held: list[Reason] = []
    if total_micros > thresholds.approve_micros and adds:
        line = words(thresholds.approve_micros)
        what = f"with this step the chain's risk would be {total}, over {line}{raised}; have a person approve it"
        held.append(Reason(code=Code.HUMAN_APPROVAL_REQUIRED, detail=what, rule="risk.approve_above"))
    if held_by_plan:
        what = "the run's plan is over its risk line and this step weighs most in it; have a person approve it"
        held.append(Reason(code=Code.HUMAN_APPROVAL_REQUIRED, detail=what, rule="risk.approve_above"))
    return _judgment(Verdict.HOLD if held and not approved else Verdict.ALLOW, *held)


def words(micros: int) -> str:
    """Risk for people: 1_335_000 is `1.335`, 2_000_000 is `2.0`."""
    whole, part = divmod(micros, MICROS)
    return f"{whole}.{f'{part:06}'.rstrip('0') or '0'}"


def _judgment(verdict: Verdict, *reasons: Reason) -> Judgment:
    return Judgment(control=CONTROL, verdict=verdict, reasons=reasons, serves=SERVES)
