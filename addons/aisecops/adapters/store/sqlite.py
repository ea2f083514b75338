"""The store in one SQLite file, for all processes of one machine.

Knows what each promise of the port `Store` means in SQL. Transactions and threads are `worker.py`, tables
`schema.py`. In WAL mode reads (`reader.py`) and writes do not wait for each other.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from aisecops.adapters.store.old import SqliteOld
from aisecops.adapters.store.provisos import kept_if_so
from aisecops.adapters.store.reader import Reader
from aisecops.adapters.store.schema import prepare
from aisecops.adapters.store.worker import Worker
from aisecops.adapters.store.written import read, text_of
from aisecops.gateway.proviso import Proviso
from aisecops.model.budget import TreeState
from aisecops.model.errors import Stale, StoreError
from aisecops.model.ids import AgentId, ApprovalId, RunId, TokenId
from aisecops.model.state import Approval, RevocationKind, Run, Snapshot

# No capability token lives longer than minutes (contract 5): one that ended a day before another could still
# be used needs no counting any more.
KEEP_USES_MS = 24 * 60 * 60 * 1000

_SNAPSHOT = """
    SELECT run, state, version,
        (SELECT group_concat(kind) FROM revocations WHERE
            (kind = 'token' AND name = ?) OR (kind = 'run' AND name = run_id)
            OR (kind = 'agent' AND name = agent_id) OR (kind = 'key' AND name = ?))
    FROM runs JOIN trees USING (root_run_id) WHERE run_id = ?
"""
_CHANGED = """
    SELECT root_run_id, version, state FROM json_each(?) AS seen JOIN trees ON root_run_id = seen.key
    WHERE version != seen.value
"""
_REVOKED = """
    SELECT kind, name FROM json_each(?) AS asked JOIN revocations
    ON kind = json_extract(asked.value, '$[0]') AND name = json_extract(asked.value, '$[1]')
"""
_RESERVE = "UPDATE trees SET version = version + 1, state = ? WHERE root_run_id = ? AND state = ?"
_RUNS = "SELECT run FROM runs ORDER BY opened_ms DESC, run_id DESC LIMIT ?1"
_RUNS_BEFORE = """
    SELECT run FROM runs WHERE (opened_ms, run_id) < (SELECT opened_ms, run_id FROM runs WHERE run_id = ?2)
    ORDER BY opened_ms DESC, run_id DESC LIMIT ?1
"""
_RUNS_OF_AGENT = "SELECT run FROM runs WHERE agent_id = ?2 ORDER BY opened_ms DESC, run_id DESC LIMIT ?1"
_RUNS_OF_AGENT_BEFORE = """
    SELECT run FROM runs WHERE agent_id = ?2
    AND (opened_ms, run_id) < (SELECT opened_ms, run_id FROM runs WHERE run_id = ?3 AND agent_id = ?2)
    ORDER BY opened_ms DESC, run_id DESC LIMIT ?1
"""
_APPROVALS = "SELECT approval FROM approvals ORDER BY opened_ms DESC, approval_id DESC LIMIT ?"
_PENDING = """
    SELECT approval FROM
    (SELECT approval, state FROM approvals ORDER BY opened_ms DESC, approval_id DESC LIMIT ?) WHERE state = 'pending'
