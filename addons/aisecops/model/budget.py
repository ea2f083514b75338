"""Budgets and what was used of them, per run and per tree of runs (spec 11.1).

The tree's state is the one thing that charges change. It is swapped whole: one pure function makes
the next state, a store only compares and swaps.
"""

from __future__ import annotations

from enum import StrEnum

from aisecops.model.chain import Drawn
from aisecops.model.ids import AgentId, RunId
from aisecops.model.risk import Thresholds
from aisecops.model.value import Value

MOST_RECIPIENTS = 1_000
"""No `max_recipients` may be higher: each is remembered in the tree, and travels with every decision."""


class Rate(Value):
    """At most `count` requests in `per_ms`, refilled evenly; `count` may come at once."""

    count: int
    per_ms: int


class Budgets(Value):
    """An agent's limits for one run and all below it; None is no limit of this kind. Money in millionths.

    `max_recipients` counts distinct ones, as far as rules say where they are; at most `MOST_RECIPIENTS`.
    """

    max_tool_calls: int | None = None
    max_write_operations: int | None = None
    max_execution_ms: int | None = None
    max_cost_micros: int | None = None
    max_rows: int | None = None
    max_recipients: int | None = None
    max_egress_bytes: int | None = None
    rate: Rate | None = None

    @property
    def unset(self) -> tuple[str, ...]:
        """Those of the four of spec 11.1 that bound nothing, as rules call them."""
        bounds = {
            "max_tool_calls": self.max_tool_calls,
            "max_write_operations": self.max_write_operations,
            "max_execution_time": self.max_execution_ms,
            "max_cost": self.max_cost_micros,
        }
        return tuple(name for name, bound in bounds.items() if bound is None)


class RunPhase(StrEnum):
    """Where a run is in its life."""

    ACTIVE = "active"
    HELD = "held"
    HALTED = "halted"
    FINISHED = "finished"


class RunState(Value):
    """What one run has used. `rate_*` is its token bucket: requests left in millionths, and when that was true.

    `recipients` are keyed digests, kept only while a budget counts them.
    """

    run_id: RunId
    agent_id: AgentId
    parent: RunId | None
    started_ms: int
    phase: RunPhase = RunPhase.ACTIVE
    tool_calls: int = 0
    write_operations: int = 0
    cost_micros: int = 0
    rows: int = 0
    recipients: tuple[str, ...] = ()
    egress_bytes: int = 0
    rate_left_micros: int | None = None
    rate_at_ms: int = 0


class TreeState(Value):
    """A root run and everything below it: one cumulative graph (spec 22.2).

    `progress` counts, per risk sequence, how many of its steps have been seen in order.
    `began` says of each that has a window when its first step was last seen, in milliseconds.
    `held_steps` are the steps (tool and scope) of a judged plan that wait for a person when they come.
    `sent` counts the bytes that left, by what the volume rules speak of, and those of proportion.
    `told` is how many bytes of its user's own words its root run's models were told, `read` what its answers brought,
    by unit and label.
    `reviewed_up_to_micros`: a person who looked at it lets its risk come to this before it is halted again.
    `drawn` are the trees on whose words it works (`model/chain.py`); those from before `reviewed_ms` no longer count.
    `seen_ms` is the latest time a step was charged at: a tree's clock never goes back.
    """

    root_run_id: RunId
    runs: dict[RunId, RunState]
    risk_micros: int = 0
    halted_ms: int | None = None
    halted_why: str = ""
    progress: dict[str, int] = {}
    began: dict[str, int] = {}
    held_steps: tuple[tuple[str, str], ...] = ()
    seen_ms: int = 0
    sent: dict[str, int] = {}
    told: int = 0
    read: dict[str, int] = {}
    reviewed_up_to_micros: int = 0
    drawn: tuple[Drawn, ...] = ()
    reviewed_ms: int = 0

    def lineage(self, run_id: RunId) -> tuple[RunId, ...]:
        """`run_id`, its parent, and so on to the root."""
        first = self.runs.get(run_id)
        if first is not None and first.parent is None:
            return (run_id,)
        found: list[RunId] = []
        at: RunId | None = run_id
        while at is not None and at in self.runs and at not in found:
            found.append(at)
            at = self.runs[at].parent
        return tuple(found)


class Limits(Value):
    """What binds one run of the lineage: its agent's budgets and thresholds, looked up beforehand."""

    budgets: Budgets
    thresholds: Thresholds


class BudgetFault(Value):
    """One budget a step would overrun. `retry_after_ms` only for the rate.

    `uncounted`: the step does not say how much it takes, which is too much.
    """

    run_id: RunId
    budget: str
    limit: int
    would_be: int
    retry_after_ms: int | None = None
    uncounted: bool = False
