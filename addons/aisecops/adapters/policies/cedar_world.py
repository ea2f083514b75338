"""The world that Cedar policies speak of, made from the rules: agents, tools, scopes, and what is known of a step.

    principal   Agent::"support-bot", in Role::"customer-support"
    action      Action::"crm.read", in Action::"read" (its effect) and in the tool family that declares it
    resource    Scope::"crm.customers.42", in Scope::"crm.customers", in Scope::"crm"
    context     how things stand: `context.risk_score.lessThan(decimal("0.75"))`

`docs/policy-engines.md` describes it to those who write policies.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from decimal import ROUND_CEILING, Decimal
from typing import Any

from aisecops.controls.policy.match import FAMILY
from aisecops.model.access import AccessRequest
from aisecops.model.action import ToolEffect
from aisecops.model.risk import MICROS
from aisecops.model.rules import RuleSet
from aisecops.model.scope import covers

_PLACES = Decimal("0.0001")  # Cedar's decimals have four; risk and money are rounded up to them

_CONTEXT = """{
  phase: String, risk_score: decimal, base_risk: decimal, trust: decimal, cost: decimal, rows?: Long,
  method: String, host: String, port: Long, run_id: String, root_run_id: String, now: Long,
  read_untrusted: Bool, found: Set<String>,
  token?: {scope: String, expiry: Long, issued: Long, risk_score: decimal, policy_version: String, uses?: Long}
}"""


def schema(rules: RuleSet, mentioned: Iterable[str] = ()) -> str:
    """The Cedar schema of `rules`. `mentioned` are actions that policies name; those of a declared family exist."""
    groups = [effect.value for effect in ToolEffect] + sorted(name for name in rules.tools if name.endswith(FAMILY))
    actions = {name: [rule.effect.value] for name, rule in rules.tools.items() if not name.endswith(FAMILY)}
    for name in sorted(set(mentioned) - set(rules.tools) - set(groups)):
        if family := _family_of(rules, name):
            actions[name] = [rules.tools[family].effect.value, family]
    lines = ["entity Role;", "entity Agent in [Role];", "entity Scope in [Scope];", f"type Step = {_CONTEXT};"]
    lines += [f"action {_quoted(group)};" for group in groups]
    lines += [
        f"action {_quoted(name)} in [{', '.join(f'Action::{_quoted(parent)}' for parent in parents)}]"
        " appliesTo {principal: [Agent], resource: [Scope], context: Step};"
        for name, parents in sorted(actions.items())
    ]
    return "\n".join(lines)


def entities(rules: RuleSet, asked: AccessRequest) -> list[dict[str, Any]]:
    """Everything that the question names, each below what it belongs to."""
    family = _family_of(rules, asked.tool)
    groups = [asked.effect.value, *([family] if family else [])]
    made = [_entity(_uid("Agent", asked.agent_id), [_uid("Role", asked.role)] if asked.role else [])]
    made.append(_entity(_uid("Action", asked.tool), [_uid("Action", group) for group in groups]))
    words = asked.scope.split(".") if asked.scope else []
    whole = [".".join(words[: count + 1]) for count in range(len(words))]
    above: list[dict[str, str]] = []
    for scope in whole or [""]:
        made.append(_entity(_uid("Scope", scope), above))
        above = [_uid("Scope", scope)]
    return made


def question(asked: AccessRequest) -> dict[str, Any]:
    """The question as the engine takes it."""
    return {
        "principal": _uid("Agent", asked.agent_id),
        "action": _uid("Action", asked.tool),
        "resource": _uid("Scope", asked.scope),
        "context": _context(asked),
    }


def _context(asked: AccessRequest) -> dict[str, Any]:
    said: dict[str, Any] = {
        "phase": asked.phase.value,
        "risk_score": _decimal(Decimal(asked.risk_micros) / MICROS),
        "base_risk": _decimal(asked.base_risk),
        "trust": _decimal(asked.trust),
        "cost": _decimal(Decimal(asked.cost_micros) / MICROS),
        "method": asked.method,
        "host": asked.host,
        "port": asked.port,
        "run_id": asked.run_id,
        "root_run_id": asked.root_run_id,
        "now": asked.now_s,
        "read_untrusted": asked.read_untrusted,
        "found": sorted(asked.found),
    }
    if asked.rows is not None:
        said["rows"] = asked.rows
    if (token := asked.token) is not None:
        said["token"] = {
            "scope": token.grant.scope,
            "expiry": token.exp,
            "issued": token.iat,
            "risk_score": _decimal(Decimal(str(token.risk_score))),
            "policy_version": token.policy_version,
        } | ({} if token.uses is None else {"uses": token.uses})
    return said


def _family_of(rules: RuleSet, tool: str) -> str:
    """The declared family that `tool` belongs to; empty for a tool declared by its own name."""
    if tool in rules.tools:
        return ""
    return next((name for name in rules.tools if name.endswith(FAMILY) and covers(name, tool)), "")


def _entity(uid: dict[str, str], parents: list[dict[str, str]]) -> dict[str, Any]:
    return {"uid": uid, "attrs": {}, "parents": parents}


def _uid(kind: str, name: str) -> dict[str, str]:
    return {"type": kind, "id": name}


def _decimal(value: Decimal) -> dict[str, Any]:
    return {"__extn": {"fn": "decimal", "arg": str(value.quantize(_PLACES, rounding=ROUND_CEILING))}}


def _quoted(name: str) -> str:
    return json.dumps(name)
