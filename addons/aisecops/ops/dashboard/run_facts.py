"""What the pages say of runs: where they stand, what they have used of what they may, and who they belong to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from aisecops.gateway.ports import Store
from aisecops.model.budget import Budgets, RunPhase, RunState, TreeState
from aisecops.model.ids import RunId
from aisecops.model.risk import MICROS, from_micros
from aisecops.model.rules import AgentRule, RuleSet
from aisecops.model.state import Run
from aisecops.ops.control import shapes
from aisecops.ops.control.run_states import standing, standings, trees_of, waiting_runs
from aisecops.ops.dashboard.charts import share


async def counted(store: Store, runs: Sequence[Run]) -> dict[str, int]:
    """How many of `runs` stand how."""
    counts = dict.fromkeys((phase.value for phase in RunPhase), 0)
    for state in await standings(store, runs):
        counts[state] += 1
    return counts


async def listed(store: Store, rules: RuleSet, runs: Sequence[Run], *, now_ms: int) -> list[dict[str, Any]]:
    """One row for each run; all their trees are read at once."""
    trees, waiting = await trees_of(store, runs), await waiting_runs(store)
    return [row(run, trees.get(run.root_run_id), rules, waiting, now_ms=now_ms) for run in runs]


def row(run: Run, tree: TreeState | None, rules: RuleSet, waiting: frozenset[RunId], *, now_ms: int) -> dict[str, Any]:
    """A run with its state, its chain's risk against the lines, and its budgets."""
    state = tree.runs.get(run.run_id) if tree is not None else None
    agent = rules.agents.get(run.agent_id)
    lines = agent.risk if agent is not None else None
    total = from_micros(tree.risk_micros) if tree is not None else 0.0
    return {
        **shapes.shown_run(run, state=standing(run, tree, waiting)),
        "risk": total,
        "approve_above": from_micros(lines.approve_micros) if lines is not None else None,
        "halt_above": from_micros(lines.halt_micros) if lines is not None else None,
        "budgets": budgets(state, agent, now_ms=now_ms) if state is not None else [],
        "halted_why": tree.halted_why if tree is not None and tree.halted_ms is not None else "",
    }


def budgets(state: RunState, agent: AgentRule | None, *, now_ms: int) -> list[dict[str, Any]]:
    """What the run itself has used, each with its limit where there is one. Money in units, time in milliseconds."""
    limits = agent.budgets if agent is not None else Budgets()
    lasted = now_ms - state.started_ms if state.phase is not RunPhase.FINISHED else None
    kinds: Mapping[str, tuple[float | None, float | None]] = {
        "tool calls": (state.tool_calls, limits.max_tool_calls),
        "writes": (state.write_operations, limits.max_write_operations),
        "cost": (
            state.cost_micros / MICROS,
            None if limits.max_cost_micros is None else limits.max_cost_micros / MICROS,
        ),
        "time": (lasted, limits.max_execution_ms),
    }
    return [
        {"budget": name, "used": used, "limit": limit, "part": share(used, limit)}
        for name, (used, limit) in kinds.items()
        if used is not None
    ]
