"""How trees of runs stood when this process last read or changed them, so that a step need not ask before it charges.

INVARIANT: what is kept here decides nothing. It is a guess until the store has found the tree to be exactly so, and
none of the names in question revoked, in the same moment in which it charges (`Store.reserve`). A refusal, a hold, and
whatever serves only once rest on what was read.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Collection, Sequence
from typing import Any

from aisecops.controls.budget import charge as budget
from aisecops.gateway.entries import SWAP_TRIES
from aisecops.gateway.ports import Store
from aisecops.gateway.resting import Rests
from aisecops.gateway.step.judge import Judged
from aisecops.gateway.step.reserve import OUTRUN
from aisecops.model.budget import TreeState
from aisecops.model.errors import Fault, Moved, Stale, StoreError
from aisecops.model.facts import Facts
from aisecops.model.ids import RunId
from aisecops.model.state import RevocationKind, Run, Snapshot

MOST_KNOWN = 1_000
"""Trees and runs that are at hand; those used longest ago go first."""
GUESS = 0
"""The version of a snapshot that was not read. The store's begin at 1."""


class Trees:
    """The trees of one process's steps. From many tasks at once."""

    def __init__(self, store: Store, *, most: int = MOST_KNOWN) -> None:
        self._store = store
        self._most = most
        self._trees: OrderedDict[RunId, TreeState] = OrderedDict()
        self._runs: OrderedDict[RunId, Run] = OrderedDict()

    async def run(self, run_id: RunId) -> Run | None:
        """The run as it was opened, which never changes; None for one that nobody opened. Raises `StoreError`."""
        if (known := self._runs.get(run_id)) is not None:
            return known
        run = await self._store.find_run(run_id)
        if run is not None:
            self._keep(self._runs, run_id, run)
        return run

    def guess(self, run_id: RunId) -> Snapshot | None:
        """How the run stood last, as if nothing were revoked; None when that is not at hand."""
        run = self._runs.get(run_id)
        tree = self._trees.get(run.root_run_id) if run is not None else None
        if run is None or tree is None or run_id not in tree.runs:
            return None
        return Snapshot(run=run, tree=tree, version=GUESS)

    def read(self, snapshot: Snapshot) -> None:
        """The store says so."""
        self._keep(self._runs, snapshot.run.run_id, snapshot.run)
        self._keep(self._trees, snapshot.tree.root_run_id, snapshot.tree)

    async def swapped(
        self,
        seen: Snapshot,
        new: TreeState,
        *,
        durable: bool,
        unless: Collection[tuple[RevocationKind, str]] = (),
        rests: Rests | None = None,
    ) -> bool:
        """Put `new` in the place of the tree in `seen`; False when it no longer stands so: then read, and judge again.

        `unless` is what a guess took to be not revoked; False also when something else that it `rests` on is not so.
        Raises `StoreError`.
        """
        root_run_id = seen.tree.root_run_id
        told: Sequence[Any] = ()
        self._trees.pop(root_run_id, None)  # nobody knows how it stands until the store has answered
        try:
            if rests is not None or seen.version == GUESS:
                provided = rests.provided() if rests is not None else ()
                told = await self._store.reserve(seen.tree, new, unless=unless, provided=provided, durable=durable)
            else:
                await self._store.swap_tree(root_run_id, seen=seen.version, new=new, durable=durable)
        except Stale:
            return False
        except Moved as moved:
            self._keep(self._trees, root_run_id, seen.tree)
            if rests is not None:
                await rests.moved(moved.found)
            return False
        self._keep(self._trees, root_run_id, new)
        if rests is not None:
            await rests.came_true(told)
        return True

    async def change(self, facts: Facts, change: Callable[[TreeState], TreeState]) -> TreeState:
        """Apply `change` to the run's tree as it is now; what it made of it last is what came true.

        Raises `StoreError`.
        """
        run_id = facts.principal.run_id
        seen = self.guess(run_id)
        for _ in range(SWAP_TRIES):
            snapshot = seen or await self._store.snapshot(run_id)
            if snapshot is None:
                raise StoreError(f"the run `{run_id}` has vanished from the store")
            seen = None
            new = change(snapshot.tree)
            if new == snapshot.tree and snapshot.version != GUESS:
                return new
            # what a power failure undoes here leaves what was reserved
            if new != snapshot.tree and await self.swapped(snapshot, new, durable=False):
                return new
        raise StoreError(OUTRUN)

    async def give_back(self, facts: Facts, judged: Judged) -> None:
        """Give back what was reserved for a step that never left.

        When the store cannot be asked, it stays charged: too much is safe, too little is not.
        """
        charge, risk = judged.charge, judged.decision.risk
        if charge is None:
            return
        risk_micros = risk.micros if risk else 0
        try:
            await self.change(facts, lambda tree: budget.release(tree, charge, risk_micros))
        except Fault:
            return

    def _keep[V](self, kept: OrderedDict[RunId, V], name: RunId, value: V) -> None:
        kept[name] = value
        kept.move_to_end(name)
        if len(kept) > self._most:
            kept.popitem(last=False)
