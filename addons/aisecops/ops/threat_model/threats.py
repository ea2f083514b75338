"""Spec 23.2: what untrusted text the agent reads and what that may move, what makes its authority grow, what leaves."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from aisecops.controls.egress.volume import speaks_of
from aisecops.controls.firewall.label import UNTRUSTED
from aisecops.controls.risk.thresholds import words
from aisecops.model.action import Kind, ToolEffect
from aisecops.model.decision import Mode
from aisecops.model.proportion import ProportionRule
from aisecops.model.rules import AgentRule, DetectorRule, McpMatch, RuleSet, StepPattern, TokenMode, Unread, VolumeRule
from aisecops.model.scope import ONE, REST
from aisecops.ops.threat_model.chains import Chain, heaviest, reachable
from aisecops.ops.threat_model.part import Part, part
from aisecops.ops.threat_model.reach import Granted, granted, places, word_to, words_to

SECTION = "23.2 Threat identification"
UNSEEN = {Unread.ALLOW: "what cannot be read may leave", Unread.MEDIA: "pictures and sounds may leave"}
LENGTHS = (2, 3)
"""How many steps the chains have of which the heaviest is told."""


def threats(rules: RuleSet, agent: AgentRule) -> tuple[Part, ...]:
    """The four headings of the section."""
    tools = granted(rules, agent)
    return (
        part(SECTION, "Injection vectors", _injections(rules, tools), nothing="it reads nothing that is untrusted"),
        part(SECTION, "Privilege escalation paths", _escalations(agent, tools), nothing="none follows from the rules"),
        part(SECTION, "Data egress paths", _egress(rules, agent, tools), nothing="nothing of it may leave"),
        part(SECTION, "Chain escalation risks", _chains(rules, agent, tools), nothing="no step of it is scored"),
    )


def destinations(rules: RuleSet, tools: Sequence[Granted]) -> Iterator[tuple[str, str, frozenset[str]]]:
    """Everything that content may leave to: its name, where it is, and the words of egress rules for it."""
    for one in tools:
        yield f"`{one.name}`", "; ".join(places(match) for match in one.tool.match), one.to
    for model in rules.models.values():
        yield f"model provider `{model.name}`", places(model.match), words_to(Kind.MODEL, model.name)
    for source in rules.sources:
        where = places(source.match)
        yield f"source {where}", "in address and headers", words_to(Kind.SOURCE, source.match.host)


def looked_for(rules: RuleSet, to: frozenset[str]) -> tuple[DetectorRule, ...]:
    """The detector rules that speak of a destination."""
    return tuple(rule for rule in rules.egress.detectors if rule.to in to)


def volumes_to(rules: RuleSet, name: str, to: frozenset[str]) -> tuple[VolumeRule, ...]:
    """The volume rules that count what leaves to the destination `name`."""
    return tuple(rule for rule in rules.egress.volume if rule.to in to and speaks_of(rule.tool, name.strip("`")))


def _injections(rules: RuleSet, tools: Sequence[Granted]) -> Iterator[str]:
    reads = [f"source {places(one.match)}" for one in rules.sources if one.tier in UNTRUSTED]
    reads += [f"answers of `{one.name}`" for one in tools if one.tool.returns.tier in UNTRUSTED]
    reads += [
        f"tool descriptions of MCP server {match.host}"
        for one in tools
        for match in one.tool.match
        if isinstance(match, McpMatch)
    ]
    recalls = (one for one in tools if one.tool.effect is ToolEffect.MEMORY_READ)
    reads += [f"memory that others wrote, read with `{one.name}`" for one in recalls]
    if rules.firewall.unknown_content in UNTRUSTED:
        reads.append("content of which nobody declared the origin")
    for read in reads:
        yield f"untrusted: {read}"
        for model in rules.models:
            yield f"{read} may reach model provider `{model}`, in an envelope"
    if reads:
        for one in tools:
            if one.writes:
                yield f"untrusted text that a model reads may propose `{one.name}`, {_steered(one)}"


def _steered(one: Granted) -> str:
    steering = [f"`{rule.name}` ({rule.untrusted})" for rule in one.tool.arguments if rule.steering]
    if steering:
        return f"of which it may not name {', '.join(steering)}"
    return "and name every argument of it"


def _escalations(agent: AgentRule, tools: Sequence[Granted]) -> Iterator[str]:
    if agent.mode is Mode.OBSERVE:
        yield "mode: observe, nothing is refused"
    if agent.token is TokenMode.BROKER:
        yield "token: broker, whoever is known as this agent acts with every grant without asking for one"
    if agent.system_prompt == "free":
        yield "system_prompt: free, its instructions may be any"
    for one in tools:
        if one.writes:
            yield f"changes the world: may {one.authority}"
        if {ONE, REST} & set(one.authority.scope.split(".")):
            yield f"wildcard: `{one.name}` on every scope of `{one.authority.scope}`"
    yield "runs below its runs act with their own agents' grants, or with narrower tokens of this one, in the same sums"


def _egress(rules: RuleSet, agent: AgentRule, tools: Sequence[Granted]) -> Iterator[str]:
    for name, where, to in destinations(rules, tools):
        yield f"{name} ({word_to(to)}): {where}"
        for rule in looked_for(rules, to):
            yield f"{name}: {', '.join(rule.entities)}{_only(rule)}: {rule.action}"
        for label, words_allowed in rules.egress.labels.items():
            may = "may" if to & set(words_allowed) else "may not"
            yield f"{name}: content labelled `{label}` {may} go there"
        for volume in volumes_to(rules, name, to):
            yield f"{name}: over {volume.max_bytes} bytes of a tree of runs{_with(volume)}: {volume.action}"
    for line in rules.egress.proportion:
        does = line.action or f"it weighs {line.escalation} times as much"
        yield f"more{_with(line)} than the task of a run explains, at most {line.most_bytes} bytes: {does}"
    if rules.egress.unread is not Unread.REFUSE:
        yield f"{UNSEEN[rules.egress.unread]} without having been looked into"
    for allowance in rules.egress.allow:
        if allowance.agent in {"", agent.agent_id}:
            what = ", ".join(filter(None, (*allowance.entities, allowance.fingerprint, allowance.field)))
            where = f" to {allowance.to}" if allowance.to else ""
            yield f"let pass until {allowance.until}: {what or 'everything'}{where}; {allowance.reason}"


def _only(rule: DetectorRule) -> str:
    tier = f" in text of tier {rule.tier}" if rule.tier else ""
    return f"{tier}{f' beside content labelled `{rule.label}`' if rule.label else ''}"


def _with(volume: VolumeRule | ProportionRule) -> str:
    return f" with `{volume.tool}`" if volume.tool else f" to {volume.to}"


def _chains(rules: RuleSet, agent: AgentRule, tools: Sequence[Granted]) -> Iterator[str]:
    for sequence in reachable(rules, tools):
        steps = ", then ".join(map(_looks, sequence.when))
        factor = f"{sequence.escalation.normalize():f}"
        yield f"this agent alone can complete `{sequence.name}`: {steps}; escalation {factor}"
    for length in LENGTHS:
        if chain := heaviest(rules, agent, tools, length):
            yield in_words(chain)


def _looks(step: StepPattern) -> str:
    """A step of a sequence as the rules describe it."""
    said = {"tool": step.tool, "effect": step.effect, "label": step.label, "kind": step.kind, "tier": step.tier}
    return " ".join(f"{name} {value}" for name, value in said.items() if value) or "any step"


def in_words(chain: Chain) -> str:
    """A chain, what it comes to, and what follows."""
    steps = ", ".join(f"`{name}`" for name in chain.names)
    declared, worst = chain.declared, chain.worst
    return (
        f"heaviest {len(chain.names)} steps: {steps}: {words(declared.total_micros)} as declared ({declared.verdict}), "
        f"{words(worst.total_micros)} at worst ({worst.verdict})"
    )
