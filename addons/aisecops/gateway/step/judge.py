"""The decision: rules and facts in, decision and next state out.

Pure, and the only place where a request is decided, so that a recorded decision can be made again
from its record (spec 4.5). Gathering the facts is `gather.py`; acting on the answer is `admit.py`.

The order in which a request is judged, first no first named:

1. the run: known, active, its tree not halted
2. what the wire said: readable, declared, of the shape that was asked for (spec 4.2, 5.1)
3. the capability token: there, verified, still granted, covering the request (spec 5.2, 18)
4. other decision points: they can only take away
5. where the words came from: instructions to a model, steering arguments (spec 5.1, 3.1)
6. what leaves (spec 5.3, 3.5)
7. budgets of the run and everything above it (spec 11.1)
8. cumulative risk of the tree with this step in it, before it runs (spec 8); with that of the chains on whose words it
   works (spec 22.2)
"""

from __future__ import annotations

from decimal import Decimal
from functools import lru_cache
from typing import NamedTuple

from msgspec.structs import replace

from aisecops.controls.budget import charge as budget
from aisecops.controls.budget import phase
from aisecops.controls.dlp.allowances import Sent
from aisecops.controls.dlp.judge import REPLACED, judge_findings
from aisecops.controls.egress.proportion import judge_proportion
from aisecops.controls.egress.volume import judge_volume
from aisecops.controls.firewall import judge as firewall
from aisecops.controls.policy.evaluate import evaluate, still_granted
from aisecops.controls.policy.match import tool_named
from aisecops.controls.risk import adaptive, chains, escalation, thresholds
from aisecops.controls.risk.score import score, stress
from aisecops.controls.tokens.cover import covers, grant_covers
from aisecops.gateway.step.combine import combine
from aisecops.gateway.step.lines import limits_of, lines_for
from aisecops.model.action import ActionRequest, Kind, ToolEffect
from aisecops.model.budget import Limits, TreeState
from aisecops.model.chain import Join
from aisecops.model.decision import Decision, Judgment, Mode, Reason, Verdict
from aisecops.model.facts import Facts
from aisecops.model.finding import JudgedFinding
from aisecops.model.grant import Constraints
from aisecops.model.ids import DecisionId, RunId
from aisecops.model.refusals import Code
from aisecops.model.risk import StepRisk
from aisecops.model.rules import RuleSet, ToolRule
from aisecops.model.value import Value

NEUTRAL_TRUST = Decimal(1)
INTERNAL_TRUST = Decimal("0.5")
_OF_TOOLS = frozenset({Kind.TOOL, Kind.LOCAL, Kind.PROPOSED})
_ANSWERING = frozenset({Kind.TOOL, Kind.SOURCE})
_OF_THE_WIRE = frozenset({"wire", "outputs"})


class Judged(Value):
    """A decision, the tree's next state (None: unchanged), and what it says of each finding.

    `charge` is what was projected, so that a step that never leaves can be given back; `limits` are what bound it.
    """

    decision: Decision
    tree: TreeState | None
    findings: tuple[JudgedFinding, ...] = ()
    charge: budget.Charge | None = None
    limits: dict[RunId, Limits] = {}


def destination_words(request: ActionRequest) -> frozenset[str]:
    """The words by which egress rules speak of where a request goes. A model provider is outside too."""
    return _destination_words(request.kind, request.trust, request.effect)


@lru_cache(maxsize=256)
def _destination_words(kind: Kind, trust: Decimal, effect: ToolEffect) -> frozenset[str]:
    words = {"any"}
    if kind is Kind.MODEL:
        words |= {"model", "external"}
    elif kind is Kind.TOOL and trust <= INTERNAL_TRUST:
        words.add("internal")
    elif kind is Kind.TOOL and trust <= NEUTRAL_TRUST:
        words.add("neutral")
    else:
        words.add("external")
    if effect in {ToolEffect.MEMORY_READ, ToolEffect.MEMORY_WRITE}:
        words.add("memory")
    return frozenset(words)


def sent_by(facts: Facts, tool: ToolRule | None = None) -> Sent:
    """What egress rules are told of a request besides its findings; `tool` is the rule of its tool."""
    return Sent(
        headers=tool.headers if tool is not None and facts.request.kind is Kind.TOOL else (),
        agent_id=facts.principal.agent_id,
        now_ms=facts.now_ms,
        one_way=facts.request.message and not facts.request.restored,
        descent=facts.descent,
    )


