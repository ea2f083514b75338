"""What a person is shown of a held step: the exact request, its risk, why it was held, and where its values came from.

Of what leaves, that which is found is shown by its kind alone; everything else as it will leave, up to a bound.
Nothing of it goes into the record.
"""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from typing import Any

from aisecops.controls.dlp.redact import mask
from aisecops.gateway.step.judge import Judged
from aisecops.model.decision import Decision, Reason
from aisecops.model.entities import GROUPS, PLANTED
from aisecops.model.envelope import ArgumentSource, Descent, TracedArgument
from aisecops.model.errors import Fault
from aisecops.model.exchange import HttpRequest
from aisecops.model.facts import Facts
from aisecops.model.finding import Finding, FindingAction, JudgedFinding
from aisecops.model.provenance import TrustTier
from aisecops.model.risk import Thresholds, from_micros
from aisecops.model.value import Value

MAX_SHOWN = 8 * 1024
"""Characters of a body that a person is shown; approvals are read often, and all of them at once."""
MAX_READ = 256 * 1024
"""Bytes of a body that is looked into for a person; of a larger one they are told the size."""
MAX_ORIGINS = 20
CONTENT = ("path", "body")
"""What is kept no longer than the question is open."""
SECRET_KINDS = GROUPS["SECRET"] | frozenset(PLANTED)
"""Never shown, whatever the rules let pass."""
_UNTRUSTED = frozenset({TrustTier.EXTERNAL, TrustTier.HOSTILE})


class Content(Value):
    """The words of a request as a person may see them. `found` says what was cut out of them, or kept them back."""

    path: str = ""
    body: str | None = None
    size_bytes: int = 0
    found: tuple[str, ...] = ()


def content_of(request: HttpRequest, body: bytes, judged: Judged) -> Content:
    """What of `request` can be shown; `body` is its body, decoded."""
    hidden = [one for one in judged.findings if _is_hidden(one)]
    found = tuple(dict.fromkeys(f"{one.finding.entity} in {one.finding.where}" for one in hidden))
    in_body = [one.finding for one in hidden if one.finding.where.startswith("body:")]
    path = request.path if len(in_body) == len(hidden) else request.path.partition("?")[0]
    if any(one.finding.where.startswith(("path", "joined:path")) for one in hidden):
        path = ""
    text: str | None = None
    if len(body) <= MAX_READ:
        with contextlib.suppress(Fault, UnicodeDecodeError):  # what cannot be cut out, or is no text, is not shown
            text = mask(body, in_body).decode("utf-8")
    return Content(path=path, body=text, size_bytes=len(body), found=found)


def content_of_call(arguments: str, findings: Sequence[Finding]) -> Content:
    """What of a proposed call's arguments can be shown; `findings` are the secrets in them, by their place there."""
    shown = arguments
    for found in sorted(findings, key=lambda one: one.span.start, reverse=True):
        shown = f"{shown[: found.span.start]}<{found.entity}>{shown[found.span.end :]}"
    kinds = tuple(dict.fromkeys(f"{found.entity} in the arguments" for found in findings))
    return Content(body=shown, size_bytes=len(arguments.encode("utf-8", "surrogatepass")), found=kinds)


def shown_request(facts: Facts, content: Content) -> dict[str, Any]:
    """The request by what the rules make of it, and its words."""
    request = facts.request
    shown: dict[str, Any] = {
        "kind": request.kind,
        "tool": request.tool,
        "effect": request.effect,
        "scope": request.scope,
        "method": request.method,
        "host": request.host,
        "digest": request.digest,
        "rule": request.rule,
        "found": list(content.found),
        "size_bytes": content.size_bytes,
    }
    if content.path:
        shown["path"] = content.path
    if content.body is not None:
        shown["body"] = content.body[:MAX_SHOWN]
        shown["cut"] = len(content.body) > MAX_SHOWN
    return shown


def shown_risk(facts: Facts, decision: Decision, thresholds: Thresholds) -> dict[str, Any]:
    """The terms of the step's risk, and the sums and lines that it stands between."""
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


def shown_reason(reason: Reason) -> dict[str, Any]:
    """Why it was held."""
    return {"code": reason.code, "detail": reason.detail, "rule": reason.rule}


def shown_origins(descent: Descent | None) -> list[dict[str, Any]]:
    """The path of untrusted values: whose content each is from, and the model's call that it went through."""
    if descent is None:
        return []
    arguments = [one for one in descent.arguments if one.source is ArgumentSource.UNTRUSTED]
    told = [_origin(f"argument `{one.name}`", one) for one in arguments]
    told += [
        _said(
            f"argument `{one.name}` is a trusted field's alone, and", one.origin, one.origin_id, how="is named too by"
        )
        for one in descent.arguments
        if one.echoes
    ]
    if descent.destination is not None and descent.destination.source is ArgumentSource.UNTRUSTED:
        told.append(_origin("the destination", descent.destination))
    if descent.remembered is not None:
        remembered = descent.remembered
        told.append(_said(f"the host `{remembered.host}`", remembered.origin, remembered.origin_id))
    told += [
        _said(segment.position, stretch.source, stretch.origin_id, tier=stretch.tier.value)
        for segment in descent.segments
        for stretch in segment.stretches
        if stretch.tier in _UNTRUSTED
    ]
    if (link := descent.proposal) is not None:
        told.append(
            {
                "code": "proposal",
                "detail": f"a model proposed it as `{link.name}` in answer to {link.decision_id}"
                if link.found
                else "no model proposed it",
                "decision_id": link.decision_id,
                "differs": list(link.differs),
            }
        )
    return told[:MAX_ORIGINS]


def _origin(what: str, traced: TracedArgument) -> dict[str, Any]:
    return _said(what, traced.origin, traced.origin_id)


def _said(what: str, source: str, origin_id: str, *, how: str = "comes from", **more: str) -> dict[str, Any]:
    name = f" ({origin_id})" if origin_id else ""
    detail = f"{what} {how} {source or 'a place that nobody saw'}{name}"
    return {"code": "provenance", "detail": detail, "source": source, "origin_id": origin_id, **more}


def _is_hidden(judged: JudgedFinding) -> bool:
    return judged.action is not FindingAction.COUNT or judged.finding.entity in SECRET_KINDS
