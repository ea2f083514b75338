"""The bodies of the control plane's API, in and out (contract 8). Strict on the way in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from aisecops.controls.policy.units import duration_ms, trust_factor
from aisecops.controls.risk.plan import Planned
from aisecops.gateway.pinned.inventory import Integration, State
from aisecops.gateway.runs.issue import IssuedToken, TokenRequest
from aisecops.gateway.runs.runs import PlanStep
from aisecops.model.errors import WireError
from aisecops.model.grant import Constraints
from aisecops.model.ids import RunId
from aisecops.model.risk import from_micros, to_micros
from aisecops.model.round import MOST_S
from aisecops.model.state import Approval, RevocationKind, Run, Snapshot
from aisecops.model.value import Value
from aisecops.wire.limits import read_json

Name = Annotated[str, Meta(min_length=1, max_length=512)]
Factor = Annotated[float, Meta(ge=0, le=3)]
MAX_BODY_BYTES = 256 * 1024


class PlanStepBody(Value):
    """One step of a plan; factors may only raise what the rules say. `trust` may be said in the rules' own words."""

    tool: Name
    scope: Name
    trust: Factor | Literal["internal", "neutral", "external"] | None = None
    escalation: Factor | None = None
    budget_stress: Factor | None = None


class PlanBody(Value):
    """A whole declared chain."""

    steps: Annotated[list[PlanStepBody], Meta(min_length=1, max_length=1000)]


class OpenRunBody(Value):
    """A run to open. Only operators name the agent; agents open their own."""

    agent_id: Name | None = None
    parent: Name | None = None
    plan: PlanBody | None = None


class ConstraintsBody(Value):
    """Limits asked for; those of the grant bind as well. `expiry` is a duration."""

    max_rows: Annotated[int, Meta(ge=0)] | None = None
    max_cost: Annotated[float, Meta(ge=0, le=1e9)] | None = None
    uses: Annotated[int, Meta(ge=1)] | None = None
    expiry: str | None = None


class TokenBody(Value):
    """A capability token asked for. `agent_id` only for a gateway that asks in an agent's name."""

    run_id: Name
    tool: Name
    scope: Name
    constraints: ConstraintsBody = ConstraintsBody()
    ttl: str | None = None
    uses: Annotated[int, Meta(ge=1)] | None = None
    cnf: dict[str, Any] | None = None
    agent_id: Name | None = None


class AnswerBody(Value):
    """A person's answer to a held step."""

    decision: Annotated[str, Meta(pattern="^(approve|deny)$")]
    reason: Annotated[str, Meta(max_length=2000)] = ""


class HookAnswerBody(Value):
    """A person's answer that a webhook brings; what is signed names the approval."""

    approval_id: Name
    person: Name
    decision: Annotated[str, Meta(pattern="^(approve|deny)$")]
    reason: Annotated[str, Meta(max_length=2000)] = ""


class AcceptBody(Value):
    """A person accepts what has changed of an integration; `digest` says which of several prompts."""

    name: Name
    reason: Annotated[str, Meta(min_length=1, max_length=2000)]
    digest: Annotated[str, Meta(max_length=100)] = ""


class WhyBody(Value):
    """A reason for halting, resuming or revoking."""

    reason: Annotated[str, Meta(max_length=2000)] = ""


class EvaluationBody(Value):
    """A round of an evaluation: where its stand-ins listen on this machine, and how long it may last."""

    port: Annotated[int, Meta(ge=1024, le=65535)]
    seconds: Annotated[int, Meta(ge=1, le=MOST_S)] = 600


class ResetRiskBody(Value):
    """Whose moves of risk are taken back: with a tool, or without one, with whatever the agent does."""

    agent_id: Name
    reason: Annotated[str, Meta(min_length=1, max_length=2000)]
    tool: Annotated[str, Meta(max_length=512)] = ""


class ResumeBody(Value):
    """Why a halted run may go on, and how much more risk it may take before it is halted again."""

    reason: Annotated[str, Meta(max_length=2000)] = ""
    allowance: Annotated[float, Meta(ge=0, le=1000)] = 0.0


class RevocationBody(Value):
    """Whose tokens are taken back: one of the three, by name."""

    run_id: str = ""
    agent_id: str = ""
    kid: Annotated[str, Meta(max_length=512)] = ""
    reason: Annotated[str, Meta(max_length=2000)] = ""


class FinishBody(Value):
    """How the run ended."""

    exit_code: int | None = None


def read[T](body: bytes, shape: type[T]) -> T:
    """`body` as `shape`; an empty body is an empty object. Raises `WireError` naming what is wrong."""
    said = read_json(body or b"{}", max_bytes=MAX_BODY_BYTES)
    try:
        return msgspec.convert(said, shape)
    except msgspec.ValidationError as error:
        raise WireError(str(error)[:1].lower() + str(error)[1:]) from error


def revocations(body: RevocationBody) -> dict[RevocationKind, str]:
    """What the body names, by kind; empty for what it does not."""
    return {
        RevocationKind.RUN: body.run_id,
        RevocationKind.AGENT: body.agent_id,
        RevocationKind.KEY: body.kid,
    }


def token_request(body: TokenBody) -> TokenRequest:
    """What the token service is asked; raises `WireError` for a duration that is none."""
    asked = body.constraints
    return TokenRequest(
        run_id=RunId(body.run_id),
        tool=body.tool,
        scope=body.scope,
        constraints=Constraints(
            max_rows=asked.max_rows,
            max_cost_micros=None if asked.max_cost is None else to_micros(Decimal(str(asked.max_cost))),
            uses=asked.uses,
            max_ttl_s=_seconds("constraints.expiry", asked.expiry),
        ),
        ttl_s=_seconds("ttl", body.ttl),
        uses=body.uses,
        cnf=body.cnf,
    )


