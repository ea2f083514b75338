"""Decisions and acts as events of the record: what was asked, what was answered and why, what came of it.

Every decision carries its facts whole, so that it can be made again from the record (spec 4.5, 5.4).
No content, no secret, no token is in any event; hashes and fingerprints are.
"""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Iterable, Iterator
from typing import Any

import msgspec

from aisecops.controls.dlp.judge import REPLACED
from aisecops.gateway.step.joined import told_joined
from aisecops.gateway.step.judge import Judged
from aisecops.model.action import ActionRequest, Kind
from aisecops.model.decision import Decision, Verdict
from aisecops.model.envelope import ArgumentSource, Descent, ProposalLink, Suspected
from aisecops.model.facts import Facts
from aisecops.model.finding import FindingAction, JudgedFinding
from aisecops.model.memory import MEMORY
from aisecops.model.record import Event, EventName
from aisecops.model.refusals import Code
from aisecops.model.risk import Thresholds, from_micros
from aisecops.wire.llm import MEDIA, LlmCall, ProposedCall

MAX_ATTACHED = 200
"""Images, sounds and files that are listed one by one; of the others their number."""

MAX_TOLD = 100
"""Findings of one decision that are told one by one; its facts hold them all."""

ACTS = {
    Kind.TOOL: EventName.TOOL_INVOKED,
    Kind.LOCAL: EventName.TOOL_INVOKED,
    Kind.MODEL: EventName.LLM_CALLED,
    Kind.SOURCE: EventName.SOURCE_READ,
}
RETURNS = {Kind.TOOL: EventName.TOOL_RETURNED, Kind.MODEL: EventName.LLM_RETURNED, Kind.SOURCE: EventName.TOOL_RETURNED}


def event(name: EventName, about: Facts, answer: Decision, /, *, control: tuple[str, ...] = (), **fields: Any) -> Event:
    """An event about one decision's request; `batch` is what those of one batch have in common."""
    fields["batch"] = about.request.batch or None
    return Event(
        event=name,
        run_id=about.principal.run_id,
        root_run_id=about.principal.root_run_id,
        agent_id=about.principal.agent_id,
        decision_id=answer.decision_id,
        policy_version=answer.policy_version,
        control=control,
        fields={key: value for key, value in fields.items() if value is not None},
    )


def decided(facts: Facts, judged: Judged, thresholds: Thresholds) -> tuple[Event, ...]:
    """The decision, and an event of its own for each kind of no that people and alerts look for."""
    decision = judged.decision
    request = facts.request
    serves = tuple(dict.fromkeys([control for judgment in decision.judgments for control in judgment.serves]))
    whole = event(
        EventName.DECISION,
        facts,
        decision,
        control=serves,
        **_step(request),
        verdict=decision.verdict.value,
        enforced=decision.enforced.value,
        mode=str(decision.mode),
        code=decision.code,
        reasons=[msgspec.to_builtins(reason) for reason in decision.reasons],
        risk=_terms(decision),
        total=from_micros(decision.total_micros),
        before=from_micros(facts.tree.risk_micros),
        approve_above=from_micros(thresholds.approve_micros),
        halt_above=from_micros(thresholds.halt_micros),
        jti=facts.token.claims.jti if facts.token and facts.token.claims else None,
        findings=_left_alone(judged) or None,
        joined=told_joined(facts.joined),
        facts=msgspec.to_builtins(facts),
        decision=msgspec.to_builtins(decision),
    )
    return (whole, *_particular(facts, judged))


def acted(facts: Facts, decision: Decision, **fields: Any) -> tuple[Event, ...]:
    """What is about to leave; appended with the decision, before it does."""
    request = facts.request
    name = ACTS.get(request.kind)
    if name is None:
        return ()
    more: dict[str, Any] = dict(fields)
    if request.kind is Kind.MODEL:
        more |= {"model": request.model, "prompt_hash": request.prompt_hash}
    if facts.descent is not None:
        more |= _descent(facts.descent)
    return (event(name, facts, decision, control=("AIS-EXE-01", "AIS-OBS-01"), **_step(request), **more),)


