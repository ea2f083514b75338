"""Held steps: a question to a person, bound to one exact request; answered once, used once (contract 3, 4).

Knows the life of a question. Who may answer is decided here too: nobody approves a step of a run they opened.
"""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from aisecops.gateway.ports import AuditLog, Clock, Ids, RuleSource, Store
from aisecops.model.decision import Decision
from aisecops.model.errors import Stale
from aisecops.model.facts import ApprovalFacts, Facts
from aisecops.model.ids import ApprovalId, RunId
from aisecops.model.outcome import Refuse
from aisecops.model.record import Event, EventName
from aisecops.model.refusals import Code
from aisecops.model.risk import Thresholds, from_micros
from aisecops.model.state import Approval, ApprovalState, Run

SERVES = ("AIS-RSK-01",)
RULES_CHANGED = "the rules have changed since it was asked"


class Approvals:
    """Opens, answers, expires and uses approvals. `life_ms`: how long one may be answered, and then used."""

    def __init__(
        self, *, store: Store, record: AuditLog, rules: RuleSource, clock: Clock, ids: Ids, life_ms: int
    ) -> None:
        self._life_ms = life_ms
        self._rules = rules
        self._store = store
        self._record = record
        self._clock = clock
        self._ids = ids

    async def hold(self, facts: Facts, decision: Decision, thresholds: Thresholds) -> Approval:
        """The open question for this step: a new one, or the one already open for the very same request."""
        now_ms = self._clock.now_ms()
        wanted = Approval(
            approval_id=ApprovalId(self._ids.new("apr_")),
            run_id=facts.principal.run_id,
            root_run_id=facts.principal.root_run_id,
            agent_id=facts.principal.agent_id,
            tool=facts.request.tool,
            digest=facts.request.digest,
            opened_ms=now_ms,
            expires_ms=now_ms + self._life_ms,
            request=_shown_request(facts),
            risk=_shown_risk(facts, decision, thresholds),
            evidence=tuple({"code": r.code, "detail": r.detail, "rule": r.rule} for r in decision.reasons),
            policy_version=decision.policy_version,
        )
        approval = await self._store.open_approval(wanted)
        if approval.policy_version != wanted.policy_version:
            await self._over(approval, RULES_CHANGED)  # asked under other rules: this is a new question
            approval = await self._store.open_approval(wanted)
        if approval.approval_id == wanted.approval_id:
            await self._record.append(
                self._event(
                    EventName.HUMAN_APPROVAL_REQUIRED,
                    approval,
                    decision_id=decision.decision_id,
                    tool=approval.tool,
                    scope=facts.request.scope,
                    reasons=list(approval.evidence),
                ),
            )
        return approval

    async def standing(self, approval_id: ApprovalId) -> Approval | None:
        """The approval as it stands now; one whose time is over, or whose rules are, is expired first."""
        approval = await self._store.find_approval(approval_id)
        if approval is None or approval.state not in {ApprovalState.PENDING, ApprovalState.APPROVED}:
            return approval
        if approval.policy_version != self._rules.current().policy_version:
            return await self._over(approval, RULES_CHANGED)
        if self._clock.now_ms() < approval.expires_ms:
            return approval
        return await self._over(approval, "nobody answered in time, or the answer was not used in time")

    async def answer(self, approval_id: ApprovalId, *, approve: bool, by: str, why: str) -> Approval | Refuse:
        """A person's answer. Refused for whoever opened the run, and once it is no longer pending."""
        approval = await self.standing(approval_id)
        if approval is None:
            return Refuse(code=Code.POLICY_DENIED, detail=f"there is no approval `{approval_id}`")
        opened_by = await self._openers(approval.run_id)
        if by in opened_by:
            return Refuse(
                code=Code.POLICY_DENIED,
                run_id=approval.run_id,
                approval_id=approval_id,
                detail=f"`{by}` opened the run and cannot answer for it; ask somebody else",
            )
        if approval.state is not ApprovalState.PENDING:
            return Refuse(
                code=Code.POLICY_DENIED,
                run_id=approval.run_id,
                approval_id=approval_id,
                detail=f"the approval is already {approval.state.value}",
            )
        state = ApprovalState.APPROVED if approve else ApprovalState.DENIED
        event = EventName.APPROVAL_GRANTED if approve else EventName.APPROVAL_DENIED
        answered = replace(approval, state=state, answered_by=by, answered_ms=self._clock.now_ms(), why=why)
        return await self._moved(approval, answered, event)

    async def use(self, approval: Approval) -> ApprovalFacts | None:
        """Take an approval for the one request it serves; None when somebody else already did."""
        try:
            await self._store.swap_approval(approval, replace(approval, state=ApprovalState.USED))
        except Stale:
            return None
        return facts_of(approval)

    async def give_back(self, approval: Approval) -> None:
        """The request did not leave after all: the approval may serve again."""
        try:
            used = replace(approval, state=ApprovalState.USED)
            await self._store.swap_approval(used, replace(approval, state=ApprovalState.APPROVED))
        except Stale:
            return

    async def _over(self, approval: Approval, why: str) -> Approval:
        return await self._moved(
            approval, replace(approval, state=ApprovalState.EXPIRED, why=why), EventName.APPROVAL_EXPIRED
        )

    async def _openers(self, run_id: RunId) -> frozenset[str]:
        """Who opened the run, and every run above it."""
        found: set[str] = set()
        at: RunId | None = run_id
        while at is not None:
            run: Run | None = await self._store.find_run(at)
            if run is None:
                break
            found.add(run.opened_by)
            at = run.parent
        return frozenset(found)

    async def _moved(self, seen: Approval, new: Approval, event: EventName) -> Approval:
        """Swap and record. Whoever loses the race gets what the winner made of it."""
        try:
            await self._store.swap_approval(seen, new)
        except Stale:
            return await self._store.find_approval(seen.approval_id) or seen
        waited_s = (self._clock.now_ms() - new.opened_ms) / 1000
        told = self._event(event, new, by=new.answered_by, why=new.why, waited_s=waited_s)
        await self._record.append(told, durable=True)
        return new

    def _event(self, name: EventName, approval: Approval, **fields: Any) -> Event:
        decision_id = fields.pop("decision_id", None)
        return Event(
            event=name,
            run_id=approval.run_id,
            root_run_id=approval.root_run_id,
            agent_id=approval.agent_id,
            decision_id=decision_id,
            control=SERVES,
            fields={"approval_id": approval.approval_id, **fields},
        )


def facts_of(approval: Approval) -> ApprovalFacts:
    """What the decision is told of an approval."""
    return ApprovalFacts(approval_id=approval.approval_id, approved_by=approval.answered_by)


def _shown_request(facts: Facts) -> dict[str, Any]:
    request = facts.request
    return {
        "kind": request.kind,
        "tool": request.tool,
        "effect": request.effect,
        "scope": request.scope,
        "method": request.method,
        "host": request.host,
        "digest": request.digest,
        "rule": request.rule,
    }


def _shown_risk(facts: Facts, decision: Decision, thresholds: Thresholds) -> dict[str, Any]:
    risk = decision.risk
    terms = (
        {
            "base": float(risk.base),
            "escalation": float(risk.escalation),
            "trust": float(risk.trust),
            "stress": float(risk.stress),
            "step": from_micros(risk.micros),
        }
        if risk
        else {}
    )
    return {
        **terms,
        "before": from_micros(facts.tree.risk_micros),
        "total": from_micros(decision.total_micros),
        "approve_above": from_micros(thresholds.approve_micros),
        "halt_above": from_micros(thresholds.halt_micros),
    }
