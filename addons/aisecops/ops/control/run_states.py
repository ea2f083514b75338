"""How runs stand, for the API and the pages alike: read for all of a list at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from aisecops.controls.budget.phase import phase_of
from aisecops.gateway.ports import Store
from aisecops.model.budget import RunPhase, TreeState
from aisecops.model.ids import RunId
from aisecops.model.state import Run


async def trees_of(store: Store, runs: Sequence[Run]) -> Mapping[RunId, TreeState]:
    """The trees of `runs` by their roots; none for one that the store has forgotten."""
    found = await store.changed_trees(dict.fromkeys((run.root_run_id for run in runs), 0))
    return {root: tree for root, (_, tree) in found.items()}


async def waiting_runs(store: Store) -> frozenset[RunId]:
    """Runs with a step that waits for a person."""
    return frozenset(a.run_id for a in await store.list_approvals(pending=True))


def standing(run: Run, tree: TreeState | None, waiting: frozenset[RunId]) -> str:
    """`active`, `held`, `halted` or `finished`."""
    if tree is None or run.run_id not in tree.runs:
        return RunPhase.FINISHED.value
    phase = phase_of(tree, run.run_id)
    return RunPhase.HELD.value if phase is RunPhase.ACTIVE and run.run_id in waiting else phase.value


async def standings(store: Store, runs: Sequence[Run]) -> list[str]:
    """How each of `runs` stands, in their order."""
    if not runs:
        return []
    trees, waiting = await trees_of(store, runs), await waiting_runs(store)
    return [standing(run, trees.get(run.root_run_id), waiting) for run in runs]