class _Weighed(NamedTuple):
    """What every control says of a request, and what the tree would be with it."""

    judgments: list[Judgment]
    findings: tuple[JudgedFinding, ...]
    charge: budget.Charge
    projection: budget.Projection
    limits: dict[RunId, Limits]
    risk: StepRisk
    planned: bool
    progress: dict[str, int]
    began: dict[str, int]
    sent: dict[str, int]


def judge(rules: RuleSet, facts: Facts, decision_id: DecisionId) -> Judged:
    """Decide one request. Reads nothing but its arguments; the same arguments give the same answer."""
    weighed = _weighed(rules, facts)
    agent = rules.agents.get(facts.principal.agent_id)
    total = facts.tree.risk_micros + weighed.risk.micros
    decision = combine(
        weighed.judgments,
        decision_id=decision_id,
        mode=agent.mode if agent else Mode.ENFORCE,
        policy_version=rules.policy_version,
        approved=facts.approval is not None,
        risk=weighed.risk,
        total_micros=total,
        retry_after_ms=budget.retry_after_ms(weighed.projection.faults),
    )
    return Judged(
        decision=decision,
        tree=_next_tree(decision, before=facts.tree, charged=_charged(rules, facts, weighed), now_ms=facts.now_ms),
        findings=weighed.findings,
        charge=weighed.charge,
        limits=weighed.limits,
    )


def says_no(rules: RuleSet, facts: Facts) -> bool:
    """False when no control says no: then `judge` does not either."""
    return Verdict.DENY in [judgment.verdict for judgment in _weighed(rules, facts).judgments]


def _weighed(rules: RuleSet, facts: Facts) -> _Weighed:
    """The questions, in their order."""
    request, principal, tree = facts.request, facts.principal, facts.tree
    to = destination_words(request)

    # 1 and 2
    judgments: list[Judgment] = [phase.phase_judgment(tree, principal.run_id), _known_agent(rules, facts)]
    judgments += [opinion for opinion in facts.opinions if opinion.control in _OF_THE_WIRE]
    # 3
    if request.kind is Kind.TOOL:
        judgments += _token_judgments(rules, facts)
        judgments += unasked(rules, facts.opinions)
    elif request.kind is Kind.LOCAL:
        judgments += _grant_judgments(rules, facts)
        judgments += unasked(rules, facts.opinions)
    # 4
    judgments += [opinion for opinion in facts.opinions if opinion.control not in _OF_THE_WIRE]
    # 5
    tool = tool_named(rules, request.tool) if request.kind in _OF_TOOLS else None
    judgments += _firewall_judgments(rules, tool, facts, to)
    # 6
    egress, findings = judge_findings(rules.egress, facts.findings, to=to, sent=sent_by(facts, tool))
    volume, sent = judge_volume(
        rules.egress.volume,
        tree.sent,
        tool=request.tool,
        to=to,
        size_bytes=request.size_bytes,
    )
    proportion = judge_proportion(
        rules.egress,
        replace(tree, sent=sent),
        request,
        to=to,
        usual=facts.usual,
        approved=facts.approval is not None,
    )
    judgments += [egress, *_unchanged(facts, findings), volume]
    if rules.egress.proportion:
        judgments.append(proportion.judgment)

    # 7
    limits = limits_of(rules, tree, principal.run_id)
    step = charge_of(request, principal.run_id)
    projection = budget.project(tree, step, limits, now_ms=facts.now_ms)
    judgments.append(budget.judge(projection.faults))

    # 8
    risk, progress, began = _scored(rules, facts, tool, use=projection.use, raised=proportion.escalation)
    total = tree.risk_micros + risk.micros
    planned = (request.tool, request.scope) in tree.held_steps
    lines, approved = lines_for(limits, tree), facts.approval is not None
    adds = risk.micros > 0
    judgments.append(
        thresholds.judge(total, lines, adds=adds, held_by_plan=planned, approved=approved, why=proportion.why)
    )
    judgments.append(chains.judge(facts.joined, total, lines, rules.risk.join, adds=adds, approved=approved))

    return _Weighed(judgments, findings, step, projection, limits, risk, planned, progress, began, proportion.sent)


