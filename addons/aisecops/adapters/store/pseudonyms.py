"""Stand-ins in the store's SQLite file, sealed, for all processes of one machine.

Knows how they are kept and found again; how they are sealed is `stand_ins.py`. When a tree ends they are gone, and at
the latest a week after its last stand-in.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Sequence
from pathlib import Path

import msgspec

from aisecops.adapters.store.reader import Reader
from aisecops.adapters.store.schema import prepare
from aisecops.adapters.store.stand_ins import Sealing
from aisecops.adapters.store.worker import Worker
from aisecops.model.errors import StoreError
from aisecops.model.ids import RunId
from aisecops.model.stand_in import Given

KEPT_S = 7 * 24 * 60 * 60
"""How long after its last new stand-in those of a tree are kept that never said it ended."""
_NEWER = "SELECT place, sealed FROM given WHERE root_run_id = ? AND place > ? ORDER BY place"
_KEEP = """
    INSERT INTO given (root_run_id, receiver, value, text, kept_ms, sealed)
    SELECT :root, :receiver, :value, :text, :now, :sealed
    WHERE NOT EXISTS (SELECT 1 FROM given WHERE root_run_id = :root AND value = :value AND text != :text)
    AND NOT EXISTS (SELECT 1 FROM given WHERE root_run_id = :root AND text = :text AND value != :value)
    ON CONFLICT DO NOTHING
"""
_FORGET_OLD = """
    DELETE FROM given WHERE root_run_id IN (SELECT root_run_id FROM given WHERE kept_ms < ?)
    AND root_run_id NOT IN (SELECT root_run_id FROM given WHERE kept_ms >= ?)
"""


class SqlitePseudonyms:
    """`PseudonymStore` in the file at `path`, sealed with `key` (32 bytes). Not shared by machines."""

    def __init__(self, path: Path, key: bytes, *, busy_ms: int = 5_000, kept_ms: int = KEPT_S * 1000) -> None:
        """Open the file, made if there is none. Raises `ConfigError` and `StoreError` as the store does."""
        prepare(path, busy_ms=busy_ms)
        self._sealing = Sealing(key)
        self._kept_ms = kept_ms
        try:
            self._writer = Worker(path, name="pseudonym-writer", writes=True, busy_ms=busy_ms)
            self._reader = Reader(path, busy_ms=busy_ms)
        except (sqlite3.Error, OSError) as error:
            raise StoreError(f"the store `{path}` cannot be opened: {error}") from error

    async def keep(self, root_run_id: RunId, given: Sequence[Given]) -> None:
        now_ms = time.time_ns() // 1_000_000
        sealed = [self._sealing.sealed(root_run_id, one) for one in given]
        rows = [msgspec.structs.asdict(one) | {"root": root_run_id, "now": now_ms} for one in sealed]

        def work(connection: sqlite3.Connection) -> None:
            connection.execute(_FORGET_OLD, (now_ms - self._kept_ms, now_ms - self._kept_ms))
            connection.executemany(_KEEP, rows)

        await self._writer.run(work)

    async def newer(self, root_run_id: RunId, after: int) -> tuple[int, Sequence[Given]]:
        rows = await self._reader.look_up(_NEWER, root_run_id, after)
        given = self._sealing.opened(root_run_id, [sealed for _, sealed in rows])
        return (rows[-1][0] if rows else after), given

    async def forget(self, root_run_id: RunId) -> None:
        def work(connection: sqlite3.Connection) -> None:
            connection.execute("DELETE FROM given WHERE root_run_id = ?", (root_run_id,))

        await self._writer.run(work)

    async def close(self) -> None:
        """Finish what is under way and let go."""
        await self._writer.close()
        await self._reader.close()


class MemoryPseudonyms:
    """`PseudonymStore` for one process and its life."""

    def __init__(self) -> None:
        self._kept: dict[RunId, list[Given]] = {}

    async def keep(self, root_run_id: RunId, given: Sequence[Given]) -> None:
        kept = self._kept.setdefault(root_run_id, [])
        for one in given:
            new = one.stand_in
            known = [other.stand_in for other in kept]
            clashes = any((old.value == new.value) != (old.text.lower() == new.text.lower()) for old in known)
            twice = any(
                (other.run_id, other.to, other.stand_in.value) == (one.run_id, one.to, new.value) for other in kept
            )
            if not clashes and not twice:
                kept.append(one)

    async def newer(self, root_run_id: RunId, after: int) -> tuple[int, Sequence[Given]]:
        kept = self._kept.get(root_run_id, [])
        return len(kept), kept[after:]

    async def forget(self, root_run_id: RunId) -> None:
        self._kept.pop(root_run_id, None)

    async def close(self) -> None:
        """Let go."""
