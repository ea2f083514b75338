"""The heaviest chains of a few steps that an agent can walk, scored as the gateway scores a plan (spec 8, 23.2).

Steps that no sequence tells apart are one: only the heaviest of them is tried, so that many tools stay few chains.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from itertools import product

from msgspec.structs import replace

from aisecops.controls.firewall.judge import UNTRUSTED_TRUST
from aisecops.controls.risk.escalation import StepSeen, advance
from aisecops.controls.risk.plan import Planned, PlanStep, judge_plan
from aisecops.gateway.step.judge import NEUTRAL_TRUST
from aisecops.model.action import Kind, ToolEffect
from aisecops.model.rules import AgentRule, RuleSet, Sequence
from aisecops.model.value import Value
from aisecops.ops.threat_model.reach import Granted

_NOTHING = Decimal(0)
_MOST_STRESS = Decimal(2)  # spec 8
_STRESSING = (
    "max_tool_calls",
    "max_write_operations",
    "max_execution_ms",
    "max_cost_micros",
    "max_rows",
    "max_recipients",
    "max_egress_bytes",
)
_NO_PROGRESS: Mapping[str, int] = {}


class Chain(Value):
    """Steps by their names, what they come to as the rules declare them, and at worst."""

    names: tuple[str, ...]
    declared: Planned
    worst: Planned


def heaviest(rules: RuleSet, agent: AgentRule, tools: Iterable[Granted], length: int) -> Chain | None:
    """The chain of `length` steps that weighs most, of equals the first by name; None without a tool.

    At worst, all arguments come from untrusted content, and the budgets, if there are any, are used up.
    """
    tools = tuple(tools)
    if not tools:
        return None
    steps = _distinct(rules, tools)
    names, declared = max(
        ((chain, _planned(rules, agent, [steps[name] for name in chain])) for chain in product(steps, repeat=length)),
        key=lambda one: one[1].total_micros,
    )
    worst = _planned(rules, agent, [_at_worst(steps[name], agent) for name in names])
    return Chain(names=names, declared=declared, worst=worst)


def reachable(rules: RuleSet, tools: Iterable[Granted]) -> tuple[Sequence, ...]:
    """The sequences of which the agent's own steps match every place; other agents of its tree may help with more."""
    steps = [step.seen for step in _steps(rules, tools).values()]
    return tuple(
        sequence
        for sequence in rules.risk.sequences
        if all(any(matches(sequence, place, step) for step in steps) for place in range(len(sequence.when)))
    )


def _steps(rules: RuleSet, tools: Iterable[Granted]) -> dict[str, PlanStep]:
    """Everything that can be a step, by the name it goes by. Reading and asking a model weigh nothing by themselves."""
    found = {
        one.name: PlanStep(seen=one.seen, base=one.tool.base_risk, trust=one.tool.trust)
        for one in sorted(tools, key=lambda one: one.name)
    }
    for source in rules.sources:
        step = StepSeen(
            tool=f"source:{source.match.host}",
            effect=ToolEffect.READ,
            label=source.label,
            kind=Kind.SOURCE,
            tier=source.tier,
        )
        found[f"{step.tool}{source.match.path}"] = PlanStep(seen=step, base=_NOTHING, trust=NEUTRAL_TRUST)
    for name in rules.models:
        step = StepSeen(tool=f"model:{name}", effect=ToolEffect.READ, label="", kind=Kind.MODEL)
        found[step.tool] = PlanStep(seen=step, base=_NOTHING, trust=NEUTRAL_TRUST)
    return found


def _distinct(rules: RuleSet, tools: Iterable[Granted]) -> dict[str, PlanStep]:
    """Of the steps that match the same places of the same sequences, the heaviest."""
    places = [(sequence, place) for sequence in rules.risk.sequences for place in range(len(sequence.when))]
    best: dict[tuple[bool, ...], tuple[str, PlanStep]] = {}
    for name, step in _steps(rules, tools).items():
        alike = tuple(matches(sequence, place, step.seen) for sequence, place in places)
        if alike not in best or best[alike][1].base * best[alike][1].trust < step.base * step.trust:
            best[alike] = name, step
    return dict(best.values())


def matches(sequence: Sequence, place: int, step: StepSeen) -> bool:
    """Would `step` be the one that `sequence` waits for at `place`?"""
    before = {sequence.name: place}
    return advance(before, (sequence,), step)[0] != before


def _planned(rules: RuleSet, agent: AgentRule, steps: Iterable[PlanStep]) -> Planned:
    return judge_plan(tuple(steps), rules.risk.sequences, agent.risk, present_micros=0, progress=_NO_PROGRESS)


def _at_worst(step: PlanStep, agent: AgentRule) -> PlanStep:
    stressed = any(getattr(agent.budgets, name) is not None for name in _STRESSING)
    return replace(
        step, declared_trust=UNTRUSTED_TRUST, declared_stress=_MOST_STRESS if stressed else step.declared_stress
    )
