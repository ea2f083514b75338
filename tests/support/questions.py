"""Questions to decision points, and the grants of `support.gateway` written as Cedar policies."""

from __future__ import annotations

from decimal import Decimal

from aisecops.model.access import AccessRequest, Phase
from aisecops.model.action import ToolEffect
from aisecops.model.ids import AgentId, RunId
from support.tokens import claims

CEDAR = """
permit(principal == Agent::"clerk", action == Action::"crm.read", resource in Scope::"crm.customers");
permit(principal == Agent::"clerk", action == Action::"mail.send", resource in Scope::"mail.contacts");
permit(principal == Agent::"clerk", action == Action::"db.write", resource in Scope::"db.orders");
"""


def question(agent: str, tool: str, scope: str, **more: object) -> AccessRequest:
    stands: dict[str, object] = {
        "phase": Phase.INVOKE,
        "agent_id": AgentId(agent),
        "role": "office",
        "run_id": RunId("run_1"),
        "root_run_id": RunId("run_1"),
        "tool": tool,
        "effect": ToolEffect.READ,
        "scope": scope,
        "now_s": 1_800_000_000,
        "risk_micros": 1_060_000,
        "base_risk": Decimal("0.2"),
        "trust": Decimal("0.5"),
        "method": "GET",
        "host": "crm.internal",
        "port": 443,
        "token": claims(),
    }
    return AccessRequest(**(stands | more))
