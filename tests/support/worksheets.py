"""Rules of an agent with more of everything than the shared ones, and the facts of its threat model."""

from __future__ import annotations

from aisecops.ops.threat_model.worksheet import worksheet
from support.gateway import RULES, rules_of

FULL = (
    RULES.replace("effect: write\n    base_risk: 0.5", "effect: write\n    arguments: {row: {at: row, role: steering}}\n    base_risk: 0.5")
    + """
egress:
  detectors:
    - {entity: SECRET, to: any, action: block}
    - {entity: PHONE_NUMBER, to: internal, action: hold}
  labels: {confidential: {to: [internal, model]}}
  volume:
    - {to: external, tool: mail.send, max: 1MiB, action: hold}
"""
)  # fmt: skip


def facts(text: str = RULES, agent: str = "clerk") -> dict[str, tuple[str, ...]]:
    """Every fact of `agent` by its heading."""
    rules = rules_of(text)
    declared = next(one for one in rules.agents.values() if one.agent_id == agent)
    return {one.heading: one.facts for one in worksheet(rules, declared, ()).rules}
