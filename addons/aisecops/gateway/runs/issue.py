"""The token service: asked, judged, signed, recorded; in that order (spec 7.2, 18).

Only the control plane runs it. The gateway holds public keys and can issue nothing.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from aisecops.controls.budget.phase import phase_judgment
from aisecops.controls.policy.evaluate import evaluate
from aisecops.controls.policy.match import tool_named
from aisecops.controls.tokens.chain import no_id
from aisecops.controls.tokens.claims import DEFAULT_TTL_S, MAX_TTL_S
from aisecops.controls.tokens.sign import issue
from aisecops.gateway.ground import Ground
from aisecops.gateway.ports import Signer
from aisecops.gateway.step.classify import names_a_secret
from aisecops.gateway.step.judge import unasked
from aisecops.gateway.step.lines import limits_of, lines_for
from aisecops.gateway.step.points import Points
from aisecops.model.access import AccessRequest, Phase
from aisecops.model.action import ToolEffect
from aisecops.model.decision import Judgment, Reason, Verdict
from aisecops.model.grant import Claims, Constraints, Grant
from aisecops.model.ids import AgentId, RunId, TokenId
from aisecops.model.outcome import Refuse
from aisecops.model.record import Event, EventName
from aisecops.model.refusals import Code
from aisecops.model.risk import from_micros
from aisecops.model.rules import RuleSet
from aisecops.model.scope import is_concrete, segments
from aisecops.model.state import RevocationKind, Snapshot
from aisecops.model.value import Value

SERVES = ("AIS-CAP-01", "AIS-CAP-02")


_REVOKED_BY = {
    RevocationKind.TOKEN: "jti",
    RevocationKind.RUN: "of_run",
    RevocationKind.AGENT: "of_agent",
    RevocationKind.KEY: "kid",
}


class TokenRequest(Value):
    """What is asked for. `ttl_s` None is the default; a longer life than the ceiling is cut to it."""

    run_id: RunId
    tool: str
    scope: str
    constraints: Constraints = Constraints()
    ttl_s: int | None = None
    uses: int | None = None
    cnf: dict[str, Any] | None = None


class IssuedToken(Value):
    """A token and what it says."""

    token: str
    claims: Claims


class TokenService:
    """Issues and revokes capability tokens."""

    def __init__(self, ground: Ground, *, signer: Signer, issuer: str, audience: str, points: Points) -> None:
        self._ground = ground
        self._signer = signer
        self._issuer = issuer
        self._audience = audience
        self._points = points

    async def issue(self, agent_id: AgentId, request: TokenRequest) -> IssuedToken | Refuse:
        """A signed token for `agent_id`, or why not. Durable in the record before it is handed out."""
        rules = self._ground.rules.current()
        snapshot = await self._ground.store.snapshot(request.run_id)
        if snapshot is None:
            return Refuse(code=Code.RUN_UNKNOWN, detail=f"there is no run `{request.run_id}`")
        judgments, grant = self._judged(rules, agent_id, request, snapshot)
        opinions = await self._points.opinions(rules, self._question(rules, agent_id, request, snapshot))
        judgments += [*opinions, *unasked(rules, opinions)]
        denied = next((j for j in judgments if j.verdict is not Verdict.ALLOW), None)
        if denied is not None or grant is None:
            return await self._denied(agent_id, request, snapshot, denied)
        claims = self._claims(rules, agent_id, request, snapshot, grant)
        try:
            token = issue(claims, self._signer)
        except ValueError as unsayable:
            # What was asked for does not fit into a token: a `cnf` that is no thumbprint, a scope without end.
            return await self._denied(agent_id, request, snapshot, _no(Code.UNREADABLE, str(unsayable)))
        await self._ground.record.append(
            self._event(
                EventName.TOKEN_ISSUED,
                snapshot,
                {
                    "jti": claims.jti,
                    "tool": grant.tool,
                    "scope": grant.scope,
                    "expires_at": claims.exp,
                    "constraints": _shown(grant.constraints),
                    "uses": claims.uses,
                    "risk_score": claims.risk_score,
                    "kid": claims.kid,
                },
            ),
            durable=True,
        )
        return IssuedToken(token=token, claims=claims)

    async def revoke(self, kind: RevocationKind, name: str, *, by: str, why: str) -> Refuse | None:
        """Take back one token, or every token of a run, an agent or a key. In force for every request from now on.

        Refused where `name` can be none: whoever mistypes it would believe that it is done.
        """
        if (no := await self._names_nothing(kind, name)) is not None:
            return no
        await self._ground.store.revoke(kind, name, now_ms=self._ground.clock.now_ms(), why=why)
        await self._ground.record.append(
            Event(
                event=EventName.TOKEN_REVOKED,
                control=SERVES,
                policy_version=self._ground.rules.current().policy_version,
                fields={_REVOKED_BY[kind]: name, "by": by, "why": why},
            ),
            durable=True,
        )
        return None

    async def _names_nothing(self, kind: RevocationKind, name: str) -> Refuse | None:
        if kind is RevocationKind.RUN and await self._ground.store.find_run(RunId(name)) is None:
            return Refuse(code=Code.RUN_UNKNOWN, detail=f"there is no run `{name}`; GET /v1/runs lists them")
        if kind is RevocationKind.AGENT and name not in self._ground.rules.current().agents:
            return Refuse(code=Code.POLICY_DENIED, detail=f"the rules name no agent `{name}`")
        # INVARIANT: a token is in no record, so not even one that stands where its name should is written down.
        if kind is RevocationKind.TOKEN and (problem := no_id(name)):
            return Refuse(code=Code.UNREADABLE, detail=problem)
        return None

    def _judged(
        self, rules: RuleSet, agent_id: AgentId, request: TokenRequest, snapshot: Snapshot
    ) -> tuple[list[Judgment], Grant | None]:
        judgments = [_own_run(agent_id, snapshot), phase_judgment(snapshot.tree, request.run_id)]
        if snapshot.revoked:
            judgments.append(_no(Code.TOKEN_REVOKED, "tokens of this run or agent are revoked"))
        problem = _unreadable(request)
        if problem:
            return [*judgments, _no(Code.UNREADABLE, problem)], None
        policy, grant = evaluate(
            rules,
            agent_id,
            tool=request.tool,
            scope=request.scope,
            constraints=request.constraints.narrowed(Constraints(uses=request.uses)),
        )
        judgments.append(policy)
        lines = lines_for(limits_of(rules, snapshot.tree, request.run_id), snapshot.tree)
        if snapshot.tree.risk_micros > lines.halt_micros:
            judgments.append(_no(Code.RISK_HALTED, "the run's cumulative risk is over its halt threshold"))
        return judgments, grant

    def _question(self, rules: RuleSet, agent_id: AgentId, request: TokenRequest, snapshot: Snapshot) -> AccessRequest:
        agent, tool = rules.agents.get(agent_id), tool_named(rules, request.tool)
        return AccessRequest(
            phase=Phase.ISSUE,
            agent_id=agent_id,
            role=agent.role if agent else "",
            run_id=request.run_id,
            root_run_id=snapshot.run.root_run_id,
            tool=request.tool,
            effect=tool.effect if tool else ToolEffect.WRITE,
            scope=request.scope,
            now_s=self._ground.clock.now_ms() // 1000,
            risk_micros=snapshot.tree.risk_micros,
            base_risk=tool.base_risk if tool else Decimal(1),
            trust=tool.trust if tool else Decimal(1),
        )

    def _claims(
        self, rules: RuleSet, agent_id: AgentId, request: TokenRequest, snapshot: Snapshot, grant: Grant
    ) -> Claims:
        now_s = self._ground.clock.now_ms() // 1000
        limits = (request.ttl_s or DEFAULT_TTL_S, grant.constraints.max_ttl_s or MAX_TTL_S, MAX_TTL_S)
        return Claims(
            iss=self._issuer,
            aud=self._audience,
            jti=TokenId(self._ground.ids.new("cap_")),
            iat=now_s,
            nbf=now_s,
            exp=now_s + min(limits),
            agent_id=agent_id,
            run_id=request.run_id,
            grant=grant,
            risk_score=from_micros(snapshot.tree.risk_micros),
            policy_version=rules.policy_version,
            kid=self._signer.key_id,
            uses=grant.constraints.uses,
            cnf=request.cnf,
        )

    async def _denied(
        self, agent_id: AgentId, request: TokenRequest, snapshot: Snapshot, denied: Judgment | None
    ) -> Refuse:
        reason = (
            denied.reasons[0]
            if denied and denied.reasons
            else Reason(code=Code.POLICY_DENIED, detail="no grant covers the request")
        )
        await self._ground.record.append(
            self._event(
                EventName.TOKEN_DENIED,
                snapshot,
                {
                    "tool": request.tool,
                    "scope": None if reason.code is Code.UNREADABLE else request.scope,
                    "code": reason.code,
                    "detail": reason.detail,
                    "rule": reason.rule,
                    "asked_by": agent_id,
                },
            )
        )
        return Refuse(
            code=reason.code,
            detail=reason.detail,
            rule=reason.rule,
            run_id=request.run_id,
            reasons=denied.reasons if denied else (),
        )

    def _event(self, name: EventName, snapshot: Snapshot, fields: dict[str, Any]) -> Event:
        run = snapshot.run
        return Event(
            event=name,
            run_id=run.run_id,
            root_run_id=run.root_run_id,
            agent_id=run.agent_id,
            policy_version=self._ground.rules.current().policy_version,
            control=SERVES,
            fields={key: value for key, value in fields.items() if value is not None},
        )


def _own_run(agent_id: AgentId, snapshot: Snapshot) -> Judgment:
    if snapshot.run.agent_id == agent_id:
        return Judgment(control="run", verdict=Verdict.ALLOW, serves=SERVES)
    return _no(Code.RUN_UNKNOWN, f"the run is not one of `{agent_id}`")


def _no(code: Code, detail: str) -> Judgment:
    return Judgment(control="token", verdict=Verdict.DENY, reasons=(Reason(code=code, detail=detail),), serves=SERVES)


def _unreadable(request: TokenRequest) -> str:
    if request.ttl_s is not None and request.ttl_s <= 0:
        return "`ttl` must be longer than nothing"
    if request.uses is not None and request.uses <= 0:
        return "`uses` must be at least 1"
    if not is_concrete(request.tool):
        return f"`{request.tool}` is not the name of one tool"
    try:
        segments(request.scope)
    except ValueError as error:
        return str(error)
    return "the scope holds a secret" if names_a_secret(request.scope) else ""


def _shown(constraints: Constraints) -> dict[str, Any]:
    cost = constraints.max_cost_micros
    shown = {
        "max_rows": constraints.max_rows,
        "max_cost": None if cost is None else from_micros(cost),
        "uses": constraints.uses,
    }
    return {key: value for key, value in shown.items() if value is not None}
