"""The rows that an answer brings, held against the grant and the budgets of the run before anybody gets them."""

from __future__ import annotations

from decimal import ROUND_CEILING

from aisecops.controls.budget import charge as budget
from aisecops.controls.policy.match import measure
from aisecops.controls.tokens.cover import rows_within
from aisecops.gateway.runs.trees import Trees
from aisecops.gateway.step.permits import Permit
from aisecops.gateway.step.reading import Unfit
from aisecops.model.budget import BudgetFault, TreeState
from aisecops.model.decision import Mode, Reason, Verdict
from aisecops.model.refusals import Code
from aisecops.wire.limits import JsonValue


async def rows_taken(trees: Trees, permit: Permit, data: JsonValue) -> int | None:
    """Charge the rows in `data`, the answer, and say how many; None when nobody counts.

    Raises `Unfit` for more than grant or budgets allow, or for no number.

    INVARIANT: the rows that were delivered are never more than a budget, however many answers come at once: they are
    charged by compare-and-swap before the answer passes.
    """
    tool = permit.step.tool
    if tool is None or tool.rows is None or tool.rows.side != "response" or data is None:
        return None
    claims = permit.facts.token.claims if permit.facts.token else None
    counted = measure(tool.rows, data)
    if counted is None:
        if (claims is not None and claims.grant.constraints.max_rows is not None) or _is_budgeted(permit):
            raise Unfit(Reason(code=Code.OUTPUT_INVALID, detail="the answer's rows cannot be counted", rule=tool.name))
        return None
    rows = int(counted.to_integral_value(ROUND_CEILING))
    if claims is not None:
        judged = rows_within(claims.grant, rows)
        if judged.verdict is not Verdict.ALLOW:
            raise Unfit(judged.reasons[0])
    await _charged(trees, permit, rows)
    return rows


async def _charged(trees: Trees, permit: Permit, rows: int) -> None:
    faults: tuple[BudgetFault, ...] = ()

    def taken(tree: TreeState) -> TreeState:
        nonlocal faults
        after, faults = budget.take_rows(tree, permit.facts.principal.run_id, rows, permit.judged.limits)
        return after

    if rows:
        await trees.change(permit.facts, taken)
    if faults and permit.judged.decision.mode is Mode.ENFORCE:
        raise Unfit(budget.judge(faults).reasons[0])


def _is_budgeted(permit: Permit) -> bool:
    enforced = permit.judged.decision.mode is Mode.ENFORCE
    return enforced and any(limits.budgets.max_rows is not None for limits in permit.judged.limits.values())
