"""Asking a person about a step, as its request goes by: the yes it comes with, the question, the wait, the answer.

Knows what the caller is told meanwhile. The life of a question, and who may answer it, is `approve.py`.
"""

from __future__ import annotations

from dataclasses import dataclass

from aisecops.gateway.admission.dispatch import count, lines_of
from aisecops.gateway.enforcer import Caller
from aisecops.gateway.ground import Ground
from aisecops.gateway.people.approve import Approvals
from aisecops.gateway.people.hold import wait_for_person
from aisecops.gateway.people.question import content_of
from aisecops.gateway.step.classify import Step
from aisecops.gateway.step.describe import decided
from aisecops.gateway.step.judge import Judged
from aisecops.gateway.step.refuse import refusal, rules_changed
from aisecops.model.decision import BY_A_PERSON, Judgment, Reason, Verdict
from aisecops.model.exchange import HttpRequest, values
from aisecops.model.facts import Facts
from aisecops.model.ids import ApprovalId, RunId
from aisecops.model.outcome import Refuse
from aisecops.model.refusals import Code
from aisecops.model.rules import RuleSet
from aisecops.model.state import Approval, ApprovalState

APPROVAL_HEADER = "AISecOps-Approval"
_STRAY = f"{APPROVAL_HEADER} names no approval for exactly this request; have a person look at this one"
STRAY = Judgment(
    control=BY_A_PERSON,
    verdict=Verdict.HOLD,
    reasons=(Reason(code=Code.HUMAN_APPROVAL_REQUIRED, detail=_STRAY),),
    serves=("AIS-RSK-01",),
)


@dataclass(frozen=True, slots=True)
class Asked:
    """A request as it was understood, in whose name and under which rules; `started` by `time.perf_counter`."""

    caller: Caller
    request: HttpRequest
    rules: RuleSet
    run_id: RunId
    step: Step
    started: float


@dataclass(frozen=True, slots=True)
class Question:
    """A step that is held, and what a person was asked about it."""

    facts: Facts
    judged: Judged
    approval: Approval
    rules: RuleSet


class Asking:
    """`hold_ms`: how long a held request waits on the line."""

    def __init__(self, ground: Ground, *, approvals: Approvals, hold_ms: int) -> None:
        self._ground = ground
        self._approvals = approvals
        self._hold_ms = hold_ms

    async def is_about(self, approval_id: str, asked: Asked) -> bool:
        """True when there is such an approval, for exactly this request. Raises `StoreError`."""
        approval = await self._approvals.standing(ApprovalId(approval_id))
        return approval is not None and is_for(approval, asked)

    @staticmethod
    def names_approval(request: HttpRequest) -> bool:
        """Does it name a person's answer?"""
        return bool(values(request.headers, APPROVAL_HEADER))

    async def presented_approval(self, asked: Asked) -> Approval | Judgment | None:
        """A person's answer to exactly this request, where it names one; None: a person is asked, if one must be.

        A HOLD where it names one that is not for it: whoever does that is not let through unasked.
        """
        named = values(asked.request.headers, APPROVAL_HEADER)
        if not named:
            return None
        approval = await self._approvals.standing(ApprovalId(named[0]))
        if approval is None or not is_for(approval, asked):
            return STRAY
        return approval if approval.state in {ApprovalState.APPROVED, ApprovalState.DENIED} else None

    async def question(self, asked: Asked, facts: Facts, judged: Judged) -> Question | Refuse:
        """Ask a person about a step that is held. A refusal when nobody could answer."""
        lines = lines_of(asked.rules, facts)
        await self._ground.record.append(*decided(facts, judged, lines))
        content = content_of(asked.request, asked.step.body, judged)
        approval = await self._approvals.hold(facts, judged.decision, lines, content)
        if isinstance(approval, Refuse):
            count(self._ground.meter, facts, judged)
            return approval
        return Question(facts, judged, approval, asked.rules)

    async def awaited(self, question: Question) -> Approval:
        """The question as it stands when it is answered, or `hold_seconds` have passed."""
        return await wait_for_person(
            self._approvals, question.approval, clock=self._ground.clock, hold_ms=self._hold_ms
        )

    def answered(self, question: Question, approval: Approval, *, stray: bool) -> Refuse | None:
        """What the caller is told when nobody has answered so far; None for an answer, with which it is judged anew.

        Who names a `stray` approval is not let through by one that they do not name.
        """
        facts, judged = question.facts, question.judged
        if approval.state is ApprovalState.DENIED:
            return None
        if approval.state is ApprovalState.APPROVED and not stray:
            changed = self._ground.rules.current().policy_version != question.rules.policy_version
            return rules_changed(approval, judged.decision.decision_id) if changed else None
        count(self._ground.meter, facts, judged)
        return refusal(facts, judged, lines_of(question.rules, facts), approval_id=approval.approval_id)


def is_for(approval: Approval, asked: Asked) -> bool:
    """True when `approval` is about exactly this request of this run."""
    return approval.run_id == asked.run_id and approval.digest == asked.step.action.digest
