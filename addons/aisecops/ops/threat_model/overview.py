"""Spec 23.1: who the agent is, what it may do, and where what it reads comes from."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from aisecops.model.rules import (
    AgentRule,
    CertificateAuthentication,
    McpMatch,
    Returns,
    RuleSet,
    SecretAuthentication,
    SourceAuthentication,
    SourceRule,
)
from aisecops.ops.threat_model.part import Part, part
from aisecops.ops.threat_model.reach import Granted, granted, places

SECTION = "23.1 Agent overview"


def overview(rules: RuleSet, agent: AgentRule) -> tuple[Part, ...]:
    """The four headings of the section."""
    tools = granted(rules, agent)
    goals = (f"role: {agent.role}",) if agent.role else ()
    return (
        part(SECTION, "Agent name", (f"`{agent.agent_id}`", *_known_by(agent)), nothing="-"),
        part(SECTION, "Intended goals", goals, nothing="the rules name no role; say what it is for when you sign"),
        part(SECTION, "Tool access scope", map(_scope, tools), nothing="it may be given no capability token"),
        part(SECTION, "External data sources", _sources(rules, tools), nothing="none is declared"),
    )


def _known_by(agent: AgentRule) -> Iterator[str]:
    for way in agent.authenticate:
        match way:
            case SecretAuthentication():
                yield "known by proxy credentials"
            case CertificateAuthentication():
                yield f"known by a client certificate for `{way.san}`"
            case SourceAuthentication():
                yield f"known by its network alone: {', '.join(way.networks)}"
    if not agent.authenticate:
        yield "nobody can be this agent: the rules say no way to know it"


def _scope(one: Granted) -> str:
    risk, trust = (f"{number.normalize():f}" for number in (one.tool.base_risk, one.tool.trust))
    at = "; ".join(places(match) for match in one.tool.match)
    scope = one.tool.scope or one.name
    kept = f"; owner {one.tool.owner}" if one.tool.owner else ""
    kept += f"; reviewed until {one.tool.review}" if one.tool.review else ""
    return f"may {one.authority}; scope from `{scope}`; base risk {risk}, trust {trust}; {at}{kept}"


def _sources(rules: RuleSet, tools: Sequence[Granted]) -> Iterator[str]:
    for source in rules.sources:
        yield f"source {places(source.match)}: {_worth(source)}"
    for one in tools:
        yield f"answers of `{one.name}`: {_worth(one.tool.returns)}"
        for field in one.tool.returns.trusted_fields:
            yield f"answers of `{one.name}`: `{field}` is trusted"
        for match in one.tool.match:
            if isinstance(match, McpMatch):
                yield f"MCP server {match.host}: descriptions of its tools"
    for model in rules.models.values():
        yield f"model provider `{model.name}` at {places(model.match)}, dialect {model.dialect}"
    names = {one.tool.name for one in tools} | {one.name for one in tools}
    for memory in rules.memory:
        readers = [read.tool for read in memory.read if read.tool in names]
        if memory.tool in names or readers:
            yield f"memory written with `{memory.tool}`, read with {', '.join(readers) or 'any tool at its host'}"
            for writer in memory.writers:
                yield f"memory written with `{memory.tool}`: items of `{writer}` count as its own"
    yield f"content of which nobody declared the origin: tier {rules.firewall.unknown_content}"


def _worth(what: Returns | SourceRule) -> str:
    label = f", label `{what.label}`" if what.label else ""
    return f"tier {what.tier}{label}{', passed on piece by piece' if what.stream else ''}"