def plan_steps(body: PlanBody) -> tuple[PlanStep, ...]:
    """The plan as the run service takes it; numbers become exact."""
    return tuple(
        PlanStep(
            tool=step.tool,
            scope=step.scope,
            trust=trust_factor(step.trust) if isinstance(step.trust, str) else _exact(step.trust),
            escalation=_exact(step.escalation),
            budget_stress=_exact(step.budget_stress),
        )
        for step in body.steps
    )


def shown_plan(body: PlanBody, planned: Planned) -> dict[str, Any]:
    """The judged plan, step by step."""
    steps = [
        {
            "tool": step.tool,
            "scope": step.scope,
            "base_risk": float(risk.base),
            "escalation": float(risk.escalation),
            "trust": float(risk.trust),
            "budget_stress": float(risk.stress),
            "risk": from_micros(risk.micros),
        }
        for step, risk in zip(body.steps, planned.steps, strict=True)
    ]
    return {
        "total": from_micros(planned.total_micros),
        "verdict": planned.verdict,
        "held_step": planned.held_step,
        "steps": steps,
    }


def shown_token(issued: IssuedToken) -> dict[str, Any]:
    """A token for whoever asked for it."""
    claims = issued.claims
    return {
        "token": issued.token,
        "jti": claims.jti,
        "expires_at": claims.exp,
        "risk_score": claims.risk_score,
        "policy_version": claims.policy_version,
        "tool": claims.grant.tool,
        "scope": claims.grant.scope,
    }


def shown_run(run: Run, *, state: str) -> dict[str, Any]:
    """A run in a listing."""
    return {
        "run_id": run.run_id,
        "root_run_id": run.root_run_id,
        "agent_id": run.agent_id,
        "parent": run.parent,
        "opened_at": run.opened_ms / 1000,
        "opened_by": run.opened_by,
        "state": state,
    }


def shown_sums(told: Mapping[str, Any], snapshot: Snapshot) -> dict[str, Any]:
    """The sums of a run that decide, of whatever machine: a record has only what its own machine has seen."""
    used = snapshot.tree.runs[snapshot.run.run_id]
    recorded = told["budget_consumption"]
    consumed = {
        "tool_calls": used.tool_calls,
        "write_operations": used.write_operations,
        "cost": from_micros(used.cost_micros),
        "rows": used.rows,
        "egress_bytes": used.egress_bytes,
        # kept in the store only while a budget counts them
        "recipients": max(len(used.recipients), recorded["recipients"]),
    }
    return {
        "cumulative_risk_score": from_micros(snapshot.tree.risk_micros),
        "budget_consumption": {**recorded, **consumed},
    }


def shown_question(approval: Approval, runs: Sequence[Run], similar: Sequence[Approval]) -> dict[str, Any]:
    """A held step with who asks for it, up to the root, and what became of the last ones like it."""
    return {
        **shown_approval(approval),
        "asked_by": [{"run_id": run.run_id, "agent_id": run.agent_id, "opened_by": run.opened_by} for run in runs],
        "similar": [_shown_similar(one, approval) for one in similar],
    }


def _shown_similar(one: Approval, now: Approval) -> dict[str, Any]:
    scope = one.request.get("scope")
    return {
        "approval_id": one.approval_id,
        "state": one.state.value,
        "scope": scope,
        "same_scope": scope == now.request.get("scope"),
        "same_request": one.digest == now.digest,
        "opened_at": one.opened_ms / 1000,
        "answered_by": one.answered_by or None,
        "reason": one.why or None,
        "outcome": one.outcome or None,
    }


def shown_approval(approval: Approval) -> dict[str, Any]:
    """A held step for whoever decides about it."""
    return {
        "approval_id": approval.approval_id,
        "state": approval.state.value,
        "run_id": approval.run_id,
        "root_run_id": approval.root_run_id,
        "agent_id": approval.agent_id,
        "tool": approval.tool,
        "request": approval.request,
        "risk": approval.risk,
        "evidence": list(approval.evidence),
        "opened_at": approval.opened_ms / 1000,
        "expires_at": approval.expires_ms / 1000,
        "answered_by": approval.answered_by or None,
        "reason": approval.why or None,
        "outcome": approval.outcome or None,
        "policy_version": approval.policy_version,
    }


def shown_integration(one: Integration) -> dict[str, Any]:
    """An integration for whoever answers for it."""
    return {
        "name": one.name,
        "kind": one.kind,
        "state": one.state.value,
        "declared": one.declared,
        "owner": one.owner or None,
        "review": one.review or None,
        "overdue": one.overdue,
        "rule": one.rule or None,
        "first_seen_at": None if one.first_ms is None else one.first_ms / 1000,
        "last_used_at": None if one.last_ms is None else one.last_ms / 1000,
        "agent_id": one.agent_id or None,
        "digests": one.digests,
        "waiting": one.waiting,
        "suspicion": one.suspicion,
        "accepted_by": one.accepted_by or None,
        "reason": one.why or None,
    }


def shown_inventory(found: Sequence[Integration]) -> dict[str, Any]:
    """All of them, and how many stand how."""
    counts = {state.value: sum(one.state is state for one in found) for state in State}
    counts["overdue"] = sum(one.overdue for one in found)
    return {"integrations": [shown_integration(one) for one in found], "counts": counts}


def _seconds(name: str, text: str | None) -> int | None:
    if text is None:
        return None
    try:
        return duration_ms(text) // 1000
    except ValueError as error:
        raise WireError(f"`{name}` cannot be read: {error}") from error


def _exact(factor: float | None) -> Decimal | None:
    return None if factor is None else Decimal(str(factor))
