"""The rules: what is in force, what has changed and what that gave or took, and what is wrong with those on disk."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request

from aisecops.controls.policy.diff import diff
from aisecops.controls.policy.unobeyed import unobeyed
from aisecops.gateway.ports import Clock, RuleSource
from aisecops.model.errors import ConfigError
from aisecops.model.risk import MICROS, from_micros
from aisecops.model.rules import AgentRule, RuleSet, ToolRule
from aisecops.ops.dashboard.page import Page, PageAt, Shown, Visitor
from aisecops.ops.days import today
from aisecops.ops.figures.index import RecordIndex

CHANGES_SHOWN = 10
MOST_DIFFERENCES = 200

Archived = Callable[[str], RuleSet]
"""The rule set of a version that once was in force. Raises `ConfigError` when it is not kept."""


class PolicyPages:
    """The page at `/policy`."""

    def __init__(self, rules: RuleSource, archived: Archived, clock: Clock, index: RecordIndex) -> None:
        self._rules = rules
        self._archived = archived
        self._clock = clock
        self._index = index

    def pages(self) -> Sequence[PageAt]:
        """Its one place."""
        return (PageAt("/policy", "policy", self.page),)

    async def page(self, request: Request, visitor: Visitor) -> Shown:  # noqa: ARG002 - one shape for all
        rules = self._rules.current()
        await run_in_threadpool(self._index.refresh)
        told = await run_in_threadpool(self._index.recent, "rules", most=CHANGES_SHOWN)
        rejected = told[0] if told and told[0]["event"] == "rules_rejected" else None
        facts = {
            "policy_version": rules.policy_version,
            "problems": [str(problem) for problem in rejected.get("problems", ())] if rejected else [],
            "rejected_at": rejected["at"] if rejected else None,
            "without_effect": list(unobeyed(rules, today=today(self._clock))),
            "agents": [_agent(agent) for _, agent in sorted(rules.agents.items())],
            "tools": [_tool(tool) for _, tool in sorted(rules.tools.items())],
            "models": sorted(rules.models),
            "people": [{"name": name, "role": person.role.value} for name, person in sorted(rules.people.items())],
            "changes": await run_in_threadpool(self._changes, told),
        }
        return Page("policy.html", "Policy", facts)

    def _changes(self, told: list[dict[str, Any]]) -> list[dict[str, Any]]:
        return [self._change(event) for event in told if event["event"] == "rules_reloaded"]

    def _change(self, event: dict[str, Any]) -> dict[str, Any]:
        before, after = str(event.get("before") or ""), str(event.get("policy_version") or "")
        shown: dict[str, Any] = {"seq": event["seq"], "at": event["at"], "before": before, "after": after}
        try:
            found = diff(self._archived(before), self._archived(after))
        except ConfigError as error:
            return shown | {"differences": [], "unknown": str(error)}
        differences = [
            {"direction": one.direction.value, "path": one.path, "what": one.what, "place": one.place}
            for one in found[:MOST_DIFFERENCES]
        ]
        return shown | {"differences": differences, "unknown": ""}


def _agent(agent: AgentRule) -> dict[str, Any]:
    budgets = agent.budgets
    cost = None if budgets.max_cost_micros is None else budgets.max_cost_micros / MICROS
    return {
        "agent_id": agent.agent_id,
        "role": agent.role,
        "mode": agent.mode.value,
        "token": agent.token.value,
        "grants": [{"tool": grant.grant.tool, "scope": grant.grant.scope} for grant in agent.grants],
        "budgets": {
            "tool calls": budgets.max_tool_calls,
            "writes": budgets.max_write_operations,
            "milliseconds": budgets.max_execution_ms,
            "cost": cost,
        },
        "approve_above": from_micros(agent.risk.approve_micros),
        "halt_above": from_micros(agent.risk.halt_micros),
        "place": str(agent.place),
    }


def _tool(tool: ToolRule) -> dict[str, Any]:
    return {
        "name": tool.name,
        "effect": tool.effect.value,
        "base_risk": float(tool.base_risk),
        "trust": float(tool.trust),
        "scope": tool.scope,
        "returns": tool.returns.tier.value,
        "label": tool.returns.label,
        "owner": tool.owner,
        "place": str(tool.place),
    }