def _scored(
    rules: RuleSet, facts: Facts, tool: ToolRule | None, *, use: Decimal, raised: Decimal
) -> tuple[StepRisk, dict[str, int], dict[str, int]]:
    """What the step adds to the risk, and how far the tree then is in each sequence, since when.

    `use` is what of its budgets is spent with it; `raised`: by how much more than the sequences say.
    """
    request, tree = facts.request, facts.tree
    kind = Kind.TOOL if request.kind is Kind.LOCAL else request.kind
    sequences = () if kind is Kind.PROPOSED else rules.risk.sequences
    seen = escalation.StepSeen(
        tool=request.tool,
        effect=request.effect,
        label=request.label,
        kind=kind,
        tier=request.returns_tier if kind in _ANSWERING else None,
    )
    so_far = escalation.in_time(tree.progress, tree.began, sequences, now_ms=facts.now_ms)
    progress, factor, _ = escalation.advance(so_far, sequences, seen)
    began = escalation.begun(tree.began, sequences, seen, now_ms=facts.now_ms)
    trusted = firewall.trust_of(tool, facts.descent, request.trust)
    base, trust = adaptive.applied(request.base_risk, trusted, facts.moved, rules.risk.adaptive)
    risk = score(
        base=base,
        escalation=min(factor * raised, escalation.MOST),
        trust=trust,
        stress=stress(use, rules.risk.budget_stress_from),
    )
    return risk, progress, began


def _charged(rules: RuleSet, facts: Facts, weighed: _Weighed) -> TreeState:
    """The tree with the step in it."""
    request, principal, tree = facts.request, facts.principal, facts.tree
    charged = weighed.projection.tree
    if weighed.planned:
        left = tuple(held for held in charged.held_steps if held != (request.tool, request.scope))
        charged = replace(charged, held_steps=left)
    charged = replace(
        charged,
        risk_micros=tree.risk_micros + weighed.risk.micros,
        progress=weighed.progress,
        began=weighed.began,
        sent=weighed.sent,
    )
    if facts.descent is not None and principal.run_id == tree.root_run_id:
        # what a child run is told is its parent's words, and not the user's
        charged = replace(charged, told=max(charged.told, facts.descent.told_bytes))
    if rules.risk.join is not Join.OFF and facts.descent is not None:
        charged = chains.joined_with(
            charged, facts.descent.drawn, now_ms=facts.now_ms, within_ms=rules.risk.join_within_ms
        )
    return charged


def charge_of(request: ActionRequest, run_id: RunId) -> budget.Charge:
    """What a request costs its budgets: only tool requests count as calls, everything governed counts to the rate.

    A message to a tool counts as a request to it does; one to a model counts nothing, as sound comes in a thousand.
    A local tool's call counts when it is proposed; another proposal counts when its request comes.
    """
    is_tool = request.kind in {Kind.TOOL, Kind.LOCAL}
    # what models are told is sent again with every turn; `max_cost` bounds it
    leaves = request.kind in {Kind.TOOL, Kind.SOURCE}
    return budget.Charge(
        run_id=run_id,
        counts_call=is_tool,
        counts_write=is_tool and request.effect.changes_state,
        cost_micros=request.cost_micros,
        counts_rate=is_tool or not (request.message or request.kind is Kind.PROPOSED),
        rows=(request.rows or 0) if is_tool else 0,
        rows_later=request.rows_later,
        recipients=request.recipients,
        egress_bytes=request.size_bytes if leaves else 0,
        uncounted=request.uncounted,
    )


def unasked(rules: RuleSet, opinions: tuple[Judgment, ...]) -> list[Judgment]:
    """DENY for each decision point that the rules name and that has said nothing: silence is no yes."""
    named = {"cedar": bool(rules.policy.cedar), "opa": rules.policy.opa is not None}
    heard = {opinion.control for opinion in opinions}
    return [
        Judgment(
            control=point,
            verdict=Verdict.DENY,
            reasons=(
                Reason(
                    code=Code.POLICY_UNAVAILABLE,
                    detail=f"the rules ask `{point}` too and it has not answered; start it or take it out of `policy`",
                    rule=f"policy.{point}",
                ),
            ),
            serves=("AIS-CAP-01",),
        )
        for point, asked in named.items()
        if asked and point not in heard
    ]


