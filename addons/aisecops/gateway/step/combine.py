"""Many judgments, one decision: the strictest wins, and every reason is kept.

Observe mode is applied here and last: both what the rules say and what is done are recorded. Some
noes bind in every mode: a run that a person halted, a message nobody can read, a part that is down.
"""

from __future__ import annotations

from collections.abc import Iterable

from aisecops.model.decision import Decision, Judgment, Mode, Verdict, strictest
from aisecops.model.ids import DecisionId
from aisecops.model.refusals import Code
from aisecops.model.risk import StepRisk

BINDING_IN_EVERY_MODE = frozenset(
    {
        Code.IDENTITY_REQUIRED,
        Code.RUN_UNKNOWN,
        Code.RUN_HALTED,
        Code.RUN_FINISHED,
        Code.PROTOCOL_DENIED,
        Code.UNREADABLE,
        Code.TOO_LARGE,
        Code.POLICY_UNAVAILABLE,
        Code.STORE_UNAVAILABLE,
        Code.RECORD_UNAVAILABLE,
        Code.INTERNAL,
    }
)


def combine(
    judgments: Iterable[Judgment],
    *,
    decision_id: DecisionId,
    mode: Mode,
    policy_version: str,
    approved: bool = False,
    risk: StepRisk | None = None,
    total_micros: int = 0,
    retry_after_ms: int | None = None,
) -> Decision:
    """One decision of `judgments`, in the order in which they were made; of none at all, DENY.

    `approved`: a person said yes to exactly this request, so what only asked for a person is allowed.
    The code is that of the first reason of the first judgment that is as strict as the whole; of a hold it is that a
    person must approve, whatever the reason.
    """
    kept = tuple([_waived(judgment) for judgment in judgments] if approved else judgments)
    verdict = strictest([judgment.verdict for judgment in kept])
    hardest = [judgment for judgment in kept if judgment.verdict is verdict]
    binding = [judgment for judgment in hardest if verdict is Verdict.DENY and _binds(judgment)]
    binds = mode is Mode.ENFORCE or bool(binding) or not kept
    said = [reason.code for j in (hardest if mode is Mode.ENFORCE else binding or hardest) for reason in j.reasons]
    if verdict is Verdict.HOLD:
        code: Code | None = Code.HUMAN_APPROVAL_REQUIRED
    else:
        code = None if verdict is Verdict.ALLOW else next(iter(said), Code.POLICY_DENIED)
    return Decision(
        decision_id=decision_id,
        verdict=verdict,
        enforced=verdict if binds else Verdict.ALLOW,
        mode=mode,
        policy_version=policy_version,
        judgments=kept,
        code=code,
        risk=risk,
        total_micros=total_micros,
        retry_after_ms=retry_after_ms,
    )


def _binds(judgment: Judgment) -> bool:
    return judgment.binding or any(reason.code in BINDING_IN_EVERY_MODE for reason in judgment.reasons)


def _waived(judgment: Judgment) -> Judgment:
    if judgment.verdict is not Verdict.HOLD:
        return judgment
    return Judgment(control=judgment.control, verdict=Verdict.ALLOW, reasons=judgment.reasons, serves=judgment.serves)
