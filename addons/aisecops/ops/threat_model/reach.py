"""What one agent reaches under the rules: the tools of its grants, and where every step of it would go."""

from __future__ import annotations

from collections.abc import Iterator

from aisecops.controls.policy.authority import Authority, authorities
from aisecops.controls.policy.match import tool_named
from aisecops.controls.risk.escalation import StepSeen
from aisecops.gateway.step.judge import NEUTRAL_TRUST, destination_words
from aisecops.model.action import ActionRequest, Kind, ToolEffect
from aisecops.model.rules import AgentRule, HttpMatch, Match, McpMatch, ModelToolMatch, RuleSet, ToolRule
from aisecops.model.value import Value


class Granted(Value):
    """A tool that the agent may be given a token for. `name` is narrower than the rule's where the grant is."""

    name: str
    authority: Authority
    tool: ToolRule

    @property
    def is_local(self) -> bool:
        """True for a tool that the agent runs itself: nothing of it passes the gateway but the proposal."""
        return all(isinstance(match, ModelToolMatch) for match in self.tool.match)

    @property
    def writes(self) -> bool:
        """True for what changes the world."""
        return self.tool.effect.changes_state

    @property
    def to(self) -> frozenset[str]:
        """The words by which egress rules speak of where it goes."""
        kind = Kind.LOCAL if self.is_local else Kind.TOOL
        return words_to(kind, self.name, self.tool)

    @property
    def seen(self) -> StepSeen:
        """What sequences see of a step with it."""
        return StepSeen(
            tool=self.name,
            effect=self.tool.effect,
            label=self.tool.returns.label,
            kind=Kind.TOOL,
            tier=self.tool.returns.tier,
        )


def granted(rules: RuleSet, agent: AgentRule) -> tuple[Granted, ...]:
    """Every granted tool with each of its scopes, as the rules have them."""
    return tuple(_granted(rules, agent))


def places(match: Match) -> str:
    """Where a tool, model or source is, in one word or two."""
    match match:
        case HttpMatch():
            methods = ",".join(match.methods) or "any method"
            return f"{methods} {match.host}{_port(match.port)}{match.path}"
        case McpMatch():
            return f"MCP {match.host}{_port(match.port)} {match.tool}"
        case ModelToolMatch():
            return f"on the agent's own machine as {', '.join(match.names)}"


def words_to(kind: Kind, name: str, tool: ToolRule | None = None) -> frozenset[str]:
    """The destination of a step of `kind`, as the gateway itself would say it."""
    step = ActionRequest(
        kind=kind,
        tool=name,
        effect=tool.effect if tool else ToolEffect.READ,
        scope="",
        method="",
        host="",
        port=0,
        path_hash="",
        digest="",
        trust=tool.trust if tool else NEUTRAL_TRUST,
    )
    return destination_words(step)


def word_to(to: frozenset[str]) -> str:
    """The words of a destination for people: `external`, `model`, `internal, memory`."""
    words = to - {"any", "external"} if "model" in to else to - {"any"}
    return ", ".join(sorted(words))


def _granted(rules: RuleSet, agent: AgentRule) -> Iterator[Granted]:
    for one in authorities(rules):
        tool = tool_named(rules, one.tool) if one.agent_id == agent.agent_id else None
        if tool is not None:
            yield Granted(name=one.tool, authority=one, tool=tool)


def _port(port: int | None) -> str:
    return f":{port}" if port else ""