def _next_tree(decision: Decision, *, before: TreeState, charged: TreeState, now_ms: int) -> TreeState | None:
    if decision.enforced is Verdict.ALLOW:
        return charged
    if decision.enforced is Verdict.DENY and decision.code is Code.RISK_HALTED:
        detail = decision.reasons[0].detail if decision.reasons else ""
        return phase.halt(before, now_ms, detail)
    return None


def _known_agent(rules: RuleSet, facts: Facts) -> Judgment:
    agent_id = facts.principal.agent_id
    if agent_id in rules.agents:
        return Judgment(control="identity", verdict=Verdict.ALLOW, serves=("AIS-EXE-01",))
    reason = Reason(code=Code.IDENTITY_REQUIRED, detail=f"the rules in force name no agent `{agent_id}`")
    return Judgment(control="identity", verdict=Verdict.DENY, reasons=(reason,), serves=("AIS-EXE-01",))


def _firewall_judgments(rules: RuleSet, tool: ToolRule | None, facts: Facts, to: frozenset[str]) -> list[Judgment]:
    if facts.descent is None:
        return []
    judged = [
        firewall.judge_envelope(facts.descent),
        firewall.judge_suspected(rules.firewall.block_at, facts.descent),
        firewall.judge_carried(rules.egress.labels, facts.descent, to=to),
        firewall.judge_destination(facts.descent),
    ]
    if tool is not None:
        judged.append(firewall.judge_arguments(tool, facts.descent))
    return judged


def _unchanged(facts: Facts, findings: tuple[JudgedFinding, ...]) -> list[Judgment]:
    """DENY where a signed body would have to be changed before it leaves: nobody here could sign it again."""
    if not facts.request.signed:
        return []
    wraps = any(segment.wrapped for segment in facts.descent.segments) if facts.descent else False
    masks = any(found.action in REPLACED for found in findings)
    reasons = []
    if wraps:
        what = "the prompt holds untrusted text, which reaches a model in an envelope, and the caller signed it"
        mend = "use credentials that do not sign the body (Bedrock: an API key)"
        reasons.append(Reason(code=Code.CONTEXT_REJECTED, detail=f"{what}; {mend}", rule="firewall"))
    if masks:
        what = "the body holds what must be replaced, and the caller signed it; leave it out"
        reasons.append(Reason(code=Code.EGRESS_BLOCKED, detail=what, rule="egress.detectors"))
    verdict = Verdict.DENY if reasons else Verdict.ALLOW
    return [Judgment(control="firewall", verdict=verdict, reasons=tuple(reasons), serves=("AIS-CTX-01", "AIS-EXE-01"))]


def _grant_judgments(rules: RuleSet, facts: Facts) -> list[Judgment]:
    """A local tool's call carries no token: the grants in force say themselves what it may do."""
    request = facts.request
    judgment, grant = evaluate(
        rules, facts.principal.agent_id, tool=request.tool, scope=request.scope, constraints=Constraints()
    )
    return [judgment] if grant is None else [judgment, grant_covers(grant, request)]


def _token_judgments(rules: RuleSet, facts: Facts) -> list[Judgment]:
    """Spec 18: the gateway rejects what is expired, out of scope, badly signed; each with its own code."""
    serves = ("AIS-CAP-01", "AIS-CAP-02", "AIS-EXE-01")
    token = facts.token
    if token is None:
        reason = Reason(
            code=Code.TOKEN_MISSING,
            detail=f"`{facts.request.tool}` needs a capability token; ask for one with POST /v1/tokens",
            rule=facts.request.rule,
        )
        return [Judgment(control="token", verdict=Verdict.DENY, reasons=(reason,), serves=serves)]
    if token.claims is None:
        reason = Reason(code=token.fault or Code.TOKEN_MALFORMED, detail=token.detail or "the token was not verified")
        return [Judgment(control="token", verdict=Verdict.DENY, reasons=(reason,), serves=serves)]
    return [
        Judgment(control="token", verdict=Verdict.ALLOW, serves=serves),
        still_granted(rules, token.claims),
        covers(token.claims, facts.request),
    ]
