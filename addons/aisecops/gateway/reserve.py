"""Changing a charge after the fact: the real cost for the reserved one, or everything back."""

from __future__ import annotations

from collections.abc import Callable

from aisecops.controls.budget import charge as budget
from aisecops.gateway.judge import Judged
from aisecops.gateway.ports import Store
from aisecops.model.budget import TreeState
from aisecops.model.decision import Verdict
from aisecops.model.errors import Fault, Stale, StoreError
from aisecops.model.facts import Facts

SWAP_TRIES = 200


async def change_tree(store: Store, facts: Facts, change: Callable[[TreeState], TreeState]) -> TreeState:
    """Apply `change` to the run's tree as it is now, by compare-and-swap. Raises `StoreError`."""
    run_id = facts.principal.run_id
    for _ in range(SWAP_TRIES):
        snapshot = await store.snapshot(run_id)
        if snapshot is None:
            raise StoreError(f"the run `{run_id}` has vanished from the store")
        new = change(snapshot.tree)
        if new == snapshot.tree:
            return new
        try:
            # what a power failure undoes here leaves what was reserved
            await store.swap_tree(snapshot.tree.root_run_id, seen=snapshot.version, new=new, durable=False)
        except Stale:
            continue
        return new
    raise StoreError("the run's tree is changed by others faster than it can be read")


def must_last(facts: Facts, judged: Judged) -> bool:
    """True when a power failure may not undo what `judged` takes: the world changes after it, or the run is halted.

    As with the record (contract 7): what is only read may be a moment ahead of the disk.
    """
    return facts.request.effect.changes_state or judged.decision.enforced is not Verdict.ALLOW


async def give_back(store: Store, facts: Facts, judged: Judged) -> None:
    """Give back what was reserved for a step that never left.

    When the store cannot be asked, it stays charged: too much is safe, too little is not.
    """
    charge, risk = judged.charge, judged.decision.risk
    if charge is None:
        return
    risk_micros = risk.micros if risk else 0
    try:
        await change_tree(store, facts, lambda tree: budget.release(tree, charge, risk_micros))
    except Fault:
        return