"""


class SqliteStore(SqliteOld):
    """`Store` on one file. Shared by any number of processes; not by machines."""

    def __init__(self, path: Path, *, busy_ms: int = 5_000) -> None:
        """Open the file, made if there is none. `busy_ms` is how long to wait for other processes.

        Raises `ConfigError` when the file is of a newer version, `StoreError` when it cannot be opened.
        """
        prepare(path, busy_ms=busy_ms)
        try:
            writer = Worker(path, name="store-writer", writes=True, busy_ms=busy_ms)
            super().__init__(writer, Reader(path, busy_ms=busy_ms))
        except (sqlite3.Error, OSError) as error:
            raise StoreError(f"the store `{path}` cannot be opened: {error}") from error

    async def open_run(self, run: Run, tree: TreeState, *, seen: int | None) -> None:
        opened, state = text_of(run), text_of(tree)

        def work(connection: sqlite3.Connection) -> None:
            if seen is None:
                sql = "INSERT INTO trees VALUES (?, 1, ?) ON CONFLICT DO NOTHING"
                placed = connection.execute(sql, (run.root_run_id, state))
            else:
                placed = _swap(connection, run.root_run_id, seen, state)
            _or_stale(placed, run.root_run_id)
            added = connection.execute(
                "INSERT INTO runs VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
                (run.run_id, run.root_run_id, run.agent_id, run.opened_ms, opened),
            )
            _or_stale(added, run.run_id)

        await self._writer.run(work)

    async def implicit_run(self, agent_id: AgentId, *, now_ms: int, idle_ms: int) -> RunId | None:
        def work(connection: sqlite3.Connection) -> RunId | None:
            # an ended one goes, so that the next can be set by whoever is first
            connection.execute(
                "DELETE FROM implicit_runs WHERE agent_id = ? AND ? - used_ms > ?", (agent_id, now_ms, idle_ms)
            )
            row = connection.execute(
                "UPDATE implicit_runs SET used_ms = max(used_ms, ?) WHERE agent_id = ? RETURNING run_id",
                (now_ms, agent_id),
            ).fetchone()
            return None if row is None else RunId(row[0])

        # Not durable on purpose: a power failure then ends the run sooner, which loses nobody a charge, and each
        # request of an agent without a run is spared a sync.
        return await self._writer.run(work, durable=False)

    async def set_implicit_run(self, agent_id: AgentId, run_id: RunId, *, seen: RunId | None, now_ms: int) -> RunId:
        def work(connection: sqlite3.Connection) -> RunId:
            row = connection.execute("SELECT run_id FROM implicit_runs WHERE agent_id = ?", (agent_id,)).fetchone()
            if row is not None and row[0] != seen:
                return RunId(row[0])
            connection.execute("INSERT OR REPLACE INTO implicit_runs VALUES (?, ?, ?)", (agent_id, run_id, now_ms))
            return run_id

        return await self._writer.run(work)

    async def snapshot(self, run_id: RunId, *, token_id: TokenId | None = None, key_id: str = "") -> Snapshot | None:
        found = await self._reader.look_up(_SNAPSHOT, token_id or None, key_id or None, run_id)
        if not found:
            return None
        run, state, version, kinds = found[0]
        revoked = frozenset((kinds or "").split(","))
        return Snapshot(
            run=read(run, Run),
            tree=read(state, TreeState),
            version=version,
            revoked=tuple(kind for kind in RevocationKind if kind in revoked),
        )

    async def changed_trees(self, seen: Mapping[RunId, int]) -> Mapping[RunId, tuple[int, TreeState]]:
        if not seen:
            return {}
        found = await self._reader.look_up(_CHANGED, msgspec.json.encode(seen).decode())
        return {RunId(root): (version, read(state, TreeState)) for root, version, state in found}

    async def revoked(self, names: Collection[tuple[RevocationKind, str]]) -> frozenset[tuple[RevocationKind, str]]:
        if not names:
            return frozenset()
        found = await self._reader.look_up(_REVOKED, msgspec.json.encode(list(names)).decode())
        return frozenset((RevocationKind(kind), name) for kind, name in found)

    async def swap_tree(self, root_run_id: RunId, *, seen: int, new: TreeState, durable: bool = True) -> int:
        state = text_of(new)

        def work(connection: sqlite3.Connection) -> int:
            _or_stale(_swap(connection, root_run_id, seen, state), root_run_id)
            return seen + 1

        return await self._writer.run(work, durable=durable)

    async def reserve(
        self,
        seen: TreeState,
        new: TreeState,
        *,
        unless: Collection[tuple[RevocationKind, str]] = (),
        provided: Sequence[Proviso] = (),
        durable: bool = True,
    ) -> Sequence[Any]:
        named = msgspec.json.encode(list(unless)).decode()
        change = (text_of(new), seen.root_run_id, text_of(seen))

        def work(connection: sqlite3.Connection) -> Sequence[Any]:
            if unless and connection.execute(_REVOKED, (named,)).fetchone() is not None:
                raise Stale(seen.root_run_id)
            _or_stale(connection.execute(_RESERVE, change), seen.root_run_id)
            return kept_if_so(connection, provided)

        return await self._writer.run(work, durable=durable)

    async def find_run(self, run_id: RunId) -> Run | None:
        found = await self._reader.look_up("SELECT run FROM runs WHERE run_id = ?", run_id)
        return read(found[0][0], Run) if found else None

    async def list_runs(
        self, *, limit: int = 1000, agent_id: AgentId | None = None, before: RunId | None = None
    ) -> Sequence[Run]:
        if agent_id is None:
            sql = _RUNS if before is None else _RUNS_BEFORE
        else:
            sql = _RUNS_OF_AGENT if before is None else _RUNS_OF_AGENT_BEFORE
        named = [name for name in (agent_id, before) if name is not None]
        found = await self._reader.read(sql, limit, *named)
        return [read(text, Run) for (text,) in found]

    async def revoke(self, kind: RevocationKind, name: str, *, now_ms: int, why: str) -> None:
        def work(connection: sqlite3.Connection) -> None:
            connection.execute(
                "INSERT INTO revocations VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING", (kind.value, name, now_ms, why)
            )

        await self._writer.run(work)

    async def use_token(self, token_id: TokenId, *, uses: int, expires_ms: int) -> bool:
        def work(connection: sqlite3.Connection) -> bool:
            connection.execute("DELETE FROM uses WHERE expires_ms < ?", (expires_ms - KEEP_USES_MS,))
            connection.execute("INSERT INTO uses VALUES (?, 0, ?) ON CONFLICT DO NOTHING", (token_id, expires_ms))
            sql = "UPDATE uses SET used = used + 1 WHERE token_id = ? AND used < ?"
            return connection.execute(sql, (token_id, uses)).rowcount == 1

        return await self._writer.run(work)

    async def open_approval(self, approval: Approval) -> Approval:
        text = text_of(approval)

        def work(connection: sqlite3.Connection) -> str:
            row: tuple[str] | None = connection.execute(
                """SELECT approval FROM approvals WHERE run_id = ? AND digest = ?
                AND state IN ('pending', 'approved') AND expires_ms > ? ORDER BY opened_ms LIMIT 1""",
                (approval.run_id, approval.digest, approval.opened_ms),
            ).fetchone()
            if row is not None:
                return row[0]
            added = connection.execute(
                "INSERT INTO approvals VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
                (
                    approval.approval_id,
                    approval.run_id,
                    approval.digest,
                    approval.opened_ms,
                    approval.expires_ms,
                    approval.state.value,
                    text,
                ),
            )
            if added.rowcount != 1:
                raise StoreError(f"approval `{approval.approval_id}` exists already")
            return text

        return read(await self._writer.run(work), Approval)

    async def find_approval(self, approval_id: ApprovalId) -> Approval | None:
        found = await self._reader.look_up("SELECT approval FROM approvals WHERE approval_id = ?", approval_id)
        return read(found[0][0], Approval) if found else None

    async def list_approvals(self, *, limit: int = 1000, pending: bool = False) -> Sequence[Approval]:
        found = await self._reader.read(_PENDING if pending else _APPROVALS, limit)
        return [read(text, Approval) for (text,) in found]

    async def swap_approval(self, seen: Approval, new: Approval) -> None:
        if seen.approval_id != new.approval_id:
            raise ValueError("an approval keeps its id")
        before, after = text_of(seen), text_of(new)

        def work(connection: sqlite3.Connection) -> None:
            row = connection.execute(
                "SELECT approval FROM approvals WHERE approval_id = ?", (seen.approval_id,)
            ).fetchone()
            # compared as written today: an older gateway may have known fewer fields
            if row is None or text_of(read(row[0], Approval)) != before:
                raise Stale(seen.approval_id)
            connection.execute(
                "UPDATE approvals SET state = ?, expires_ms = ?, approval = ? WHERE approval_id = ?",
                (new.state.value, new.expires_ms, after, new.approval_id),
            )

        await self._writer.run(work)

    async def ping(self) -> None:
        def work(connection: sqlite3.Connection) -> None:
            connection.execute("SELECT version FROM schema").fetchall()

        # asked of the writer: a store that can be read and not written is of no use to anybody
        await self._writer.run(work, durable=False)

    async def close(self) -> None:
        await self._writer.close()
        await self._reader.close()


def _swap(connection: sqlite3.Connection, root_run_id: RunId, seen: int, state: str) -> sqlite3.Cursor:
    return connection.execute(
        "UPDATE trees SET version = version + 1, state = ? WHERE root_run_id = ? AND version = ?",
        (state, root_run_id, seen),
    )


def _or_stale(done: sqlite3.Cursor, name: str) -> None:
    if done.rowcount != 1:
        raise Stale(name)
