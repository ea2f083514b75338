"""Spec 23.4: what is left: the score of the heaviest chain, what a person is asked about, and what nobody sees to."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date

from msgspec.structs import replace

from aisecops.controls.policy.unobeyed import unobeyed
from aisecops.controls.risk.plan import PlanVerdict
from aisecops.controls.risk.thresholds import words
from aisecops.model.decision import Mode
from aisecops.model.finding import FindingAction
from aisecops.model.rules import AgentRule, ModelRule, RuleSet, SourceRule, ToolRule, Unread, Untrusted
from aisecops.ops.threat_model.chains import heaviest, matches
from aisecops.ops.threat_model.mitigation import limits
from aisecops.ops.threat_model.part import Part, part
from aisecops.ops.threat_model.reach import Granted, granted, places
from aisecops.ops.threat_model.threats import LENGTHS, UNSEEN, destinations, in_words, looked_for, volumes_to

SECTION = "23.4 Residual risk assessment"


def residual(rules: RuleSet, agent: AgentRule) -> tuple[Part, ...]:
    """The three headings of the section."""
    tools = granted(rules, agent)
    return (
        part(SECTION, "Estimated chain risk score", _estimate(rules, agent, tools), nothing="0.0: no step is scored"),
        part(SECTION, "Manual approval requirements", _approvals(rules, agent, tools), nothing="none"),
        part(SECTION, "Known gaps", _gaps(rules, agent, tools), nothing="none that follows from the rules"),
    )


def _estimate(rules: RuleSet, agent: AgentRule, tools: Sequence[Granted]) -> Iterator[str]:
    if chain := heaviest(rules, agent, tools, LENGTHS[-1]):
        yield in_words(chain)
        yield f"the lines: held over {words(agent.risk.approve_micros)}, halted over {words(agent.risk.halt_micros)}"


def _approvals(rules: RuleSet, agent: AgentRule, tools: Sequence[Granted]) -> Iterator[str]:
    if agent.mode is Mode.OBSERVE:
        return
    yield f"a step with which a tree of runs would be over {words(agent.risk.approve_micros)}"
    for one in tools:
        for rule in one.tool.arguments:
            if rule.steering and rule.untrusted is Untrusted.HOLD:
                yield f"`{one.name}` when `{rule.name}` comes from untrusted content"
    for name, _, to in destinations(rules, tools):
        for detector in looked_for(rules, to):
            if detector.action is FindingAction.HOLD:
                yield f"{', '.join(detector.entities)} to {name}"
        for volume in volumes_to(rules, name, to):
            if volume.action is FindingAction.HOLD:
                yield f"more than {volume.max_bytes} bytes to {name}"


def _gaps(rules: RuleSet, agent: AgentRule, tools: Sequence[Granted]) -> Iterator[str]:
    yield from _of_agent(rules, agent, tools)
    for one in tools:
        yield from _of_tool(rules, one)
    for name, _, to in destinations(rules, tools):
        if not looked_for(rules, to):
            yield f"no detector rule speaks of what leaves to {name}"
    if rules.egress.unread is not Unread.REFUSE:
        yield f"`egress.unread: {rules.egress.unread}`, so {UNSEEN[rules.egress.unread]} unseen"
    yield from _unreviewed(rules, tools)
    chain = heaviest(rules, agent, tools, LENGTHS[-1])
    if chain is not None and chain.worst.verdict is PlanVerdict.ALLOW:
        yield f"no chain of {LENGTHS[-1]} steps is held, even at worst"


def _of_agent(rules: RuleSet, agent: AgentRule, tools: Sequence[Granted]) -> Iterator[str]:
    if agent.mode is Mode.OBSERVE:
        yield "mode: observe, so no control binds"
    if agent.system_prompt == "free":
        yield "system_prompt: free, so changed instructions are not noticed"
    mine = replace(rules, agents={agent.agent_id: agent}, tools={one.tool.name: one.tool for one in tools})
    yield from unobeyed(mine, today=date.min)  # an allowance's end is no change of the rules
    for name, limit in limits(agent).items():
        if limit is None:
            yield f"no budget `{name}`"


def _unreviewed(rules: RuleSet, tools: Sequence[Granted]) -> Iterator[str]:
    """What of the outside nobody looks after (spec 22.4)."""
    outside: list[tuple[str, ToolRule | ModelRule | SourceRule]] = [(f"`{one.name}`", one.tool) for one in tools]
    outside += [(f"model provider `{model.name}`", model) for model in rules.models.values()]
    outside += [(f"source {places(source.match)}", source) for source in rules.sources]
    for name, what in outside:
        if not what.owner:
            yield f"{name} has no `owner`"
        if what.review is None:
            yield f"{name} has no day of `review`"


def _of_tool(rules: RuleSet, one: Granted) -> Iterator[str]:
    label = one.tool.returns.label
    if label and label not in rules.egress.labels:
        yield f"label `{label}` of `{one.name}` limits nothing: `egress.labels` does not name it"
    if one.is_local:
        yield f"`{one.name}` runs where the gateway sees only its proposal"
    if not one.writes:
        return
    if not any(rule.steering for rule in one.tool.arguments):
        yield f"`{one.name}` changes the world and names no steering argument under `arguments`"
    if not any(matches(sequence, len(sequence.when) - 1, one.seen) for sequence in rules.risk.sequences):
        yield f"no sequence of `risk.sequences` ends in `{one.name}`"
