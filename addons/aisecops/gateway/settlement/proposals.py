"""Calls that a model proposes, judged before the agent sees them.

Two sorts. Of a local tool (`model_tool` matches alone) the proposal is all that we see: it is the step, judged, charged
and recorded as one, for which the grants in force stand in the place of a token. A tool that is matched on the wire too
is judged and charged when its request comes; of its proposal only the origin of its arguments is judged. What nobody
declared passes. A call that has to wait for a person is withdrawn; proposed again after the yes, it passes once.

Whatever the rules say of it, a call of a tool that the request never offered, or that breaks the tool's own schema, is
withdrawn (CTX-5).
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_CEILING, Decimal

import orjson
from msgspec.structs import replace

from aisecops.controls.firewall.arguments import leaves
from aisecops.controls.policy.match import find_model_tool, measure, scope_of
from aisecops.controls.policy.recipients import recipients_of
from aisecops.controls.policy.template import Filling
from aisecops.gateway.admission.dispatch import count, lines_of
from aisecops.gateway.entries import SWAP_TRIES
from aisecops.gateway.ground import Ground
from aisecops.gateway.origins.chains import joined_chains
from aisecops.gateway.origins.descent import Descents
from aisecops.gateway.people.approve import Approvals, denied_id, facts_of, noes_of
from aisecops.gateway.people.question import SECRET_KINDS, Content, content_of_call
from aisecops.gateway.ports import ContentScanner
from aisecops.gateway.runs.adapting import moved_for
from aisecops.gateway.runs.trees import Trees
from aisecops.gateway.settlement.answers import Answers
from aisecops.gateway.step.classify import counting, deny, names_a_secret
from aisecops.gateway.step.describe import acted, decided
from aisecops.gateway.step.judge import Judged, judge
from aisecops.gateway.step.permits import Permit
from aisecops.gateway.step.points import Points
from aisecops.gateway.step.refuse import refusal
from aisecops.gateway.step.reserve import OUTRUN
from aisecops.model.action import ActionRequest, Kind, ToolEffect
from aisecops.model.decision import Judgment, Reason, Verdict
from aisecops.model.envelope import Descent
from aisecops.model.errors import Fault, StoreError, WireError
from aisecops.model.facts import Facts
from aisecops.model.ids import DecisionId
from aisecops.model.outcome import Refuse
from aisecops.model.refusals import Code
from aisecops.model.risk import to_micros
from aisecops.model.rules import Measure, ModelToolMatch, RuleSet, ToolRule
from aisecops.model.scope import quoted
from aisecops.model.state import Approval, ApprovalState, Snapshot
from aisecops.model.value import Value
from aisecops.wire.limits import JsonValue, read_json
from aisecops.wire.llm import LlmCall, ProposedCall
from aisecops.wire.withdraw import words_for

MAX_NAME = 100
"""Characters of a name that no rule knows, as it is recorded."""


class _Asked(Value):
    """A proposal as a step: what is asked, what cannot be read of it, where its arguments come from."""

    call: ProposedCall
    request: ActionRequest
    recipients: tuple[str, ...] = ()
    objections: tuple[Judgment, ...] = ()
    descent: Descent | None = None


@dataclass
class _Course:
    """How far one proposal has come."""

    decision_id: DecisionId
    approval: Approval | None = None


class Proposals:
    """Judges the calls in the answers of models."""

    def __init__(
        self,
        ground: Ground,
        *,
        trees: Trees,
        approvals: Approvals,
        descents: Descents,
        points: Points,
        answers: Answers,
        scanner: ContentScanner,
    ) -> None:
        self._ground = ground
        self._trees = trees
        self._approvals = approvals
        self._descents = descents
        self._points = points
        self._answers = answers
        self._scanner = scanner

    @property
    def judged(self) -> bool:
        """True when the rules in force speak of any call that a model may propose."""
        tools = self._ground.rules.current().tools.values()
        return any(isinstance(match, ModelToolMatch) for tool in tools for match in tool.match)

    async def weigh(
        self, permit: Permit, calls: Sequence[ProposedCall], *, asked: LlmCall | None = None
    ) -> dict[int, str]:
        """The calls that the agent must not see, by their place in `calls`, and the words in place of each.

        `calls` are those that the agent would make, of a model that was asked in `asked`, or in the request. Every
        other one is reserved and recorded when this returns. Raises a `Fault` when that cannot be done: then nothing of
        the answer may be delivered.
        """
        rules, asked = self._ground.rules.current(), asked or permit.step.call
        refused: dict[int, str] = {}
        passing: list[ProposedCall] = []
        for place, call in enumerate(calls):
            tool = find_model_tool(rules, call.name)
            declared = tool is not None
            fault = await self._answers.fault_of_call(asked, call, declared=declared) if asked is not None else ""
            # one that keeps to its offer and that nobody declared passes
            refuse = await self._judged(rules, permit, tool, call, fault) if declared or fault else None
            if refuse is not None:
                refused[place] = words_for(call.name, refuse)
            else:
                passing.append(call)
        await self._descents.links.proposed(permit, [calls[place] for place in refused], withdrawn=True)
        await self._descents.links.proposed(permit, passing)
        return refused

    async def _judged(
        self, rules: RuleSet, permit: Permit, tool: ToolRule | None, call: ProposedCall, fault: str
    ) -> Refuse | None:
        principal = permit.facts.principal
        asked, data = _asked(tool, call, fault)
        if tool is not None:
            said = [("arguments", leaf) for leaf in leaves(data)]
            descent = await self._descents.of_arguments(principal.root_run_id, tool, data, said)
            asked = replace(asked, descent=descent)
        asked = replace(asked, request=self._descents.reaching(asked.request, asked.recipients))
        course = _Course(decision_id=DecisionId(self._ground.ids.new("dec_")))
        for _ in range(SWAP_TRIES):
            snapshot = await self._ground.store.snapshot(principal.run_id)
            if snapshot is None:
                raise StoreError("the run has vanished from the store")
            facts = await self._facts(rules, permit, asked, snapshot, course)
            judged = judge(rules, facts, course.decision_id)
            verdict = judged.decision.enforced
            if asked.request.kind is Kind.PROPOSED and verdict is not Verdict.DENY:
                await self._observed(rules, facts, judged)
                return None  # everything else is asked when its request comes
            if verdict is Verdict.HOLD:
                if course.approval is None and (approval := await self._answered(facts)) is not None:
                    course.approval = approval
                    continue
                return await self._held(rules, facts, judged, call)
            if not await self._taken(snapshot, judged, course):
                continue
            if verdict is Verdict.DENY:
                return replace(await self._refused(rules, facts, judged), approval_id=denied_id(course.approval))
            await self._passed(rules, permit, facts, judged, call, course)
            return None
        raise StoreError(OUTRUN)

    async def _observed(self, rules: RuleSet, facts: Facts, judged: Judged) -> None:
        """A no that is only observed is recorded."""
        if judged.decision.verdict is Verdict.DENY:
            await self._ground.record.append(*decided(facts, judged, lines_of(rules, facts)))

    async def _facts(self, rules: RuleSet, permit: Permit, asked: _Asked, snapshot: Snapshot, course: _Course) -> Facts:
        now_ms = self._ground.clock.now_ms()
        opinions = await self._points.of_step(rules, asked.request, snapshot, now_ms=now_ms, descent=asked.descent)
        return Facts(
            now_ms=now_ms,
            principal=permit.facts.principal,
            request=asked.request,
            tree=snapshot.tree,
            approval=facts_of(course.approval),
            opinions=(*asked.objections, *opinions, *noes_of(course.approval)),
            descent=asked.descent,
            moved=await moved_for(self._ground.store, rules, snapshot.run.agent_id, asked.request.tool, now_ms=now_ms),
            joined=await joined_chains(self._ground.store, rules, snapshot.tree, (), now_ms=now_ms),
        )

    async def _answered(self, facts: Facts) -> Approval | None:
        """What a person said of exactly this call in this run, if that stands and has not been used."""
        wanted = facts.principal.run_id, facts.request.digest
        for kept in await self._ground.store.list_approvals():
            if (kept.run_id, kept.digest) == wanted:
                now = await self._approvals.standing(kept.approval_id)
                return now if now and now.state in {ApprovalState.APPROVED, ApprovalState.DENIED} else None
        return None

    async def _taken(self, snapshot: Snapshot, judged: Judged, course: _Course) -> bool:
        """Use the approval and make the tree's next state true; False: somebody was faster, judge again."""
        approval = course.approval
        allowed = judged.decision.enforced is Verdict.ALLOW
        if allowed and approval is not None and approval.state is ApprovalState.APPROVED:
            if await self._approvals.use(approval) is None:
                course.approval = None
                return False
            course.approval = replace(approval, state=ApprovalState.USED)
        return judged.tree is None or await self._trees.swapped(snapshot, judged.tree, durable=True)

    async def _passed(  # noqa: PLR0917 - the whole of what was decided
        self, rules: RuleSet, permit: Permit, facts: Facts, judged: Judged, call: ProposedCall, course: _Course
    ) -> None:
        try:
            await self._ground.record.append(
                *decided(facts, judged, lines_of(rules, facts)),
                *acted(facts, judged.decision, call_id=call.call_id, proposed_in=permit.decision_id),
                durable=facts.request.effect.changes_state,
            )
        except Fault:
            await self._trees.give_back(facts, judged)
            if course.approval is not None:
                await self._approvals.give_back(course.approval)
            raise
        self._count(facts, judged, "allow")

    async def _held(self, rules: RuleSet, facts: Facts, judged: Judged, call: ProposedCall) -> Refuse:
        lines = lines_of(rules, facts)
        await self._ground.record.append(*decided(facts, judged, lines))
        approval = await self._approvals.hold(facts, judged.decision, lines, await self._content(call))
        self._count(facts, judged, "hold")
        if isinstance(approval, Refuse):
            return approval
        refuse = refusal(facts, judged, lines, approval_id=approval.approval_id)
        why = next((reason.detail for reason in refuse.reasons), "a person has to look at it")
        return replace(refuse, detail=f"{why}; once a person has approved it, propose exactly the same call again")

    async def _content(self, call: ProposedCall) -> Content:
        try:
            secrets = await self._scanner.scan([("", call.arguments)], SECRET_KINDS)
        except (Fault, WireError):
            return Content()  # what could not be looked through is not shown
        return content_of_call(call.arguments, secrets)

    async def _refused(self, rules: RuleSet, facts: Facts, judged: Judged) -> Refuse:
        lines = lines_of(rules, facts)
        await self._ground.record.append(*decided(facts, judged, lines))
        self._count(facts, judged, "deny")
        return refusal(facts, judged, lines)

    def _count(self, facts: Facts, judged: Judged, decision: str) -> None:
        count(self._ground.meter, facts, judged)
        self._ground.meter.decided(
            agent=facts.principal.agent_id,
            tool=facts.request.tool,
            effect=facts.request.effect.value,
            decision=decision,
            code="" if decision == "allow" or judged.decision.code is None else judged.decision.code.value,
            seconds=0.0,
        )


