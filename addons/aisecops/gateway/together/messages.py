"""Messages on a WebSocket that was opened as a step: each is judged before it passes, and the channel ends with a no.

A message to a tool is a step of that tool: token, run, content, budgets and risk are judged as for a request, and it is
charged as one. A message to a model is judged for its run and its content, and costs nothing by itself; what the model
counts in its answers is charged as they come, and the calls that it proposes are weighed (`realtime.py`). What comes
from the upstream is bounded and counted. A message cannot wait for a person: what would be held is refused.
"""

from __future__ import annotations

import hashlib
from typing import NamedTuple

from msgspec.structs import replace

from aisecops.controls.budget import charge as budget
from aisecops.controls.dlp.judge import entities_for
from aisecops.controls.dlp.redact import with_fixed
from aisecops.gateway.admission.dispatch import count
from aisecops.gateway.enforcer import Pass
from aisecops.gateway.entries import SWAP_TRIES
from aisecops.gateway.ground import Ground
from aisecops.gateway.leaving.read_out import read_out, without_echoes
from aisecops.gateway.leaving.trails import Trails
from aisecops.gateway.leaving.writing import as_written
from aisecops.gateway.origins.chains import joined_chains
from aisecops.gateway.origins.descent import Descents
from aisecops.gateway.pinned.prompts import Prompts
from aisecops.gateway.ports import ContentScanner
from aisecops.gateway.runs.adapting import moved_for
from aisecops.gateway.runs.handed_down import with_all_above
from aisecops.gateway.runs.trees import Trees
from aisecops.gateway.runs.usual import usual_for
from aisecops.gateway.step.describe import decided, event, passed_unread, proposed, returned
from aisecops.gateway.step.judge import Judged, destination_words, judge
from aisecops.gateway.step.lines import limits_of, lines_for
from aisecops.gateway.step.permits import Permit, Permits
from aisecops.gateway.step.points import Points
from aisecops.gateway.step.prices import cost_micros
from aisecops.gateway.step.refuse import refusal
from aisecops.gateway.step.reserve import OUTRUN, must_last
from aisecops.gateway.together.realtime import Realtime, gives_back
from aisecops.model.action import Kind
from aisecops.model.decision import Verdict
from aisecops.model.envelope import Descent
from aisecops.model.errors import Fault, StoreError, WireError
from aisecops.model.exchange import HttpResponse
from aisecops.model.facts import Facts, TokenFacts
from aisecops.model.finding import Finding
from aisecops.model.ids import DecisionId
from aisecops.model.outcome import Refuse
from aisecops.model.record import Event, EventName
from aisecops.model.refusals import Code
from aisecops.model.risk import Thresholds, from_micros
from aisecops.model.rules import RuleSet
from aisecops.model.state import Snapshot
from aisecops.wire.files.shelf import File, Unread
from aisecops.wire.llm import LlmCall
from aisecops.wire.parts import message_parts
from aisecops.wire.realtime import usage_in

DIGEST_BYTES = 16


class _Traffic:
    """What has passed on one channel."""

    def __init__(self) -> None:
        self.sent = self.received = self.messages_sent = self.messages_received = 0
        self.cost_micros = 0


class _Seen(NamedTuple):
    """What is in one message: what was found in it, where its words are from, and the call that it makes of a model."""

    findings: tuple[Finding, ...]
    descent: Descent | None
    call: LlmCall | None


