"""The SQLite store, as far as it forgets (`gateway/runs/forgetting.py: OldRuns`)."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping

import msgspec

from aisecops.adapters.store.entries import SqliteEntries
from aisecops.adapters.store.written import read
from aisecops.gateway.runs.forgetting import SomeTrees
from aisecops.model.budget import TreeState
from aisecops.model.ids import AgentId, RunId

PAGE = 500
"""Trees that are read at once."""

_TREES = "SELECT root_run_id, version, state FROM trees WHERE root_run_id > ? ORDER BY root_run_id LIMIT ?"
_IN_USE = """
    SELECT 1 FROM json_each(?) AS one JOIN implicit_runs ON run_id = one.value WHERE used_ms >= ? LIMIT 1
"""
_FORGET = (
    "DELETE FROM implicit_runs WHERE run_id IN (SELECT value FROM json_each(?))",
    "DELETE FROM runs WHERE run_id IN (SELECT value FROM json_each(?))",
    "DELETE FROM revocations WHERE kind = 'run' AND name IN (SELECT value FROM json_each(?))",
)
_FORGET_APPROVALS = """
    DELETE FROM approvals WHERE approval_id IN (
        SELECT approval_id FROM approvals WHERE opened_ms < ? AND expires_ms < ? ORDER BY opened_ms LIMIT ?)
"""


class SqliteOld(SqliteEntries):
    """The part of the store that forgets."""

    async def some_trees(self, cursor: str = "") -> SomeTrees:
        found = await self._reader.read(_TREES, cursor, PAGE)
        trees = tuple((version, read(state, TreeState)) for _, version, state in found)
        return SomeTrees(trees=trees, cursor=found[-1][0] if len(found) == PAGE else "")

    async def forget_tree(
        self, root_run_id: RunId, *, seen: int, runs: Mapping[RunId, AgentId], before_ms: int
    ) -> bool:
        names = msgspec.json.encode(list(runs)).decode()

        def work(connection: sqlite3.Connection) -> bool:
            if connection.execute(_IN_USE, (names, before_ms)).fetchone():
                return False
            at = connection.execute("SELECT version FROM trees WHERE root_run_id = ?", (root_run_id,)).fetchone()
            if at != (seen,):
                return False
            for statement in _FORGET:
                connection.execute(statement, (names,))
            connection.execute("DELETE FROM trees WHERE root_run_id = ?", (root_run_id,))
            return True

        # a power failure that brings it back does no harm: the next sweep finds it again
        return await self._writer.run(work, durable=False)

    async def forget_approvals(self, *, before_ms: int, most: int) -> int:
        def work(connection: sqlite3.Connection) -> int:
            return connection.execute(_FORGET_APPROVALS, (before_ms, before_ms, most)).rowcount

        return await self._writer.run(work, durable=False)
