"""Run trees as tests need them."""

from __future__ import annotations

from aisecops.controls.budget.charge import Charge
from aisecops.model.budget import Budgets, Limits, RunState, TreeState
from aisecops.model.ids import AgentId, RunId
from aisecops.model.risk import Thresholds
from aisecops.model.state import Run

ROOT = RunId("run_root")
CHILD = RunId("run_child")
OTHER = RunId("run_other")
BOT = AgentId("bot")


def run_state(run_id: RunId, parent: RunId | None = None, **used) -> RunState:
    return RunState(run_id=run_id, agent_id=BOT, parent=parent, started_ms=0, **used)


def tree_of(*runs: RunState, **state) -> TreeState:
    """A tree of `runs`, the first its root; of none, the root alone."""
    runs = runs or (run_state(ROOT),)
    return TreeState(root_run_id=runs[0].run_id, runs={run.run_id: run for run in runs}, **state)


def family() -> TreeState:
    """A root and two children."""
    return tree_of(run_state(ROOT), run_state(CHILD, ROOT), run_state(OTHER, ROOT))


def limits(tree: TreeState, **budgets: Budgets) -> dict[RunId, Limits]:
    """Limits for every run; `run_child=Budgets(...)` binds that one, everything else is unbounded."""
    return {name: Limits(budgets=budgets.get(name, Budgets()), thresholds=Thresholds()) for name in tree.runs}


def call(run_id: RunId = ROOT, *, writes: bool = False, cost: int = 0, rate: bool = True) -> Charge:
    return Charge(run_id=run_id, counts_call=True, counts_write=writes, cost_micros=cost, counts_rate=rate)


def run_of(run_id: RunId, root: RunId | None = None, *, at: int = 0, agent: AgentId = BOT) -> Run:
    parent = None if root is None else root
    return Run(
        run_id=run_id,
        root_run_id=root or run_id,
        agent_id=agent,
        parent=parent,
        opened_ms=at,
        opened_by=f"agent:{agent}",
    )