def asked_of(call: LlmCall | None) -> dict[str, Any]:
    """What a model is told that is not read here: images, sounds and files, and what its provider remembers.

    By digest alone: an address or an id may be a secret by itself.
    """
    if call is None:
        return {}
    listed = [
        {"position": part.position, "role": part.role.value, "kind": part.kind.value, "sha256": _digest(part.text)}
        for part in call.segments
        if part.kind in MEDIA
    ]
    return {
        "dialect": call.dialect,
        "embeds": call.embeds or None,
        "attached": listed[:MAX_ATTACHED] or None,
        "attached_more": len(listed) - MAX_ATTACHED if len(listed) > MAX_ATTACHED else None,
        "remembered": [_digest(name) for name in call.remembered] or None,
    }


def _digest(said: str) -> str:
    """What stands for data is its digest by now."""
    return said.removeprefix("sha256:") if said.startswith("sha256:") else hashlib.sha256(said.encode()).hexdigest()


def passed_unread(facts: Facts, decision: Decision, reason: str, size_bytes: int) -> Event:
    """Bytes are about to leave that nobody could read, because the rules let them."""
    request = facts.request
    return event(
        EventName.UNINSPECTED,
        facts,
        decision,
        control=("AIS-EXE-01", "AIS-OBS-01"),
        reason=reason,
        bytes=size_bytes,
        tool=request.tool,
        host=request.host,
    )


def proposed(facts: Facts, decision: Decision, calls: Iterable[ProposedCall]) -> tuple[Event, ...]:
    """The calls that a model's answer proposes; of their arguments a digest alone."""
    return tuple(
        event(
            EventName.TOOL_PROPOSED,
            facts,
            decision,
            control=("AIS-EXE-01",),
            proposed=call.name,
            call_id=call.call_id,
            arguments_sha256=hashlib.sha256(call.arguments.encode("utf-8", "surrogatepass")).hexdigest(),
        )
        for call in calls
    )


def returned(facts: Facts, decision: Decision, **fields: Any) -> Event:
    """What came back of it, or that nothing did."""
    name = RETURNS.get(facts.request.kind, EventName.TOOL_RETURNED)
    return event(name, facts, decision, control=("AIS-OBS-01",), tool=facts.request.tool, **fields)


def _particular(facts: Facts, judged: Judged) -> tuple[Event, ...]:
    decision = judged.decision
    codes = {reason.code: reason for reason in reversed(decision.reasons)}
    events: list[Event] = []
    for code, reason in codes.items():
        if code.is_token_fault and code is not Code.TOKEN_MISSING:
            events.append(
                event(
                    EventName.TOKEN_REJECTED, facts, decision, control=("AIS-CAP-02",), code=code, detail=reason.detail
                )
            )
        elif code in {Code.BUDGET_EXCEEDED, Code.RATE_LIMITED}:
            events.append(
                event(
                    EventName.BUDGET_EXCEEDED, facts, decision, control=("AIS-EXE-01",), code=code, detail=reason.detail
                )
            )
    events += [
        event(_poisoned(one.source), facts, decision, control=("AIS-CTX-01",), **_suspected(one))
        for one in (facts.descent.suspected if facts.descent else ())
    ]
    events += [
        event(EventName.MEMORY_POISONING_DETECTED, facts, decision, control=("AIS-CTX-02", "AIS-OBS-01"), **steered)
        for steered in _steered_by_memory(facts)
    ]
    carried = facts.descent.carried if facts.descent else ()
    if decision.verdict is Verdict.DENY and Code.EGRESS_BLOCKED in codes and carried:
        labelled = [msgspec.to_builtins(one) for one in carried]
        events.append(event(EventName.EGRESS_BLOCKED, facts, decision, control=("AIS-EXE-01",), carried=labelled))
    blocked = [shown_finding(found) for found in judged.findings if found.action is FindingAction.BLOCK]
    masked = [shown_finding(found) for found in judged.findings if found.action in REPLACED]
    if blocked:
        events.append(event(EventName.EGRESS_BLOCKED, facts, decision, control=("AIS-EXE-01",), findings=blocked))
    if masked and decision.enforced is Verdict.ALLOW:
        events.append(event(EventName.EGRESS_MASKED, facts, decision, control=("AIS-EXE-01",), findings=masked))
    if decision.enforced is Verdict.DENY and decision.code is Code.RISK_HALTED:
        why = codes[Code.RISK_HALTED].detail
        total = from_micros(facts.tree.risk_micros)
        events.append(
            event(EventName.RUN_HALTED, facts, decision, control=("AIS-RSK-01",), why=why, by="gateway", total=total)
        )
    return tuple(events)


