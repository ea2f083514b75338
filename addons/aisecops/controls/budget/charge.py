"""Charge a step to its run and to every run above it (spec 4.4, 11.1).

Knows what each budget counts and when a step would overrun one. Does not know stores: whoever calls
swaps the state that comes back, or drops it. What a child does is its ancestors' doing too, so that
opening runs never multiplies a budget.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal

from msgspec.structs import replace

from aisecops.controls.budget.rate import take
from aisecops.model.budget import BudgetFault, Budgets, Limits, RunState, TreeState
from aisecops.model.decision import Judgment, Reason, Verdict
from aisecops.model.ids import RunId
from aisecops.model.refusals import Code
from aisecops.model.risk import MICROS
from aisecops.model.value import Value

CALLS = "max_tool_calls"
WRITES = "max_write_operations"
TIME = "max_execution_time"
COST = "max_cost"
ROWS = "max_rows"
RECIPIENTS = "max_recipients"
EGRESS = "max_egress_bytes"
RATE = "rate"


class Charge(Value):
    """What one step takes from the budgets of `run_id` and of the runs above it. Money in millionths.

    `rows_later`: it takes rows, and its answer says how many. `uncounted` are the budgets of which it should say how
    much it takes, and does not.
    """

    run_id: RunId
    counts_call: bool
    counts_write: bool
    cost_micros: int
    counts_rate: bool
    rows: int = 0
    rows_later: bool = False
    recipients: tuple[str, ...] = ()
    egress_bytes: int = 0
    uncounted: tuple[str, ...] = ()


class Projection(Value):
    """What a step would make of its tree.

    `tree` has the step charged, also when it overruns. `use` is the highest use of any budget of the lineage
    before the step, 0 to 1 and beyond, in whole millionths rounded up.
    """

    tree: TreeState
    faults: tuple[BudgetFault, ...]
    use: Decimal


def project(tree: TreeState, step: Charge, limits: Mapping[RunId, Limits], *, now_ms: int) -> Projection:
    """Charge `step` to its lineage; each run is judged by its own limits.

    Raises `ValueError` when the run does not hang on the tree's root or the cost is negative, and `KeyError`
    when a run of the lineage has no entry in `limits`: not knowing a limit is not having none.
    """
    if step.cost_micros < 0 or step.rows < 0 or step.egress_bytes < 0:
        raise ValueError("a step cannot cost less than nothing")
    # INVARIANT: no clock that goes back, on this machine or another, gives time or requests back.
    now = max(now_ms, tree.seen_ms)
    charged: dict[RunId, RunState] = {}
    faults: list[BudgetFault] = []
    use = 0
    for run_id in _lineage(tree, step.run_id):
        run, budgets = tree.runs[run_id], limits[run_id].budgets
        for budget, limit, used, adds in _counts(run, budgets, step, now):
            use = max(use, _use_micros(used, limit))
            if budget in step.uncounted:
                faults.append(
                    BudgetFault(run_id=run_id, budget=budget, limit=limit, would_be=limit + 1, uncounted=True)
                )
            elif used + adds > limit:
                faults.append(BudgetFault(run_id=run_id, budget=budget, limit=limit, would_be=used + adds))
        charged[run_id], wait_ms = _charged(run, step, budgets, now)
        if budgets.rate is not None and wait_ms > 0:
            count = budgets.rate.count
            retry = wait_ms + now - now_ms
            faults.append(
                BudgetFault(run_id=run_id, budget=RATE, limit=count, would_be=count + 1, retry_after_ms=retry)
            )
    after = replace(tree, runs={**tree.runs, **charged}, seen_ms=now)
    return Projection(tree=after, faults=tuple(faults), use=Decimal(use) / MICROS)


def settle(tree: TreeState, run_id: RunId, *, cost_delta_micros: int) -> TreeState:
    """Replace the reserved cost of a step by the real one: `cost_delta_micros` more, or less when negative."""
    return _moved(tree, run_id, lambda run: replace(run, cost_micros=max(0, run.cost_micros + cost_delta_micros)))


def take_rows(
    tree: TreeState, run_id: RunId, rows: int, limits: Mapping[RunId, Limits]
) -> tuple[TreeState, tuple[BudgetFault, ...]]:
    """Charge the rows of an answer. With a fault nothing is charged: rows that nobody gets are not used."""
    faults = tuple(
        BudgetFault(run_id=name, budget=ROWS, limit=limit, would_be=tree.runs[name].rows + rows)
        for name in _lineage(tree, run_id)
        if (limit := limits[name].budgets.max_rows) is not None and tree.runs[name].rows + rows > limit
    )
    return (tree if faults else _moved(tree, run_id, lambda run: replace(run, rows=run.rows + rows))), faults


def release(tree: TreeState, step: Charge, risk_micros: int) -> TreeState:
    """Give back the charge and the risk of a step that never left.

    The request was made all the same: its rate stays spent, what it advanced of a risk sequence stays advanced, and
    whom it was to reach stays counted.
    """

    def given_back(run: RunState) -> RunState:
        return replace(
            run,
            tool_calls=max(0, run.tool_calls - step.counts_call),
            write_operations=max(0, run.write_operations - step.counts_write),
            cost_micros=max(0, run.cost_micros - step.cost_micros),
            rows=max(0, run.rows - step.rows),
            egress_bytes=max(0, run.egress_bytes - step.egress_bytes),
        )

    lighter = replace(tree, risk_micros=max(0, tree.risk_micros - risk_micros))
    return _moved(lighter, step.run_id, given_back)


def judge(faults: Iterable[BudgetFault]) -> Judgment:
    """DENY when there is any fault. What waiting cannot mend comes first, so that it gives the code."""
    ranked = sorted(faults, key=lambda fault: fault.budget == RATE)
    return Judgment(
        control="budget",
        verdict=Verdict.DENY if ranked else Verdict.ALLOW,
        reasons=tuple(_reason(fault) for fault in ranked),
        serves=("AIS-RSK-01", "AIS-EXE-01"),
    )


def retry_after_ms(faults: Iterable[BudgetFault]) -> int | None:
    """After how long the same step would fit; None when waiting alone does not help."""
    waits = [fault.retry_after_ms for fault in faults]
    known = [wait for wait in waits if wait is not None]
    return max(known) if known and len(known) == len(waits) else None


def _lineage(tree: TreeState, run_id: RunId) -> tuple[RunId, ...]:
    lineage = tree.lineage(run_id)
    if not lineage or lineage[-1] != tree.root_run_id or tree.runs[lineage[-1]].parent is not None:
        raise ValueError(f"run `{run_id}` does not hang on the root `{tree.root_run_id}`")
    return lineage


def _counts(run: RunState, budgets: Budgets, step: Charge, now: int) -> list[tuple[str, int, int, int]]:
    """Of each budget that has a limit: its name, the limit, what is used, what the step adds."""
    elapsed = max(0, now - run.started_ms)
    new_to = len(_new_to(run, step)) if budgets.max_recipients is not None else 0
    counts = (
        (CALLS, budgets.max_tool_calls, run.tool_calls, int(step.counts_call)),
        (WRITES, budgets.max_write_operations, run.write_operations, int(step.counts_write)),
        (TIME, budgets.max_execution_ms, elapsed, 1),  # no step takes no time
        (COST, budgets.max_cost_micros, run.cost_micros, step.cost_micros),
        (ROWS, budgets.max_rows, run.rows, step.rows or int(step.rows_later)),  # no read is of no rows
        (RECIPIENTS, budgets.max_recipients, len(run.recipients), new_to),
        (EGRESS, budgets.max_egress_bytes, run.egress_bytes, step.egress_bytes),
    )
    return [(name, limit, used, adds) for name, limit, used, adds in counts if limit is not None]


def _new_to(run: RunState, step: Charge) -> set[str]:
    """Whom the step reaches that the run, and all below it, have not reached before."""
    return set(step.recipients).difference(run.recipients)


def _use_micros(used: int, limit: int) -> int:
    if limit <= 0:
        # an agent that may never write is not under stress because it never does
        return MICROS if used > 0 else 0
    return -(-used * MICROS // limit)


def _charged(run: RunState, step: Charge, budgets: Budgets, now: int) -> tuple[RunState, int]:
    """The run with the step charged, and how long the step should have waited for its rate."""
    counted = replace(
        run,
        tool_calls=run.tool_calls + step.counts_call,
        write_operations=run.write_operations + step.counts_write,
        cost_micros=run.cost_micros + step.cost_micros,
        rows=run.rows + step.rows,
        egress_bytes=run.egress_bytes + step.egress_bytes,
    )
    if budgets.max_recipients is not None and (new := _new_to(run, step)):
        counted = replace(counted, recipients=tuple(sorted(new.union(run.recipients))))
    if budgets.rate is None or not step.counts_rate:
        return counted, 0
    left, wait_ms = take(run.rate_left_micros, run.rate_at_ms, budgets.rate, now_ms=now)
    return replace(counted, rate_left_micros=left, rate_at_ms=now), wait_ms


def _moved(tree: TreeState, run_id: RunId, move: Callable[[RunState], RunState]) -> TreeState:
    moved = {name: move(tree.runs[name]) for name in _lineage(tree, run_id)}
    return replace(tree, runs={**tree.runs, **moved})


def _reason(fault: BudgetFault) -> Reason:
    where = f"`{fault.budget}` of run `{fault.run_id}`"
    if fault.budget == RATE:
        words = f"{where} lets {fault.limit} requests through at once; wait {fault.retry_after_ms} ms"
        return Reason(code=Code.RATE_LIMITED, detail=words, rule=f"budgets.{RATE}")
    if fault.uncounted:
        what = fault.budget.removeprefix("max_")
        words = f"{where} is {fault.limit}, and the request has nothing where its rule counts {what}; say them there"
        return Reason(code=Code.BUDGET_EXCEEDED, detail=words, rule=f"budgets.{fault.budget}")
    limit, would_be = _amount(fault.budget, fault.limit), _amount(fault.budget, fault.would_be)
    words = f"{where} is {limit} and would be {would_be}; end the run, or raise the budget"
    return Reason(code=Code.BUDGET_EXCEEDED, detail=words, rule=f"budgets.{fault.budget}")


def _amount(budget: str, number: int) -> str:
    if budget == COST:
        return f"{Decimal(number) / MICROS:f}"
    return f"{Decimal(number) / 1000:f} s" if budget == TIME else str(number)