def is_local(tool: ToolRule) -> bool:
    """True when a proposal is all that is ever seen of a call of `tool`."""
    return all(isinstance(match, ModelToolMatch) for match in tool.match)


def _shapeless(fault: str) -> Judgment:
    """CTX-5: a call that is not one of those which the request asked for."""
    reason = Reason(code=Code.OUTPUT_INVALID, detail=fault, rule="")
    return Judgment(control="outputs", verdict=Verdict.DENY, reasons=(reason,), serves=("AIS-CTX-01", "AIS-EXE-01"))


def _asked(tool: ToolRule | None, call: ProposedCall, misshapen: str) -> tuple[_Asked, JsonValue]:
    """The proposal as a step, and its arguments as far as they can be read."""
    objections = (_shapeless(misshapen),) if misshapen else ()
    text = call.arguments.encode("utf-8", "surrogatepass")
    data: JsonValue = None
    fault = ""
    try:
        data = read_json(text.strip() or b"{}", max_bytes=len(text) + 2)
    except WireError as error:
        fault = error.detail
    whole = text if fault else orjson.dumps(data, option=orjson.OPT_SORT_KEYS)
    digest = hashlib.sha256(orjson.dumps([tool.name if tool else "", call.name]) + whole).hexdigest()
    if tool is None:
        return _Asked(call=call, request=_unknown(call, f"sha256:{digest}"), objections=objections), data
    request = ActionRequest(
        kind=Kind.LOCAL if is_local(tool) else Kind.PROPOSED,
        tool=tool.name,
        effect=tool.effect,
        scope=tool.name,
        method="",
        host="",
        port=0,
        path_hash="",
        digest=f"sha256:{digest}",
        trust=tool.trust,
        label=tool.returns.label,
        returns_tier=tool.returns.tier,
        rule=str(tool.place),
    )
    if request.kind is Kind.PROPOSED:
        return _Asked(call=call, request=request, objections=objections), data
    try:
        governed, recipients = _governed(tool, call, request, data, fault)
        return _Asked(call=call, request=governed, recipients=recipients, objections=objections), data
    except WireError as error:
        return _Asked(call=call, request=request, objections=(*objections, deny(error.code, error.detail))), data