def _left_alone(judged: Judged) -> list[dict[str, Any]]:
    """What was found and stands as it is, for no event of its own tells of it: held, allowed or counted."""
    told = (found for found in judged.findings if found.action in {FindingAction.HOLD, FindingAction.COUNT})
    return [shown_finding(found) for found in itertools.islice(told, MAX_TOLD)]


def shown_finding(found: JudgedFinding) -> dict[str, Any]:
    """A finding for people: what kind, where, which rule; never the thing itself."""
    finding = found.finding
    return {
        "entity": finding.entity,
        "where": finding.where,
        "start": finding.span.start,
        "end": finding.span.end,
        "confidence": round(finding.confidence, 2),
        "fingerprint": finding.fingerprint,
        "action": found.done,
        "rule": found.rule,
    } | ({"allowed_by": found.allowed_by} if found.allowed_by else {})


def _step(request: ActionRequest) -> dict[str, Any]:
    return {
        "kind": str(request.kind),
        "tool": request.tool,
        "effect": str(request.effect),
        "scope": request.scope,
        "method": request.method,
        "host": request.host,
        "path_hash": request.path_hash,
        "rule": request.rule,
    }


def _descent(descent: Descent) -> dict[str, Any]:
    """Where the words came from, by piece and by argument (spec 5.4)."""
    pieces = [
        {
            "position": segment.position,
            "role": segment.role,
            "tier": str(segment.tier),
            "origins": [{"id": part.origin_id, "source": part.source} for part in segment.stretches],
        }
        for segment in descent.segments
    ]
    arguments = {one.name: {"source": one.source.value, "origin": one.origin_id} for one in descent.arguments}
    kept = [msgspec.to_builtins(one) for one in descent.kept]
    told = {"context_provenance": pieces or None, "arguments": arguments or None, "kept": kept or None}
    return {**told, **_link(descent.proposal)}


def _link(link: ProposalLink | None) -> dict[str, Any]:
    """Which call of a model a tool request is of, by decision and call (spec 5.4)."""
    if link is None:
        return {}
    if not link.found:
        return {"unproposed": True, **({"withdrawn_in": link.decision_id} if link.decision_id else {})}
    return {
        "proposed": link.name,
        "call_id": link.call_id,
        "proposed_in": link.decision_id,
        "differs": list(link.differs) or None,
    }


def _poisoned(source: str) -> EventName:
    """A memory's text is told apart from a page's: it stays (spec 3.1, 3.3)."""
    remembered = source.startswith(MEMORY)
    return EventName.MEMORY_POISONING_DETECTED if remembered else EventName.RETRIEVAL_POISONING_DETECTED


def _steered_by_memory(facts: Facts) -> Iterator[dict[str, Any]]:
    """What of a call untrusted text from a memory would decide: arguments that steer it, and where it goes."""
    descent = facts.descent
    if descent is None:
        return
    for one in descent.arguments:
        if one.steering and one.source is ArgumentSource.UNTRUSTED and one.origin.startswith(MEMORY):
            yield {
                "tool": facts.request.tool,
                "why": f"`{one.name}` is named only there",
                "argument": one.name,
                "source": one.origin,
                "origin": one.origin_id,
            }
    if descent.remembered is not None:
        named = descent.remembered
        yield {
            "tool": facts.request.tool,
            "why": f"`{named.host}` is named only there",
            "destination": named.host,
            "source": named.origin,
            "origin": named.origin_id,
        }


def _suspected(one: Suspected) -> dict[str, Any]:
    """Where an injection was seen, by which detectors and how surely; never its words."""
    return {
        "position": one.position,
        "source": one.source,
        "origin": one.origin_id,
        "score": one.score,
        "detectors": list(dict.fromkeys(sign.detector for sign in one.found)),
        "spans": [msgspec.to_builtins(sign) for sign in one.found],
    }


def _terms(decision: Decision) -> dict[str, float] | None:
    risk = decision.risk
    if risk is None:
        return None
    return {
        "base": float(risk.base),
        "escalation": float(risk.escalation),
        "trust": float(risk.trust),
        "stress": float(risk.stress),
        "step": from_micros(risk.micros),
    }
