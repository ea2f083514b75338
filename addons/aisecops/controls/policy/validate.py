"""What can be read and is still wrong: rules that contradict each other, or can never take effect.

A rule that silently does nothing is the most dangerous kind, so it is a problem and not a warning.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Iterator

from aisecops.controls.policy.match import FAMILY, READ_METHODS, tool_named
from aisecops.controls.policy.mistakes import nearest, pick
from aisecops.controls.policy.reachable import people_problems
from aisecops.controls.policy.template import pattern_of
from aisecops.model.action import WEBSOCKET
from aisecops.model.certificate import written_name
from aisecops.model.entities import ENTITIES, GROUPS
from aisecops.model.place import Place, Problem
from aisecops.model.rules import (
    AgentRule,
    CertificateAuthentication,
    GrantRule,
    HttpMatch,
    Match,
    McpMatch,
    ModelToolMatch,
    RuleSet,
    SourceAuthentication,
    ToolRule,
)
from aisecops.model.scope import ONE, REST, covers, segments


def validate(rules: RuleSet) -> tuple[Problem, ...]:
    """Every problem of a rule set that was read without one."""
    return (
        *_unknown_callers(rules),
        *_shared_identities(rules),
        *people_problems(rules),
        *_idle_grants(rules),
        *_twin_matches(rules),
        *_families(rules),
        *_writing_sources(rules),
        *_uncounted_channels(rules),
        *_uncounted_streams(rules),
        *_idle_sequences(rules),
        *_misspelt_memory(rules),
        *_unknown_entities(rules),
        *_allowances_of_nobody(rules),
        *_uncounted_tools(rules),
    )


def _problem(place: Place, what: str, mend: str) -> Problem:
    return Problem(place=place, what=what, mend=mend)


# agents


def _unknown_callers(rules: RuleSet) -> Iterator[Problem]:
    for agent in rules.agents.values():
        if not agent.authenticate:
            mend = 'add `authenticate: {secret: "env:NAME"}`'
            yield _problem(agent.place, f"agent `{agent.agent_id}` has no `authenticate`, so nobody can be it", mend)


def _shared_identities(rules: RuleSet) -> Iterator[Problem]:
    names: dict[object, AgentRule] = {}
    networks: list[tuple[ipaddress.IPv4Network | ipaddress.IPv6Network, AgentRule]] = []
    for agent in rules.agents.values():
        for way in agent.authenticate:
            if isinstance(way, CertificateAuthentication):
                other = names.setdefault(written_name(way.san), agent)
                if other is not agent:
                    what = f"the certificate name `{way.san}` is also agent `{other.agent_id}`"
                    yield _problem(agent.place, what, "give each agent a name of its own")
            if isinstance(way, SourceAuthentication):
                for text in way.networks:
                    network = ipaddress.ip_network(text)
                    yield from _network_problems(agent, network, networks)
                    networks.append((network, agent))


def _network_problems(
    agent: AgentRule,
    network: ipaddress.IPv4Network | ipaddress.IPv6Network,
    taken: Iterable[tuple[ipaddress.IPv4Network | ipaddress.IPv6Network, AgentRule]],
) -> Iterator[Problem]:
    if network.prefixlen == 0:
        yield _problem(agent.place, f"the network `{network}` is everyone", "name the networks this agent runs in")
        return
    for other_network, other in taken:
        if other is not agent and other_network.version == network.version and network.overlaps(other_network):
            what = f"the network `{network}` overlaps `{other_network}` of agent `{other.agent_id}`"
            yield _problem(agent.place, what, "an address can be one agent only; narrow one of them")


def _idle_grants(rules: RuleSet) -> Iterator[Problem]:
    for agent in rules.agents.values():
        for rule in agent.grants:
            meant = [tool for tool in rules.tools.values() if _is_for(rule, tool)]
            if not meant:
                what = f"{rule.name} is for the tool `{rule.grant.tool}`, which is not declared"
                yield _problem(rule.place, what, pick(rule.grant.tool, rules.tools))
            elif not any(_overlap(rule.grant.scope, _scopes(tool)) for tool in meant):
                what = f"{rule.name} has the scope `{rule.grant.scope}`, which `{meant[0].name}` never has"
                yield _problem(rule.place, what, f"its scopes look like `{_scopes(meant[0])}`")


def _is_for(rule: GrantRule, tool: ToolRule) -> bool:
    return covers(rule.grant.tool, tool.name) or (tool.name.endswith(FAMILY) and covers(tool.name, rule.grant.tool))


def _scopes(tool: ToolRule) -> str:
    """The pattern of all scopes a tool can have."""
    return pattern_of(tool.scope) if tool.scope else tool.name


def _overlap(one: str, other: str) -> bool:
    """True when some concrete scope is in both patterns."""
    ours, theirs = segments(one), segments(other)
    for mine, yours in zip(ours, theirs, strict=False):
        if REST in (mine, yours):
            return True
        if ONE not in (mine, yours) and mine != yours:
            return False
    return len(ours) == len(theirs)


# tools, models, sources


def _twin_matches(rules: RuleSet) -> Iterator[Problem]:
    """Two rules that are equally specific about the same request: then neither can win."""
    tools = [(tool.name, tool.place, match) for tool in rules.tools.values() for match in tool.match]
    models = [(model.name, model.place, model.match) for model in rules.models.values()]
    sources = [(rule.match.host, rule.place, rule.match) for rule in rules.sources]
    for kind, named in (("tool", tools), ("model", models), ("source", sources)):
        for index, (name, place, match) in enumerate(named):
            for other, other_place, other_match in named[:index]:
                if place != other_place and _are_twins(match, other_match):
                    what = f"{kind} `{name}` matches the very same as `{other}` in {other_place}"
                    yield _problem(place, what, "make one more specific by host, port, path or method")


def _are_twins(one: Match, other: Match) -> bool:
    match one, other:
        case HttpMatch(), HttpMatch():
            same_place = (one.host, one.port, one.path) == (other.host, other.port, other.path)
            both_any = not one.methods and not other.methods
            return same_place and (both_any or bool(set(one.methods) & set(other.methods)))
        case McpMatch(), McpMatch():
            return one == other
        case ModelToolMatch(), ModelToolMatch():
            return bool(set(one.names) & set(other.names))
        case _:
            return False


def _families(rules: RuleSet) -> Iterator[Problem]:
    for tool in rules.tools.values():
        if tool.name.endswith(FAMILY) and not all(isinstance(match, McpMatch) for match in tool.match):
            what = f"`{tool.name}` is a family, and only tools of an MCP server come in families"
            yield _problem(tool.place, what, "give it one name, or match `{mcp: {host: …}}`")


def _uncounted_channels(rules: RuleSet) -> Iterator[Problem]:
    for tool in rules.tools.values():
        channel = any(isinstance(match, HttpMatch) and WEBSOCKET in match.methods for match in tool.match)
        if channel and any(found is not None and found.side == "response" for found in (tool.rows, tool.cost)):
            what = f"`{tool.name}` is a WebSocket, whose answers cannot be counted"
            yield _problem(tool.place, what, "leave out the `response` of `rows` and `cost`, or match another method")
        if channel and tool.recipients is not None:
            what = f"`{tool.name}` is a WebSocket, in whose messages no recipients are counted"
            yield _problem(tool.place, what, "leave out `recipients`, or match another method")


def _uncounted_streams(rules: RuleSet) -> Iterator[Problem]:
    """An answer that is passed on before it is whole can be held against nothing that needs the whole of it."""
    for tool in rules.tools.values():
        if not tool.returns.stream:
            continue
        measured = [name for name, one in (("rows", tool.rows), ("cost", tool.cost)) if one and one.side == "response"]
        if measured:
            what = f"`{tool.name}` streams its answer, so its `{measured[0]}` cannot be counted there"
            yield _problem(tool.place, what, f"leave out `returns.stream`, or the `response` of `{measured[0]}`")
        if tool.returns.trusted_fields:
            what = f"`{tool.name}` streams its answer, so no `trusted_fields` can be found in it"
            yield _problem(tool.place, what, "leave out one of the two")
        if not all(isinstance(match, HttpMatch) and WEBSOCKET not in match.methods for match in tool.match):
            what = f"`{tool.name}` streams its answer, and not each of its matches is a plain HTTP request"
            yield _problem(tool.place, what, "leave out `returns.stream`, or make it a tool of its own")
        for agent in rules.agents.values():
            for rule in agent.grants:
                if rule.grant.constraints.max_rows is not None and covers(rule.grant.tool, tool.name):
                    what = f"{rule.name} allows `{tool.name}` rows, which cannot be counted in an answer it streams"
                    yield _problem(rule.place, what, "leave out `max_rows` here, or `returns.stream` there")


def _writing_sources(rules: RuleSet) -> Iterator[Problem]:
    for source in rules.sources:
        if extra := sorted(set(source.match.methods) - set(READ_METHODS)):
            what = f"a source is only read, so it cannot have the method `{extra[0]}`"
            yield _problem(source.place, what, "leave `method` out, or declare a tool")


# risk and memory


def _idle_sequences(rules: RuleSet) -> Iterator[Problem]:
    labels = {tool.returns.label for tool in rules.tools.values()} | {source.label for source in rules.sources}
    names: set[str] = set()
    for sequence in rules.risk.sequences:
        if sequence.name in names:
            yield _problem(sequence.place, f"a second sequence is called `{sequence.name}`", "give it its own name")
        names.add(sequence.name)
        for step in sequence.when:
            if step.tool and not any(_names(step.tool, tool) for tool in rules.tools):
                what = f"sequence `{sequence.name}` waits for the tool `{step.tool}`, which is not declared"
                yield _problem(sequence.place, what, pick(step.tool, rules.tools))
            if step.label and step.label not in labels:
                what = f"sequence `{sequence.name}` waits for the label `{step.label}`, which nothing returns"
                yield _problem(sequence.place, what, pick(step.label, sorted(labels - {""})))


def _names(pattern: str, tool: str) -> bool:
    return covers(pattern, tool) or (tool.endswith(FAMILY) and covers(tool, pattern))


def _misspelt_memory(rules: RuleSet) -> Iterator[Problem]:
    """A memory may wait for a tool that is not declared: nothing undeclared gets out. A near miss is a slip."""
    for memory in rules.memory:
        for tool in (memory.tool, *(read.tool for read in memory.read)):
            near = nearest(tool, rules.tools)
            if tool_named(rules, tool) is None and near:
                yield _problem(memory.place, f"the memory's tool `{tool}` is not declared", f"did you mean `{near}`?")
        for writer in memory.writers:
            if writer not in rules.agents:
                yield _problem(
                    memory.place, f"the memory's writer `{writer}` is no agent", pick(writer, sorted(rules.agents))
                )


# egress


def _unknown_entities(rules: RuleSet) -> Iterator[Problem]:
    known = ENTITIES.keys() | GROUPS.keys() | rules.egress.own_entities
    named = [(rule.place, rule.entities) for rule in rules.egress.detectors]
    named += [(allowance.place, allowance.entities) for allowance in rules.egress.allow]
    for place, entities in named:
        for word in entities:
            if word not in known:
                what = f"`{word}` is nothing that can be looked for"
                yield _problem(place, what, pick(word, sorted(ENTITIES.keys() | GROUPS.keys())))


def _allowances_of_nobody(rules: RuleSet) -> Iterator[Problem]:
    for allowance in rules.egress.allow:
        if allowance.agent and allowance.agent not in rules.agents:
            what = f"the allowance is for `{allowance.agent}`, which is no agent"
            yield _problem(allowance.place, what, pick(allowance.agent, sorted(rules.agents)))


def _uncounted_tools(rules: RuleSet) -> Iterator[Problem]:
    """A line for a tool that is not declared would bound nothing."""
    counted = [(rule.tool, rule.place) for rule in rules.egress.volume]
    counted += [(rule.tool, rule.place) for rule in rules.egress.proportion]
    for tool, place in counted:
        if tool and tool_named(rules, tool) is None:
            what = f"what is sent with `{tool}` is counted, and that is not declared"
            yield _problem(place, what, pick(tool, rules.tools))
