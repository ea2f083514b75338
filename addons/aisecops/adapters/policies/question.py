"""The question to a decision point as JSON: spec 24's `token` and `risk_score`, and AuthZEN's four words.

`principal` is said twice, as `subject` too, so that policies written for AuthZEN read it under their own name.
"""

from __future__ import annotations

from typing import Any

from aisecops.model.access import AccessRequest
from aisecops.model.grant import Claims
from aisecops.model.risk import from_micros


def authzen(asked: AccessRequest) -> dict[str, Any]:
    """The `input` of one question; money and risk in units."""
    principal = {
        "type": "agent",
        "id": asked.agent_id,
        "properties": {"role": asked.role, "run_id": asked.run_id, "root_run_id": asked.root_run_id},
    }
    return {
        "principal": principal,
        "subject": principal,
        "action": {"name": asked.tool, "properties": {"effect": asked.effect.value}},
        "resource": {
            "type": "scope",
            "id": asked.scope,
            "properties": {"method": asked.method, "host": asked.host, "port": asked.port},
        },
        "context": {
            "phase": asked.phase.value,
            "now": asked.now_s,
            "base_risk": float(asked.base_risk),
            "trust": float(asked.trust),
            "cost": from_micros(asked.cost_micros),
            "rows": asked.rows,
            "read_untrusted": asked.read_untrusted,
            "found": sorted(asked.found),
        },
        "token": None if asked.token is None else _token(asked.token),
        "risk_score": from_micros(asked.risk_micros),
    }


def _token(claims: Claims) -> dict[str, Any]:
    """What the token says, by the specification's names; never the token itself."""
    held = claims.grant.constraints
    return {
        "agent_id": claims.agent_id,
        "run_id": claims.run_id,
        "tool": claims.grant.tool,
        "scope": claims.grant.scope,
        "expiry": claims.exp,
        "constraints": {
            "max_rows": held.max_rows,
            "max_cost": None if held.max_cost_micros is None else from_micros(held.max_cost_micros),
            "uses": claims.uses,
        },
        "risk_score": claims.risk_score,
        "policy_version": claims.policy_version,
        "jti": claims.jti,
    }
