"""From a decision to the refusal that the caller gets (contract 4)."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from aisecops.controls.policy.match import find_model
from aisecops.controls.policy.target import normal_path
from aisecops.gateway.step.describe import shown_finding
from aisecops.gateway.step.judge import Judged
from aisecops.gateway.step.permits import Permit
from aisecops.model.decision import Reason, Verdict
from aisecops.model.errors import Fault, StoreError, WireError
from aisecops.model.exchange import HttpRequest
from aisecops.model.facts import Facts
from aisecops.model.finding import FindingAction
from aisecops.model.ids import ApprovalId, DecisionId, RunId
from aisecops.model.outcome import Refuse
from aisecops.model.refusals import REFUSALS, Code
from aisecops.model.risk import Thresholds, from_micros
from aisecops.model.rules import RuleSet
from aisecops.model.state import Approval

NEEDS_NEW_TOKEN = frozenset(code for code in Code if code.is_token_fault) | {Code.SCOPE_VIOLATION}


def risk_header(total_micros: int, lines: Thresholds) -> str:
    """The `AISecOps-Risk` value: `total=1.06; approve=1.5; halt=2`."""
    total, approve, halt = _shown(total_micros), _shown(lines.approve_micros), _shown(lines.halt_micros)
    return f"total={total}; approve={approve}; halt={halt}"


@lru_cache(maxsize=1024)
def _shown(micros: int) -> str:
    return f"{from_micros(micros):.6f}".rstrip("0").rstrip(".")


def fault_refusal(fault: Fault, run_id: RunId | None = None) -> Refuse:
    """For a part of ours that is down. What a store says of itself, and where it is, is nothing for an agent."""
    if not isinstance(fault, StoreError):
        return Refuse(code=fault.code, detail=str(fault), run_id=run_id)
    told = REFUSALS[fault.code]
    return Refuse(code=fault.code, detail=f"{told.title}; {told.mend}", inside=str(fault), run_id=run_id)


def refusal(facts: Facts, judged: Judged, lines: Thresholds, *, approval_id: ApprovalId | None = None) -> Refuse:
    """What was refused, by which rule, and what to do about it."""
    decision = judged.decision
    code = decision.code or Code.POLICY_DENIED
    first = next((reason for reason in decision.reasons if reason.code is code), None)
    if decision.enforced is Verdict.HOLD:  # the reasons say why somebody is asked
        first = next(iter(decision.reasons), None)
    said = first.detail if first else REFUSALS[code].title
    shown = tuple(shown_finding(found) for found in judged.findings if found.action is not FindingAction.COUNT)
    retry = decision.retry_after_ms
    return Refuse(
        code=code,
        detail=said if "; " in said else f"{said}; {REFUSALS[code].mend}",
        rule=first.rule if first else "",
        reasons=decision.reasons,
        decision_id=decision.decision_id,
        run_id=facts.principal.run_id,
        approval_id=approval_id,
        retry_after_s=None if retry is None else -(-retry // 1000),
        findings=shown if code in {Code.EGRESS_BLOCKED, Code.HUMAN_APPROVAL_REQUIRED} else (),
        request_token=_token_request(facts) if code in NEEDS_NEW_TOKEN else None,
        risk_header=risk_header(facts.tree.risk_micros, lines),
    )


def told_headers(facts: Facts, judged: Judged, lines: Thresholds) -> tuple[tuple[str, str], ...]:
    """What every forwarded answer carries of the decision that let it through."""
    return (
        ("AISecOps-Decision", judged.decision.decision_id),
        ("AISecOps-Run", facts.principal.run_id),
        ("AISecOps-Risk", risk_header(judged.decision.total_micros, lines)),
    )


def withheld(permit: Permit, reason: Reason) -> Refuse:
    """What the caller gets in place of an answer that it may not see."""
    return Refuse(
        code=reason.code,
        detail=f"{reason.detail}; {REFUSALS[reason.code].mend}",
        rule=reason.rule,
        reasons=(reason,),
        decision_id=permit.decision_id,
        run_id=permit.facts.principal.run_id,
        dialect=permit.step.call.dialect if permit.step.call else "",
    )


def rules_changed(approval: Approval, decision_id: DecisionId) -> Refuse:
    """What the caller gets when other rules came into force while a person was asked: nothing is judged by old ones."""
    return Refuse(
        code=Code.HUMAN_APPROVAL_REQUIRED,
        run_id=approval.run_id,
        decision_id=decision_id,
        approval_id=approval.approval_id,
        detail="the rules changed while a person was asked; repeat the same request with AISecOps-Approval",
    )


def _token_request(facts: Facts) -> dict[str, Any]:
    return {"run_id": facts.principal.run_id, "tool": facts.request.tool, "scope": facts.request.scope}


def dialect_at(rules: RuleSet, request: HttpRequest) -> str:
    """What the model that `request` is for speaks, by the rules; empty when it is for none."""
    try:
        segments, _ = normal_path(request.path)
    except WireError:
        return ""
    model = find_model(rules, method=request.method, host=request.host, port=request.port, path_segments=segments)
    return model.dialect if model else ""
