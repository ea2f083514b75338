"""Spec 23.3: what stands against it: the firewall's lines, limits of grants, budgets, and what is recorded."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence

from aisecops.controls.policy.authority import limits_in_words
from aisecops.model.decision import Mode
from aisecops.model.risk import from_micros
from aisecops.model.rules import AgentRule, RuleSet, TokenMode
from aisecops.ops.threat_model.part import Part, part
from aisecops.ops.threat_model.reach import Granted, granted

SECTION = "23.3 Mitigation controls"


def mitigation(rules: RuleSet, agent: AgentRule) -> tuple[Part, ...]:
    """The four headings of the section."""
    tools = granted(rules, agent)
    return (
        part(SECTION, "Context controls applied", _content(rules, agent, tools), nothing="-"),
        part(SECTION, "Capability constraints", _capabilities(rules, agent, tools), nothing="-"),
        part(SECTION, "Budget limits", _budgets(rules, agent), nothing="-"),
        part(SECTION, "Telemetry coverage", _telemetry(agent, tools), nothing="-"),
    )


def limits(agent: AgentRule) -> dict[str, str | None]:
    """Each budget by its key in the rules, as people write it; None is no limit of this kind."""
    budgets = agent.budgets
    cost, time, rate = budgets.max_cost_micros, budgets.max_execution_ms, budgets.rate
    egress = budgets.max_egress_bytes
    return {
        "max_tool_calls": None if budgets.max_tool_calls is None else str(budgets.max_tool_calls),
        "max_write_operations": None if budgets.max_write_operations is None else str(budgets.max_write_operations),
        "max_execution_time": None if time is None else f"{time / 1000:g}s",
        "max_cost": None if cost is None else f"{from_micros(cost):g}",
        "max_rows": None if budgets.max_rows is None else str(budgets.max_rows),
        "max_recipients": None if budgets.max_recipients is None else str(budgets.max_recipients),
        "max_egress_bytes": None if egress is None else f"{egress}B",
        "rate": None if rate is None else f"{rate.count} in {rate.per_ms / 1000:g}s",
    }


def _content(rules: RuleSet, agent: AgentRule, tools: Sequence[Granted]) -> Iterator[str]:
    yield "untrusted text reaches a model in an envelope, and is refused where instructions stand"
    yield f"untrusted text is flagged as an injection from {rules.firewall.flag_at:f} on"
    yield f"untrusted text is refused as an injection from {rules.firewall.block_at:f} on"
    yield f"content of unknown origin counts as {rules.firewall.unknown_content}"
    yield f"system_prompt: {agent.system_prompt}"
    for one in tools:
        for rule in one.tool.arguments:
            if rule.steering:
                yield f"`{rule.name}` of `{one.name}` (at `{rule.at}`) named by untrusted content: {rule.untrusted}"


def _capabilities(rules: RuleSet, agent: AgentRule, tools: Sequence[Granted]) -> Iterator[str]:
    asked = "the gateway asks for it" if agent.token is TokenMode.BROKER else "the agent asks for it"
    yield f"every tool request needs a capability token; {asked}"
    for one in tools:
        told = limits_in_words(one.authority.constraints) or "no limit but the scope"
        yield f"`{one.name}` on `{one.authority.scope}`: {told}"
        for name, measure in (("rows", one.tool.rows), ("cost", one.tool.cost)):
            if measure is not None:
                yield f"`{one.name}`: {name} by {measure.side} {measure.expression or measure.fixed}"
    if rules.policy.cedar:
        for file in rules.policy.cedar_files:
            yield f"Cedar is asked too: {file.name}, sha256:{hashlib.sha256(file.text.encode()).hexdigest()}"
    if rules.policy.opa is not None:
        yield f"OPA is asked too: {rules.policy.opa.path} at {rules.policy.opa.url}"


def _budgets(rules: RuleSet, agent: AgentRule) -> Iterator[str]:
    for name, limit in limits(agent).items():
        yield f"{name}: {limit or 'no limit'}"
    yield f"budgets weigh on the risk from a use of {rules.risk.budget_stress_from.normalize():f} on"
    yield f"risk of a tree of runs: held over {from_micros(agent.risk.approve_micros):g}"
    yield f"risk of a tree of runs: halted over {from_micros(agent.risk.halt_micros):g}"


def _telemetry(agent: AgentRule, tools: Sequence[Granted]) -> Iterator[str]:
    yield "each step is recorded before it leaves, with what it was decided by"
    if agent.mode is Mode.OBSERVE:
        yield "what would have been refused is recorded, and runs"
    for one in tools:
        if one.is_local:
            yield f"`{one.name}` runs on the agent's own machine: the proposal is recorded, what came of it is not seen"
            continue
        if one.writes:
            yield f"`{one.name}` is recorded durably before it leaves"
        if one.tool.returns.stream:
            yield f"answers of `{one.name}` are passed on piece by piece"