def _unknown(call: ProposedCall, digest: str) -> ActionRequest:
    """A call that no rule speaks of, as the step that it will not become."""
    return ActionRequest(
        kind=Kind.PROPOSED,
        tool="undeclared",
        effect=ToolEffect.WRITE,
        scope=f"undeclared.{quoted(call.name[:MAX_NAME])}",
        method="",
        host="",
        port=0,
        path_hash="",
        digest=digest,
    )


def _governed(
    tool: ToolRule, call: ProposedCall, request: ActionRequest, data: JsonValue, fault: str
) -> tuple[ActionRequest, tuple[str, ...]]:
    """With all that the rules read of its arguments, and whom it reaches. Raises `WireError` when they cannot."""
    reads = bool(tool.arguments or tool.scope or any(m and m.side == "request" for m in (tool.rows, tool.cost)))
    reads |= tool.recipients is not None
    if reads and not isinstance(data, dict):
        what = f"the arguments of `{call.name}` are not the JSON object that its rule reads"
        raise WireError(f"{what}: {fault}" if fault else what, Code.OUTPUT_INVALID)
    try:
        scope = scope_of(tool, body=data, called=call.name)
    except WireError as error:
        what = f"the arguments of `{call.name}` do not say its scope: {error.detail}"
        raise WireError(what, Code.OUTPUT_INVALID) from error
    if names_a_secret(scope):
        raise WireError("the value that makes the scope holds a secret", Code.EGRESS_BLOCKED)
    rows, cost = _measured(tool.rows, data), _measured(tool.cost, data)
    recipients = recipients_of(tool.recipients, Filling(body=data)) if tool.recipients else ()
    whole = replace(
        request,
        scope=scope,
        base_risk=tool.base_risk,
        rows=None if rows is None else int(rows.to_integral_value(ROUND_CEILING)),
        cost_micros=0 if cost is None else to_micros(cost),
        **counting(tool, rows, recipients),
    )
    return whole, recipients


def _measured(rule: Measure | None, data: JsonValue) -> Decimal | None:
    return measure(rule, data) if rule is not None and rule.side in {"request", "fixed"} else None
