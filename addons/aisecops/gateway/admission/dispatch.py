"""The last steps of the way in: what was allowed is given its last form, recorded, and let go.

Steps 7 and 8 of `admit.py`. Everything that can still fail here is done before the record, and what was reserved is
given back when it does.
"""

from __future__ import annotations

from msgspec.structs import replace

from aisecops.controls.dlp.judge import may_replace
from aisecops.controls.dlp.lexicon import Lexicon
from aisecops.controls.policy.match import find_tool
from aisecops.controls.policy.target import normal_path
from aisecops.gateway.admission.gather import Looked, puts_out, written_in
from aisecops.gateway.ground import Ground
from aisecops.gateway.leaving.pseudonyms import Pseudonyms
from aisecops.gateway.origins.descent import Descents
from aisecops.gateway.origins.memories import Memories
from aisecops.gateway.people.approve import Approvals
from aisecops.gateway.pinned.usage import Usage
from aisecops.gateway.ports import Meter
from aisecops.gateway.runs.trees import Trees
from aisecops.gateway.step.classify import Step
from aisecops.gateway.step.describe import acted, asked_of, decided, passed_unread
from aisecops.gateway.step.judge import Judged, destination_words
from aisecops.gateway.step.lines import limits_of, lines_for
from aisecops.gateway.step.permits import Permit, Permits
from aisecops.gateway.step.refuse import told_headers
from aisecops.model.action import Kind
from aisecops.model.chain import Join, Way
from aisecops.model.decision import Mode
from aisecops.model.errors import Fault
from aisecops.model.exchange import HttpRequest
from aisecops.model.facts import Facts
from aisecops.model.ids import AgentId
from aisecops.model.outcome import Forward, Refuse
from aisecops.model.refusals import Code
from aisecops.model.risk import Thresholds
from aisecops.model.rules import RuleSet, ToolRule
from aisecops.model.state import Approval


class Dispatch:
    """Records what was allowed and opens its permit."""

    def __init__(
        self,
        ground: Ground,
        *,
        trees: Trees,
        approvals: Approvals,
        permits: Permits,
        descents: Descents,
        pseudonyms: Pseudonyms,
        memories: Memories,
        usage: Usage,
    ) -> None:
        self._ground = ground
        self._trees = trees
        self._approvals = approvals
        self._permits = permits
        self._descents = descents
        self._pseudonyms = pseudonyms
        self._memories = memories
        self._usage = usage

    async def forward(  # noqa: PLR0917 - the whole of what was decided
        self,
        rules: RuleSet,
        facts: Facts,
        judged: Judged,
        looked: Looked,
        request: HttpRequest,
        approval: Approval | None,
    ) -> Forward:
        """What leaves for an allowed request. Raises a `Fault` when it cannot be recorded; then nothing may leave."""
        lines = lines_for(judged.limits, facts.tree)
        try:
            replaces = may_replace(rules.egress, judged.findings)
            body = await self._changed(rules, facts, looked, judged, request, replaces=replaces)
            path = await self._changed_target(rules, facts, looked.step, judged, request) if replaces else None
            headers = await self._changed_headers(rules, facts, looked.step, judged, request) if replaces else ()
            restores = await self._coming_back(rules, facts, request) if replaces else None
            await self._memories.keep(facts.principal, looked.step, looked.descent)
            await self._usage.used(facts, looked.step, policy_version=rules.policy_version)
            if puts_out(rules, looked.step) and not looked.puts_out:
                await self._descents.chains.put_out(facts.principal, Way.TOOL, written_in(looked.step, request))
            # 7: contract 7, durable before anything that changes the world leaves
            await self._ground.record.append(
                *decided(facts, judged, lines),
                *acted(facts, judged.decision, **asked_of(looked.step.call)),
                *(passed_unread(facts, judged.decision, one.reason, one.size_bytes) for one in looked.unread),
                durable=facts.request.effect.changes_state,
            )
        except Fault:
            await self._trees.give_back(facts, judged)
            if approval is not None:
                await self._approvals.give_back(approval)
            raise
        count(self._ground.meter, facts, judged)
        for one in looked.unread:
            self._ground.meter.uninspected(one.reason, one.size_bytes)
        # 8
        permit = self._permits.open(
            Permit(
                decision_id=judged.decision.decision_id,
                facts=facts,
                judged=judged,
                # the content has no business waiting for the answer
                step=replace(looked.step, body=b"", document=None, json=None, kept=()),
                started_ms=self._ground.clock.now_ms(),
                restores=restores,
                policy_version=rules.policy_version,
                in_proportion=bool(rules.egress.proportion),
                join_within_ms=rules.risk.join_within_ms if rules.risk.join is not Join.OFF else None,
            )
        )
        return Forward(
            permit=permit,
            decision_id=judged.decision.decision_id,
            run_id=facts.principal.run_id,
            host=request.host,
            port=request.port,
            addresses=looked.addresses,
            through_proxy=looked.through_proxy,
            remove_headers=("Content-Encoding",) if body is not None else (),
            set_headers=(*_streamed_readably(looked.step), *headers),
            path=path,
            body=body,
            response_headers=told_headers(facts, judged, lines),
            any_size=looked.step.any_size,
        )

    async def _changed(
        self, rules: RuleSet, facts: Facts, looked: Looked, judged: Judged, sent: HttpRequest, *, replaces: bool
    ) -> bytes | None:
        """The body as it leaves: findings replaced, untrusted text in envelopes; None when it leaves as it came.

        What the caller has signed is never changed: `judge.py` refuses what would have to be, unless it only observes.
        """
        step, request = looked.step, facts.request
        body = step.body
        if replaces:
            body = await self._pseudonyms.replaced(
                rules.egress,
                judged.findings,
                body,
                headers=sent.headers,
                run=(facts.principal.run_id, facts.principal.root_run_id),
                to=receiver(request.host, request.port),
                words=destination_words(request),
            )
        if step.action.signed:
            if body != step.body and judged.decision.mode is Mode.ENFORCE:
                raise Fault("a signed body holds a value that must leave as a stand-in")
            return None
        changed = None if body == step.body else body
        if step.call is not None and looked.descent is not None:
            changed = self._descents.enveloped(body, step.call, looked.descent) or changed
        return changed

    async def _changed_target(
        self, rules: RuleSet, facts: Facts, step: Step, judged: Judged, sent: HttpRequest
    ) -> str | None:
        """Path and query as they leave; None when they leave as they came.

        INVARIANT: what leaves is the tool that was judged: a stand-in names somebody else, and nothing else.
        """
        path = await self._pseudonyms.replaced_target(
            rules.egress,
            judged.findings,
            sent,
            run=(facts.principal.run_id, facts.principal.root_run_id),
            to=receiver(sent.host, sent.port),
            words=destination_words(facts.request),
            in_path=facts.request.kind is Kind.TOOL and step.spoken is None,
        )
        if path == sent.path:
            return None
        if step.tool is not None and step.spoken is None and not _is_still(rules, step.tool, replace(sent, path=path)):
            raise Fault("a stand-in in the path would make the request one of another tool")
        return path

    async def _changed_headers(
        self, rules: RuleSet, facts: Facts, step: Step, judged: Judged, sent: HttpRequest
    ) -> tuple[tuple[str, str], ...]:
        """The headers that say whom a call is about, where they leave otherwise than they came."""
        return await self._pseudonyms.replaced_headers(
            rules.egress,
            judged.findings,
            sent,
            names=step.tool.headers if step.tool is not None and facts.request.kind is Kind.TOOL else (),
            run=(facts.principal.run_id, facts.principal.root_run_id),
            to=receiver(sent.host, sent.port),
            words=destination_words(facts.request),
        )

    async def _coming_back(self, rules: RuleSet, facts: Facts, request: HttpRequest) -> Lexicon | None:
        run = facts.principal.run_id, facts.principal.root_run_id
        return await self._pseudonyms.coming_back(rules.egress, run=run, to=receiver(request.host, request.port))


