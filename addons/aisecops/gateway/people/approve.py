"""Held steps: a question to a person, bound to one exact request; answered once, used once (contract 3, 4).

Knows the life of a question. Who may answer is decided here too: nobody approves a step of a run they opened; and
when the rules say who is on duty and nobody is who could answer, nothing is asked.
"""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from aisecops.controls.policy.duty import next_duty_ms, on_duty
from aisecops.gateway.ground import Ground
from aisecops.gateway.people.question import CONTENT, Content, shown_origins, shown_reason, shown_request, shown_risk
from aisecops.gateway.ports import Store
from aisecops.model.decision import BY_A_PERSON, Decision, Judgment, Reason, Verdict
from aisecops.model.errors import Stale, StoreError
from aisecops.model.facts import ApprovalFacts, Facts
from aisecops.model.ids import ApprovalId, RunId
from aisecops.model.outcome import Refuse
from aisecops.model.record import Event, EventName
from aisecops.model.refusals import Code
from aisecops.model.risk import Thresholds
from aisecops.model.state import Approval, ApprovalState, Run

SERVES = ("AIS-RSK-01",)
NOBODY = "nobody"
RULES_CHANGED = "the rules have changed since it was asked"
NO_CONTENT = Content()


class Approvals:
    """Opens, answers, expires and uses approvals. `life_ms`: how long one may be answered, and then used."""

    def __init__(self, ground: Ground, *, life_ms: int) -> None:
        self._ground = ground
        self._life_ms = life_ms

    async def hold(
        self, facts: Facts, decision: Decision, thresholds: Thresholds, content: Content = NO_CONTENT
    ) -> Approval | Refuse:
        """The open question for this step: a new one, or the one already open for the very same request.

        One that was answered with a no stands as long as a yes would: nobody is asked until they give in. A refusal
        when nobody who could answer is on duty.
        """
        now_ms = self._ground.clock.now_ms()
        if (denied := await self._denied_before(facts, decision, now_ms)) is not None:
            return denied
        if (absent := await self._absent(facts, decision, now_ms)) is not None:
            return absent
        wanted = Approval(
            approval_id=ApprovalId(self._ground.ids.new("apr_")),
            run_id=facts.principal.run_id,
            root_run_id=facts.principal.root_run_id,
            agent_id=facts.principal.agent_id,
            tool=facts.request.tool,
            digest=facts.request.digest,
            opened_ms=now_ms,
            expires_ms=now_ms + self._life_ms,
            request=shown_request(facts, content),
            risk=shown_risk(facts, decision, thresholds),
            evidence=(*map(shown_reason, decision.reasons), *shown_origins(facts.descent)),
            policy_version=decision.policy_version,
            decision_id=decision.decision_id,
        )
        approval = await self._ground.store.open_approval(wanted)
        if approval.policy_version != wanted.policy_version:
            await self._over(approval, RULES_CHANGED)  # asked under other rules: this is a new question
            approval = await self._ground.store.open_approval(wanted)
        if approval.approval_id == wanted.approval_id:
            await self._ground.record.append(
                self._event(
                    EventName.HUMAN_APPROVAL_REQUIRED,
                    approval,
                    tool=approval.tool,
                    scope=facts.request.scope,
                    reasons=[shown_reason(reason) for reason in decision.reasons],
                ),
            )
        return approval

    async def standing(self, approval_id: ApprovalId) -> Approval | None:
        """The approval as it stands now; one whose time is over, or whose rules are, is expired first."""
        approval = await self._ground.store.find_approval(approval_id)
        if approval is None or approval.state not in {ApprovalState.PENDING, ApprovalState.APPROVED}:
            return approval
        if approval.policy_version != self._ground.rules.current().policy_version:
            return await self._over(approval, RULES_CHANGED)
        if self._ground.clock.now_ms() < approval.expires_ms:
            return approval
        return await self._over(approval, "nobody answered in time, or the answer was not used in time")

    async def answer(self, approval_id: ApprovalId, *, approve: bool, by: str, why: str) -> Approval | Refuse:
        """A person's answer. Refused for whoever opened the run, and once it is no longer pending."""
        approval = await self.standing(approval_id)
        if approval is None:
            what = f"there is no approval `{approval_id}`; GET /v1/approvals lists them"
            return Refuse(code=Code.POLICY_DENIED, detail=what)
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
                detail=f"the approval is already {approval.state.value}; only one that is pending is answered",
            )
        state = ApprovalState.APPROVED if approve else ApprovalState.DENIED
        event = EventName.APPROVAL_GRANTED if approve else EventName.APPROVAL_DENIED
        answered = replace(approval, state=state, answered_by=by, answered_ms=self._ground.clock.now_ms(), why=why)
        return await self._moved(approval, answered if approve else without_content(answered), event)

    async def asked_by(self, run_id: RunId) -> tuple[Run, ...]:
        """The run of a held step and those above it, up to the root."""
        found: list[Run] = []
        at: RunId | None = run_id
        while at is not None and (run := await self._ground.store.find_run(at)) is not None:
            found.append(run)
            at = run.parent
        return tuple(found)

    async def similar(self, approval: Approval, *, most: int = 5) -> tuple[Approval, ...]:
        """What became of the last questions about the same tool and agent, the newest first."""
        like = (approval.agent_id, approval.tool)
        kept = await self._ground.store.list_approvals()
        before = [
            one for one in kept if (one.agent_id, one.tool) == like and one.opened_ms <= approval.opened_ms
        ]  # fmt: skip
        return tuple(one for one in before if one.approval_id != approval.approval_id)[:most]

    async def use(self, approval: Approval) -> ApprovalFacts | None:
        """Take an approval for the one request it serves; None when somebody else already did."""
        try:
            await self._ground.store.swap_approval(
                approval, without_content(replace(approval, state=ApprovalState.USED))
            )
        except Stale:
            return None
        return facts_of(approval)

    async def give_back(self, approval: Approval) -> None:
        """The request did not leave after all: the approval may serve again."""
        try:
            used = without_content(replace(approval, state=ApprovalState.USED))
            await self._ground.store.swap_approval(used, replace(approval, state=ApprovalState.APPROVED))
        except Stale:
            return

    async def _over(self, approval: Approval, why: str) -> Approval:
        expired = without_content(replace(approval, state=ApprovalState.EXPIRED, why=why))
        return await self._moved(approval, expired, EventName.APPROVAL_EXPIRED)

    async def _denied_before(self, facts: Facts, decision: Decision, now_ms: int) -> Approval | None:
        wanted = facts.principal.run_id, facts.request.digest, decision.policy_version, ApprovalState.DENIED
        for kept in await self._ground.store.list_approvals():
            if (kept.run_id, kept.digest, kept.policy_version, kept.state) == wanted and now_ms < kept.expires_ms:
                return kept
        return None

    async def _openers(self, run_id: RunId) -> frozenset[str]:
        """Who opened the run, and every run above it."""
        return frozenset(run.opened_by for run in await self.asked_by(run_id))

    async def _absent(self, facts: Facts, decision: Decision, now_ms: int) -> Refuse | None:
        """The refusal when the rules say who is on duty, and nobody is who could answer for this run."""
        keeping = [one for one in self._ground.rules.current().people.values() if one.answers and one.duty]
        if not keeping:
            return None
        opened_by = await self._openers(facts.principal.run_id)
        may = [one for one in keeping if one.title not in opened_by]
        if any(on_duty(one.duty, now_ms=now_ms) for one in may):
            return None
        hours = [hour for one in may for hour in one.duty]
        again_ms = next_duty_ms(hours, now_ms=now_ms)
        why = "nobody who may answer for it is on duty"
        await self._ground.record.append(
            Event(
                event=EventName.APPROVAL_DENIED,
                run_id=facts.principal.run_id,
                root_run_id=facts.principal.root_run_id,
                agent_id=facts.principal.agent_id,
                decision_id=decision.decision_id,
                policy_version=decision.policy_version,
                control=SERVES,
                fields={"approval_id": "", "by": NOBODY, "why": why, "waited_s": 0.0, "tool": facts.request.tool},
            ),
            durable=True,
        )
        return Refuse(
            code=Code.POLICY_DENIED,
            run_id=facts.principal.run_id,
            decision_id=decision.decision_id,
            detail=f"a person has to look at it, and {why}; ask again when somebody is",
            reasons=decision.reasons,
            retry_after_s=None if again_ms is None else -(-(again_ms - now_ms) // 1000),
        )

    async def _moved(self, seen: Approval, new: Approval, event: EventName) -> Approval:
        """Swap and record. Whoever loses the race gets what the winner made of it."""
        try:
            await self._ground.store.swap_approval(seen, new)
        except Stale:
            return await self._ground.store.find_approval(seen.approval_id) or seen
        waited_s = (self._ground.clock.now_ms() - new.opened_ms) / 1000
        told = self._event(event, new, by=new.answered_by, why=new.why, waited_s=waited_s)
        await self._ground.record.append(told, durable=True)
        return new

    def _event(self, name: EventName, approval: Approval, **fields: Any) -> Event:
        return Event(
            event=name,
            run_id=approval.run_id,
            root_run_id=approval.root_run_id,
            agent_id=approval.agent_id,
            decision_id=approval.decision_id,
            policy_version=self._ground.rules.current().policy_version,
            control=SERVES,
            fields={"approval_id": approval.approval_id, **fields},
        )


def without_content(approval: Approval) -> Approval:
    """What is kept of a question that is over: not the words of the request."""
    return replace(approval, request={name: kept for name, kept in approval.request.items() if name not in CONTENT})


async def came_back(store: Store, facts: Facts, outcome: str) -> None:
    """Keep what became of an approved step: whoever is asked next about the like is told."""
    if facts.approval is None:
        return
    try:
        used = await store.find_approval(facts.approval.approval_id)
        if used is not None and used.state is ApprovalState.USED:
            await store.swap_approval(used, replace(used, outcome=outcome))
    except (Stale, StoreError):
        return  # it is told to people, and decides nothing


def facts_of(approval: Approval | None) -> ApprovalFacts | None:
    """What the decision is told of a person's yes; None where there is none."""
    if approval is None or approval.state is ApprovalState.DENIED:
        return None
    return ApprovalFacts(approval_id=approval.approval_id, approved_by=approval.answered_by)


def noes_of(approval: Approval | None) -> tuple[Judgment, ...]:
    """What the decision is told of a person's no; nothing where there is none."""
    if approval is None or approval.state is not ApprovalState.DENIED:
        return ()
    detail = f"`{approval.answered_by}` said no: {approval.why or 'no reason given'}"
    reason = Reason(code=Code.POLICY_DENIED, detail=f"{detail}; do something else, or ask them")
    return (Judgment(control=BY_A_PERSON, verdict=Verdict.DENY, reasons=(reason,), serves=SERVES),)


def denied_id(approval: Approval | None) -> ApprovalId | None:
    """Which question was answered with a no."""
    return approval.approval_id if approval is not None and approval.state is ApprovalState.DENIED else None