class Messages:
    """Judges the messages of every open channel of this process. `key` (at most 64 bytes) makes their digests."""

    def __init__(
        self,
        ground: Ground,
        *,
        trees: Trees,
        scanner: ContentScanner,
        trails: Trails,
        permits: Permits,
        descents: Descents,
        prompts: Prompts,
        points: Points,
        realtime: Realtime,
        key: bytes,
    ) -> None:
        self._ground = ground
        self._trees = trees
        self._scanner = scanner
        self._trails = trails
        self._permits = permits
        self._descents = descents
        self._prompts = prompts
        self._points = points
        self._realtime = realtime
        self._key = key
        self._traffic: dict[str, _Traffic] = {}

    async def judge(self, name: str, *, from_client: bool, data: bytes) -> Pass | Refuse:
        """Whether one whole message passes, and as what. It is recorded before it leaves. Raises `Fault`."""
        permit = self._permits.find(name)
        if permit is None:
            raise Fault("a message came on a channel that is not open")
        rules = self._ground.rules.current()
        if len(data) > rules.egress.max_body_bytes:
            what = f"the message has {len(data)} bytes, `egress.max_body` is {rules.egress.max_body_bytes}"
            return _named(permit, Code.TOO_LARGE, what)
        traffic = self._traffic.setdefault(name, _Traffic())
        if from_client:
            outcome = await self._to_upstream(rules, permit, data)
            if isinstance(outcome, Pass):
                traffic.sent += len(outcome.data or b"")
                traffic.messages_sent += 1
            return outcome
        traffic.received += len(data)
        traffic.messages_received += 1
        if permit.facts.request.kind is Kind.TOOL:
            # first of all: whatever is learned or judged below is judged by real values
            data = await self._realtime.given_back(rules, permit, data)
            # what a server says is content like any answer: known again before the agent has it
            said = HttpResponse(status=200, headers=(), body=data)
            await self._descents.learn(permit.facts.principal, permit.facts.request, permit.step.tool, said, data)
        return await self._charged_for(rules, permit, data, traffic) or await self._heard(rules, permit, data)

    async def _heard(self, rules: RuleSet, permit: Permit, data: bytes) -> Pass | Refuse:
        """A message of the upstream's, with real values and without the calls that the agent must not see."""
        try:
            passed, calls = await self._realtime.heard(rules, permit, data)
        except WireError as error:
            return _named(permit, error.code, error.detail)
        if calls:
            await self._ground.record.append(*proposed(permit.facts, permit.judged.decision, calls))
        return passed

    async def end(self, name: str) -> None:
        """The channel is closed: the second record of its step."""
        traffic = self._traffic.pop(name, _Traffic())
        permit = self._permits.take(name)
        if permit is None:
            return
        self._realtime.end(permit)
        await self._ground.record.append(
            returned(
                permit.facts,
                permit.judged.decision,
                status=101,
                sent=traffic.sent,
                received=traffic.received,
                messages_sent=traffic.messages_sent,
                messages_received=traffic.messages_received,
                cost=from_micros(permit.facts.request.cost_micros + traffic.cost_micros),
                duration_ms=self._ground.clock.now_ms() - permit.started_ms,
            )
        )

    # to the upstream

    async def _to_upstream(self, rules: RuleSet, permit: Permit, data: bytes) -> Pass | Refuse:
        if not _declared(rules, permit):
            return _named(permit, Code.POLICY_DENIED, "the rules no longer declare this WebSocket")
        files: list[File] = []
        try:
            said = message_parts(data, files=files)
            parts, unread = await read_out(self._scanner, rules.egress.unread, said, files)
            entities = entities_for(rules.egress, destination_words(permit.facts.request))
            opened = permit.facts
            to = opened.request.host, opened.request.port
            found = await self._trails.scanned(opened.principal.root_run_id, to, parts, entities)
            findings = with_fixed(without_echoes(found), as_written(data))
            told = await self._realtime.told(rules, permit, data)
        except WireError as error:
            refuse = _named(permit, error.code, error.detail)
            await self._ground.record.append(self._event(EventName.MESSAGE_REFUSED, permit, data, code=error.code))
            return refuse
        descent = told[1] if told else None
        if rules.egress.labels:
            carried = await self._descents.carried(permit.facts.principal.root_run_id, parts)
            descent = replace(descent or Descent(), carried=carried)
        call = told[0] if told else None
        facts, judged = await self._judged(rules, permit, data, _Seen(findings, descent, call))
        passed: Pass | Refuse
        if judged.decision.enforced is Verdict.ALLOW:
            passed = await self._passed(rules, permit, facts, judged, data, unread, call)
        else:
            passed = await self._refused(rules, permit, facts, judged, data)
        count(self._ground.meter, replace(facts, descent=descent), judged)  # what the channel was opened with, was then
        return passed

    async def _judged(self, rules: RuleSet, permit: Permit, data: bytes, seen: _Seen) -> tuple[Facts, Judged]:
        """One judgment, made true in the store when it changes anything there."""
        decision_id = DecisionId(self._ground.ids.new("dec_"))
        for _ in range(SWAP_TRIES):
            facts, snapshot = await self._facts(rules, permit, data, seen)
            judged = judge(rules, facts, decision_id)
            if judged.tree is None or permit.facts.request.kind is not Kind.TOOL:
                return facts, judged
            if await self._trees.swapped(snapshot, judged.tree, durable=must_last(facts, judged)):
                return facts, judged
        raise StoreError(OUTRUN)

    async def _facts(self, rules: RuleSet, permit: Permit, data: bytes, seen: _Seen) -> tuple[Facts, Snapshot]:
        findings, descent, call = seen
        opened, store = permit.facts, self._ground.store
        run = opened.principal
        claims = opened.token.claims if opened.token else None
        snapshot = await store.snapshot(
            run.run_id, token_id=claims.jti if claims else None, key_id=claims.kid if claims else ""
        )
        if snapshot is None:
            raise StoreError("the run has vanished from the store")
        snapshot = await with_all_above(store, snapshot, claims.above if claims else ())
        now_ms = self._ground.clock.now_ms()
        model = opened.request.kind is Kind.MODEL
        request = replace(
            opened.request,
            message=True,
            restored=gives_back(permit),
            size_bytes=len(data),
            digest=f"blake2b:{self._digest(data)}",
            cost_micros=0 if model else opened.request.cost_micros,
        )
        token = _still_good(opened.token, snapshot, now_ms=now_ms)
        opinions = await self._points.of_step(rules, request, snapshot, now_ms=now_ms, token=token, findings=findings)
        pinned = await self._prompts.opinion_of_message(rules, snapshot.run, call) if call is not None else None
        facts = replace(
            opened,
            now_ms=now_ms,
            request=request,
            tree=snapshot.tree,
            token=token,
            findings=findings,
            approval=None,
            opinions=(*self._points.anew(opened.opinions, opinions), *([] if pinned is None else [pinned])),
            descent=opened.descent if descent is None else descent,
            joined=await joined_chains(store, rules, snapshot.tree, descent.drawn if descent else (), now_ms=now_ms),
            usual=await usual_for(store, rules, request, agent_id=run.agent_id, root_run_id=run.root_run_id),
            moved=await moved_for(store, rules, run.agent_id, request.tool, now_ms=now_ms),
        )
        return facts, snapshot

    async def _passed(  # noqa: PLR0917 - the whole of what was decided
        self,
        rules: RuleSet,
        permit: Permit,
        facts: Facts,
        judged: Judged,
        data: bytes,
        unread: tuple[Unread, ...],
        told: LlmCall | None,
    ) -> Pass:
        tool = facts.request.kind is Kind.TOOL
        try:
            passed = Pass(data=await self._realtime.replaced(rules, permit, judged.findings, data))
            if told is not None and facts.descent is not None and passed.data is not None:
                passed = self._realtime.enveloped(permit, passed.data, (told, facts.descent))
            weighty = tool or judged.findings or told is not None
            whole = decided(facts, judged, _lines(rules, facts)) if weighty else ()
            await self._ground.record.append(
                *whole,
                self._event(EventName.MESSAGE_PASSED, permit, data, decision=judged.decision.decision_id),
                *(passed_unread(facts, judged.decision, "message", one.size_bytes) for one in unread),
                durable=facts.request.effect.changes_state,
            )
        except Fault:
            if tool:
                await self._trees.give_back(facts, judged)
            raise
        for one in unread:
            self._ground.meter.uninspected("message", one.size_bytes)
        return passed

    async def _refused(self, rules: RuleSet, permit: Permit, facts: Facts, judged: Judged, data: bytes) -> Refuse:
        lines = _lines(rules, facts)
        refuse = refusal(facts, judged, lines)
        if judged.decision.enforced is Verdict.HOLD:
            refuse = replace(refuse, detail=f"{refuse.detail}; a message cannot wait for one, so send it as a request")
        await self._ground.record.append(
            *decided(facts, judged, lines), self._event(EventName.MESSAGE_REFUSED, permit, data, code=refuse.code)
        )
        self._ground.meter.decided(
            agent=facts.principal.agent_id,
            tool=facts.request.tool,
            effect=facts.request.effect.value,
            decision="deny",
            code=refuse.code.value,
            seconds=0.0,
        )
        return refuse

    # from the upstream

    async def _charged_for(self, rules: RuleSet, permit: Permit, data: bytes, traffic: _Traffic) -> Refuse | None:
        """What a model says that its answer has cost; a refusal once that is more than the run has."""
        model = permit.step.model
        used = usage_in(data) if model is not None else None
        if model is None or used is None:
            return None
        facts = permit.facts
        run_id = facts.principal.run_id
        cost = cost_micros(model, facts.request.model, input_tokens=used.input_tokens, output_tokens=used.output_tokens)
        traffic.cost_micros += cost
        tree = await self._trees.change(facts, lambda now: budget.settle(now, run_id, cost_delta_micros=cost))
        await self._ground.record.append(
            returned(
                facts,
                permit.judged.decision,
                status=101,
                cost=from_micros(cost),
                usage={"input_tokens": used.input_tokens, "output_tokens": used.output_tokens},
            )
        )
        nothing = budget.Charge(run_id=run_id, counts_call=False, counts_write=False, cost_micros=0, counts_rate=False)
        now_ms = self._ground.clock.now_ms()
        faults = budget.project(tree, nothing, limits_of(rules, tree, run_id), now_ms=now_ms).faults
        over = budget.judge(fault for fault in faults if fault.budget == budget.COST)
        if not over.reasons:
            return None
        return _named(permit, over.reasons[0].code, over.reasons[0].detail, rule=over.reasons[0].rule)

    def _digest(self, data: bytes) -> str:
        return hashlib.blake2b(data, key=self._key, digest_size=DIGEST_BYTES).hexdigest()

    def _event(self, name: EventName, permit: Permit, data: bytes, **fields: object) -> Event:
        return event(
            name,
            permit.facts,
            permit.judged.decision,
            control=("AIS-EXE-01", "AIS-OBS-01"),
            direction="to_upstream",
            bytes=len(data),
            digest=self._digest(data),
            tool=permit.facts.request.tool,
            **fields,
        )


def _declared(rules: RuleSet, permit: Permit) -> bool:
    step = permit.step
    if step.tool is not None:
        return step.tool.name in rules.tools
    return step.model is not None and step.model.name in rules.models


def _still_good(token: TokenFacts | None, snapshot: Snapshot, *, now_ms: int) -> TokenFacts | None:
    """The token the channel was opened with, as it stands now: a channel outlives no token."""
    if token is None or token.claims is None:
        return token
    if now_ms >= token.claims.exp * 1000:
        return TokenFacts(fault=Code.TOKEN_EXPIRED, detail="the token of the WebSocket has expired; open another")
    if snapshot.revoked:
        return TokenFacts(fault=Code.TOKEN_REVOKED, detail="the token of the WebSocket is revoked")
    return token


def _lines(rules: RuleSet, facts: Facts) -> Thresholds:
    return lines_for(limits_of(rules, facts.tree, facts.principal.run_id), facts.tree)


def _named(permit: Permit, code: Code, detail: str, *, rule: str = "") -> Refuse:
    return Refuse(
        code=code, detail=detail, rule=rule, decision_id=permit.decision_id, run_id=permit.facts.principal.run_id
    )