def _is_still(rules: RuleSet, tool: ToolRule, request: HttpRequest) -> bool:
    segments, _ = normal_path(request.path)
    found = find_tool(rules, method=request.method, host=request.host, port=request.port, path_segments=segments)
    return found is not None and found.name == tool.name


def receiver(host: str, port: int) -> str:
    """To whom something goes, by name: what was given there may come back from there."""
    return f"{host}:{port}"


def count(meter: Meter, facts: Facts, judged: Judged) -> None:
    """Count what was found and refused of one decision."""
    for found in judged.findings:
        meter.egress_found(found.finding.entity, found.done)
    for one in facts.descent.suspected if facts.descent else ():
        for detector in dict.fromkeys(sign.detector for sign in one.found):
            meter.injection_found(detector, one.tier.value)
    for reason in judged.decision.reasons:
        if reason.code.is_token_fault and reason.code is not Code.TOKEN_MISSING:
            meter.token_rejected(reason.code.value)
        elif reason.code in {Code.BUDGET_EXCEEDED, Code.RATE_LIMITED}:
            meter.budget_exceeded(facts.principal.agent_id, reason.rule or reason.code.value)


def turned_away(meter: Meter, agent_id: AgentId | None, refuse: Refuse) -> None:
    """Count a refusal of what never became a step."""
    meter.decided(agent=agent_id or "", tool="", effect="", decision="deny", code=refuse.code.value, seconds=0.0)


def lines_of(rules: RuleSet, facts: Facts) -> Thresholds:
    """The risk lines that bind a request."""
    return lines_for(limits_of(rules, facts.tree, facts.principal.run_id), facts.tree)


def _streamed_readably(step: Step) -> tuple[tuple[str, str], ...]:
    # A stream is read as it passes; compressed, it could only be read at its end. A signature may be over this header.
    streams = bool(step.call and step.call.stream) or step.spoken is not None
    return (("Accept-Encoding", "identity"),) if streams and not step.action.signed else ()
