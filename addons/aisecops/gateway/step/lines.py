"""What binds a run: the budgets and risk lines of its lineage, and what a person's review has moved of them."""

from __future__ import annotations

from aisecops.model.budget import Budgets, Limits, TreeState
from aisecops.model.ids import RunId
from aisecops.model.risk import Thresholds
from aisecops.model.rules import RuleSet

NOTHING = Budgets(
    max_tool_calls=0,
    max_write_operations=0,
    max_execution_ms=0,
    max_cost_micros=0,
    max_rows=0,
    max_recipients=0,
    max_egress_bytes=0,
)


def limits_of(rules: RuleSet, tree: TreeState, run_id: RunId) -> dict[RunId, Limits]:
    """What binds each run of the lineage; an agent the rules no longer name is bound to nothing at all."""
    found: dict[RunId, Limits] = {}
    for run in tree.lineage(run_id):
        agent = rules.agents.get(tree.runs[run].agent_id)
        found[run] = (
            Limits(budgets=agent.budgets, thresholds=agent.risk)
            if agent
            else Limits(budgets=NOTHING, thresholds=Thresholds(approve_micros=0, halt_micros=0))
        )
    return found


def lines_for(limits: dict[RunId, Limits], tree: TreeState) -> Thresholds:
    """The lowest lines of the lineage: a child has no more room than its root.

    A review lets the tree come to so much more than it stood at then before it is halted again. Where a person is asked
    stays where it was: whoever let it go on is asked about each step over that line.
    """
    lines = [limit.thresholds for limit in limits.values()]
    halt_micros = min([one.halt_micros for one in lines], default=0)
    return Thresholds(
        approve_micros=min([one.approve_micros for one in lines], default=0),
        halt_micros=max(halt_micros, tree.reviewed_up_to_micros),
    )
