"""The worksheet of spec 23 for one agent: a part that the rules alone make, and one from the record.

The digest is that of the rules part: a signature speaks for that, and what runs have done since changes nothing of it.
"""

from __future__ import annotations

import hashlib

from aisecops.model.rules import AgentRule, RuleSet
from aisecops.model.value import Value
from aisecops.ops.threat_model.mitigation import mitigation
from aisecops.ops.threat_model.overview import overview
from aisecops.ops.threat_model.part import Part
from aisecops.ops.threat_model.residual import residual
from aisecops.ops.threat_model.threats import threats


class Worksheet(Value):
    """One agent's worksheet, made under the rules `policy_version`."""

    agent_id: str
    policy_version: str
    rules: tuple[Part, ...]
    recorded: tuple[Part, ...]

    @property
    def digest(self) -> str:
        """SHA-256 of the rules part as it is written."""
        return digest_of(as_text(self.rules))


def worksheet(rules: RuleSet, agent: AgentRule, recorded: tuple[Part, ...]) -> Worksheet:
    """The worksheet; the same rules and record give the same one."""
    parts = (*overview(rules, agent), *threats(rules, agent), *mitigation(rules, agent), *residual(rules, agent))
    return Worksheet(agent_id=agent.agent_id, policy_version=rules.policy_version, rules=parts, recorded=recorded)


def digest_of(text: str) -> str:
    """How a rules part is named."""
    return f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"


def as_text(parts: tuple[Part, ...]) -> str:
    """Markdown: a heading of its own for each section and heading, below it one fact a line."""
    lines: list[str] = []
    section = ""
    for one in parts:
        if one.section != section:
            section = one.section
            lines += [f"## {section}", ""]
        lines += [f"### {one.heading}", "", *(f"- {fact}" for fact in one.facts), ""]
    return "\n".join(lines)
