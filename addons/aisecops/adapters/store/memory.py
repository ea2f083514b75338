"""The store in memory, for tests: every promise of the port `Store` except surviving the process.

Values are kept as JSON, as the other stores keep them, so that nobody's later change reaches in. Each
method yields to the loop once before it acts, so that parallel callers really interleave.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping, Sequence
from typing import Any

import msgspec
from msgspec.structs import replace

from aisecops.adapters.store.provisos import held_if_so
from aisecops.gateway.proviso import Proviso
from aisecops.gateway.runs.forgetting import SomeTrees
from aisecops.model.budget import TreeState
from aisecops.model.entry import Entry, EntryKind
from aisecops.model.errors import Stale, StoreError
from aisecops.model.ids import AgentId, ApprovalId, RunId, TokenId
from aisecops.model.state import Approval, ApprovalState, RevocationKind, Run, Snapshot

_OPEN = frozenset({ApprovalState.PENDING, ApprovalState.APPROVED})


class MemoryStore:
    """One process, one event loop."""

    def __init__(self) -> None:
        self._runs: dict[RunId, Run] = {}
        self._trees: dict[RunId, tuple[int, bytes]] = {}
        self._implicit: dict[AgentId, tuple[RunId, int]] = {}
        self._revoked: set[tuple[RevocationKind, str]] = set()
        self._used: dict[TokenId, int] = {}
        self._approvals: dict[ApprovalId, bytes] = {}
        self._entries: dict[EntryKind, dict[str, Entry]] = {kind: {} for kind in EntryKind}  # last written last
        self._closed = False

    async def open_run(self, run: Run, tree: TreeState, *, seen: int | None) -> None:
        await self._turn()
        version, _ = self._trees.get(run.root_run_id, (None, b""))
        if version != seen or run.run_id in self._runs:
            raise Stale(run.root_run_id)
        self._trees[run.root_run_id] = ((seen or 0) + 1, msgspec.json.encode(tree))
        self._runs[run.run_id] = run

    async def implicit_run(self, agent_id: AgentId, *, now_ms: int, idle_ms: int) -> RunId | None:
        await self._turn()
        run_id, used_ms = self._implicit.get(agent_id, (None, 0))
        if run_id is None:
            return None
        if now_ms - used_ms > idle_ms:
            del self._implicit[agent_id]
            return None
        self._implicit[agent_id] = (run_id, max(used_ms, now_ms))
        return run_id

    async def set_implicit_run(self, agent_id: AgentId, run_id: RunId, *, seen: RunId | None, now_ms: int) -> RunId:
        await self._turn()
        present, _ = self._implicit.get(agent_id, (None, 0))
        if present is not None and present != seen:
            return present
        self._implicit[agent_id] = (run_id, now_ms)
        return run_id

    async def snapshot(self, run_id: RunId, *, token_id: TokenId | None = None, key_id: str = "") -> Snapshot | None:
        await self._turn()
        run = self._runs.get(run_id)
        if run is None:
            return None
        version, state = self._trees[run.root_run_id]
        names = {
            RevocationKind.TOKEN: token_id,
            RevocationKind.RUN: run_id,
            RevocationKind.AGENT: run.agent_id,
            RevocationKind.KEY: key_id,
        }
        revoked = tuple(kind for kind, name in names.items() if name and (kind, name) in self._revoked)
        return Snapshot(run=run, tree=msgspec.json.decode(state, type=TreeState), version=version, revoked=revoked)

    async def changed_trees(self, seen: Mapping[RunId, int]) -> Mapping[RunId, tuple[int, TreeState]]:
        await self._turn()
        found = {root: self._trees[root] for root in seen if root in self._trees}
        return {
            root: (version, msgspec.json.decode(state, type=TreeState))
            for root, (version, state) in found.items()
            if version != seen[root]
        }

    async def revoked(self, names: Collection[tuple[RevocationKind, str]]) -> frozenset[tuple[RevocationKind, str]]:
        await self._turn()
        return frozenset(self._revoked.intersection(names))

    async def swap_tree(self, root_run_id: RunId, *, seen: int, new: TreeState, durable: bool = True) -> int:  # noqa: ARG002 - memory is gone with the process
        await self._turn()
        version, _ = self._trees.get(root_run_id, (None, b""))
        if version != seen:
            raise Stale(root_run_id)
        self._trees[root_run_id] = (seen + 1, msgspec.json.encode(new))
        return seen + 1

    async def reserve(
        self,
        seen: TreeState,
        new: TreeState,
        *,
        unless: Collection[tuple[RevocationKind, str]] = (),
        provided: Sequence[Proviso] = (),
        durable: bool = True,  # noqa: ARG002 - memory is gone with the process
    ) -> Sequence[Any]:
        await self._turn()
        version, state = self._trees.get(seen.root_run_id, (0, b""))
        if state != msgspec.json.encode(seen) or not self._revoked.isdisjoint(unless):
            raise Stale(seen.root_run_id)
        found = held_if_so(provided)
        self._trees[seen.root_run_id] = (version + 1, msgspec.json.encode(new))
        return found

    async def find_run(self, run_id: RunId) -> Run | None:
        await self._turn()
        return self._runs.get(run_id)

    async def list_runs(
        self, *, limit: int = 1000, agent_id: AgentId | None = None, before: RunId | None = None
    ) -> Sequence[Run]:
        await self._turn()
        found = [run for run in self._runs.values() if agent_id in {None, run.agent_id}]
        found.sort(key=lambda run: (run.opened_ms, run.run_id), reverse=True)
        if before is not None:
            names = [run.run_id for run in found]
            found = found[names.index(before) + 1 :] if before in names else []
        return found[:limit]

    async def revoke(self, kind: RevocationKind, name: str, *, now_ms: int, why: str) -> None:
        del now_ms, why  # for people to look up later, which nobody does here
        await self._turn()
        self._revoked.add((kind, name))

    async def use_token(self, token_id: TokenId, *, uses: int, expires_ms: int) -> bool:
        del expires_ms  # nothing here lives long enough to be swept up
        await self._turn()
        used = self._used.get(token_id, 0)
        if used >= uses:
            return False
        self._used[token_id] = used + 1
        return True

    async def open_approval(self, approval: Approval) -> Approval:
        await self._turn()
        for kept in map(_approval, self._approvals.values()):
            same = (kept.run_id, kept.digest) == (approval.run_id, approval.digest)
            if same and kept.state in _OPEN and kept.expires_ms > approval.opened_ms:
                return kept
        if approval.approval_id in self._approvals:
            raise StoreError(f"approval `{approval.approval_id}` exists already")
        self._approvals[approval.approval_id] = msgspec.json.encode(approval)
        return approval

    async def find_approval(self, approval_id: ApprovalId) -> Approval | None:
        await self._turn()
        kept = self._approvals.get(approval_id)
        return None if kept is None else _approval(kept)

    async def list_approvals(self, *, limit: int = 1000, pending: bool = False) -> Sequence[Approval]:
        await self._turn()
        found = map(_approval, self._approvals.values())
        newest = sorted(found, key=lambda kept: (kept.opened_ms, kept.approval_id), reverse=True)[:limit]
        return [kept for kept in newest if kept.state is ApprovalState.PENDING or not pending]

    async def swap_approval(self, seen: Approval, new: Approval) -> None:
        await self._turn()
        if seen.approval_id != new.approval_id:
            raise ValueError("an approval keeps its id")
        if self._approvals.get(seen.approval_id) != msgspec.json.encode(seen):
            raise Stale(seen.approval_id)
        self._approvals[seen.approval_id] = msgspec.json.encode(new)

    async def find_entries(self, kind: EntryKind, names: Collection[str]) -> Mapping[str, Entry]:
        await self._turn()
        kept = self._entries[kind]
        return {name: kept[name] for name in names if name in kept}

    async def list_entries(self, kind: EntryKind, *, limit: int = 10_000) -> Sequence[Entry]:
        await self._turn()
        return list(reversed(self._entries[kind].values()))[:limit]

    async def swap_entry(self, new: Entry, *, seen: int) -> int:
        await self._turn()
        kept = self._entries[new.kind].get(new.name)
        if (kept.version if kept else 0) != seen:
            raise Stale(new.name)
        return self._keep(new)

    async def set_entries(self, *entries: Entry) -> None:
        await self._turn()
        for new in entries:
            self._keep(new)

    def _keep(self, new: Entry) -> int:
        kept = self._entries[new.kind]
        before = kept.pop(new.name, None)
        version = (before.version if before else 0) + 1
        kept[new.name] = replace(new, version=version)
        while len(kept) > new.kind.most:
            del kept[next(iter(kept))]
        return version

    async def some_trees(self, cursor: str = "") -> SomeTrees:
        del cursor  # all of them are one page
        await self._turn()
        return SomeTrees(
            trees=tuple(
                (version, msgspec.json.decode(state, type=TreeState)) for version, state in self._trees.values()
            )
        )

    async def forget_tree(
        self, root_run_id: RunId, *, seen: int, runs: Mapping[RunId, AgentId], before_ms: int
    ) -> bool:
        await self._turn()
        in_use = any(run in runs and used_ms >= before_ms for run, used_ms in self._implicit.values())
        if in_use or self._trees.get(root_run_id, (None, b""))[0] != seen:
            return False
        del self._trees[root_run_id]
        self._implicit = {agent: kept for agent, kept in self._implicit.items() if kept[0] not in runs}
        for run in runs:
            self._runs.pop(run, None)
            self._revoked.discard((RevocationKind.RUN, run))
        return True

    async def forget_approvals(self, *, before_ms: int, most: int) -> int:
        await self._turn()
        old = [
            one for one in map(_approval, self._approvals.values()) if max(one.opened_ms, one.expires_ms) < before_ms
        ]
        for one in old[:most]:
            del self._approvals[one.approval_id]
        return len(old[:most])

    async def ping(self) -> None:
        await self._turn()

    async def close(self) -> None:
        self._closed = True

    async def _turn(self) -> None:
        if self._closed:
            raise StoreError("the store is closed")
        await asyncio.sleep(0)


def _approval(kept: bytes) -> Approval:
    return msgspec.json.decode(kept, type=Approval)
