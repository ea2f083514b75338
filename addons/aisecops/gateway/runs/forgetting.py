"""What the store need not keep any more: trees of runs that have long stood still, and questions answered long ago.

The record keeps all of it. INVARIANT: forgetting never allows what was refused before: a run that is forgotten is
unknown, and a tree that counts for another one that is kept, because that one works on its words, is kept with it.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Mapping
from typing import Protocol

from aisecops.gateway.ports import AuditLog, Clock, RuleSource
from aisecops.model.budget import TreeState
from aisecops.model.ids import AgentId, RunId
from aisecops.model.record import Event, EventName
from aisecops.model.value import Value

DAY_MS = 24 * 60 * 60 * 1000
AT_ONCE = 200
"""So many questions are forgotten in one call of the store."""
CONTROL = ("AIS-OBS-01",)


class SomeTrees(Value):
    """Trees at their versions, and what to ask for the next with; empty when there are no more."""

    trees: tuple[tuple[int, TreeState], ...]
    cursor: str = ""


class OldRuns(Protocol):
    """The store, as far as it forgets. Contract tests are those of `Store`."""

    async def some_trees(self, cursor: str = "") -> SomeTrees:
        """Some trees, in no order; each that is there from the first answer to the last is in one of them."""
        ...

    async def forget_tree(
        self, root_run_id: RunId, *, seen: int, runs: Mapping[RunId, AgentId], before_ms: int
    ) -> bool:
        """Remove a tree with its `runs` and what is revoked of them, if it is still at version `seen`.

        False, and nothing was removed: it has changed, or one of `runs` is an implicit one used since `before_ms`.
        """
        ...

    async def forget_approvals(self, *, before_ms: int, most: int) -> int:
        """Remove questions that were opened, and had ended, before `before_ms`; returns how many."""
        ...


class Forgetting:
    """Forgets runs that nobody has stepped in for `keep_ms`."""

    def __init__(self, store: OldRuns, record: AuditLog, rules: RuleSource, clock: Clock, *, keep_ms: int) -> None:
        self._store = store
        self._record = record
        self._rules = rules
        self._clock = clock
        self._keep_ms = keep_ms

    async def sweep(self) -> int:
        """Forget what may be forgotten now; returns how many trees went. Raises `StoreError`, `RecordError`.

        1. look at every tree; 2. leave those that one which stays works on; 3. put it into the record; 4. forget.
        """
        # an answer may run for an hour after its step, and its words join chains for as long as the rules say
        keep_ms = max(self._keep_ms, self._rules.current().risk.join_within_ms + DAY_MS)
        before_ms = self._clock.now_ms() - keep_ms
        old, drawn = await self._old(before_ms)
        for root in _needed(drawn, kept=drawn.keys() - old.keys()):
            old.pop(root, None)
        if old:
            fields = {"trees": len(old), "before_ms": before_ms, "kept": len(drawn) - len(old)}
            event = Event(event=EventName.RUNS_FORGOTTEN, control=CONTROL, fields=fields)
            await self._record.append(event, durable=True)
        gone = 0
        for root, (version, runs) in old.items():
            gone += await self._store.forget_tree(root, seen=version, runs=runs, before_ms=before_ms)
        while await self._store.forget_approvals(before_ms=before_ms, most=AT_ONCE) == AT_ONCE:
            pass
        return gone

    async def _old(
        self, before_ms: int
    ) -> tuple[dict[RunId, tuple[int, dict[RunId, AgentId]]], dict[RunId, frozenset[RunId]]]:
        """The trees that have stood still since before then; and for every tree, whose words it works on."""
        old: dict[RunId, tuple[int, dict[RunId, AgentId]]] = {}
        drawn: dict[RunId, frozenset[RunId]] = {}
        async for version, tree in self._trees():
            drawn[tree.root_run_id] = frozenset(one.root_run_id for one in tree.drawn)
            if _moved_ms(tree) < before_ms:
                old[tree.root_run_id] = version, {run_id: run.agent_id for run_id, run in tree.runs.items()}
        return old, drawn

    async def _trees(self) -> AsyncIterator[tuple[int, TreeState]]:
        page = await self._store.some_trees()
        while True:
            for found in page.trees:
                yield found
            if not page.cursor:
                return
            page = await self._store.some_trees(page.cursor)


def _moved_ms(tree: TreeState) -> int:
    """When anything was last opened, charged, halted or let go on in a tree."""
    started = (run.started_ms for run in tree.runs.values())
    return max(tree.seen_ms, tree.halted_ms or 0, tree.reviewed_ms, *started)


def _needed(drawn: Mapping[RunId, Iterable[RunId]], *, kept: Iterable[RunId]) -> set[RunId]:
    """What `kept` works on, and what that works on, and so on."""
    found: set[RunId] = set()
    waiting = list(kept)
    while waiting:
        for root in drawn.get(waiting.pop(), ()):
            if root not in found:
                found.add(root)
                waiting.append(root)
    return found
