"""Fingerprints of content in the store's SQLite file, for all processes of one machine; and in memory, for one.

Knows how they are kept and in which order they are read. What they mean is `controls/provenance`.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from aisecops.adapters.store.provisos import InFile, InMemory
from aisecops.adapters.store.reader import Reader
from aisecops.adapters.store.schema import prepare
from aisecops.adapters.store.worker import Worker
from aisecops.adapters.store.written import name_of, packed, unpacked
from aisecops.controls.provenance.fingerprint import unpacked as hashes
from aisecops.gateway.ports import KNOWN_AT_ONCE
from aisecops.gateway.proviso import Asked
from aisecops.model.errors import StoreError
from aisecops.model.ids import RunId
from aisecops.model.known import AskedAbout, Known, KnownContent, KnownOutput, ProposedWords, SaidWords

MAX_BYTES = 64 * 1024 * 1024
"""Kept in all; a page of text takes about as much as it has characters."""
_CHECK_EVERY = 100

_KEEP = "INSERT INTO known (name, known, size) VALUES (?, ?, ?) ON CONFLICT DO NOTHING"
_LAST = "SELECT max(place) FROM known"
_SINCE = "SELECT count(*), max(place) FROM known WHERE place > ?"
_NEWER = "SELECT place, known FROM known WHERE place > ? ORDER BY place LIMIT ?"
_OF_TREE = "SELECT known FROM known WHERE name >= ? AND name < ? ORDER BY place"
_FORGET = """
    DELETE FROM known WHERE place <= (
        SELECT max(place) FROM (SELECT place, sum(size) OVER (ORDER BY place DESC) AS kept FROM known) WHERE kept > ?)
"""


class SqliteContent:
    """`ContentStore` in the file at `path`. Shared by any number of processes; not by machines."""

    def __init__(self, path: Path, *, busy_ms: int = 5_000, max_bytes: int = MAX_BYTES) -> None:
        """Open the file, made if there is none. Raises `ConfigError` and `StoreError` as the store does."""
        prepare(path, busy_ms=busy_ms)
        self._max_bytes = max_bytes
        self._kept = 0
        try:
            self._writer = Worker(path, name="content-writer", writes=True, busy_ms=busy_ms)
            self._reader = Reader(path, busy_ms=busy_ms)
        except (sqlite3.Error, OSError) as error:
            raise StoreError(f"the store `{path}` cannot be opened: {error}") from error

    async def keep(self, *known: Known, after: int = 0) -> int:
        rows = _rows(known)

        def work(connection: sqlite3.Connection) -> int:
            added = self._add(connection, rows)
            since, last = connection.execute(_SINCE, (after,)).fetchone()
            return last if since == added > 0 else after

        # Not durable on purpose: after a power failure the agents that read it are gone too.
        return await self._writer.run(work, durable=False)

    def _add(self, connection: sqlite3.Connection, rows: Sequence[tuple[str, bytes, int]]) -> int:
        """How many were new."""
        added = connection.executemany(_KEEP, rows).rowcount
        self._kept += len(rows)
        if self._kept >= _CHECK_EVERY:
            self._kept = 0
            connection.execute(_FORGET, (self._max_bytes,))
        return added

    async def newer(self, after: int) -> tuple[int, Sequence[Known]]:
        # asked before each trace, and mostly there is nothing: fetched where it is asked for
        rows = await self._reader.look_up(_NEWER, after, KNOWN_AT_ONCE)
        return (rows[-1][0] if rows else after), [unpacked(data) for _, data in rows]

    def unless_known(
        self, after: int, root_run_id: RunId, asked: Asked, *, keep: Sequence[Known] = ()
    ) -> InFile[tuple[int, Sequence[Known]]]:
        rows = _rows(keep) if keep else ()

        def work(connection: sqlite3.Connection) -> tuple[bool, tuple[int, Sequence[Known]]]:
            known: Sequence[Known] = ()
            place = after
            if found := connection.execute(_NEWER, (after, KNOWN_AT_ONCE)).fetchall():
                known, place = [unpacked(data) for _, data in found], found[-1][0]
                if len(known) >= KNOWN_AT_ONCE or _concern(known, root_run_id, asked()):
                    return False, (place, known)
            if rows and self._add(connection, rows):
                place = connection.execute(_LAST).fetchone()[0]
            return True, (place, known)

        return InFile(work)

    async def of_tree(self, root_run_id: RunId) -> Sequence[SaidWords | ProposedWords]:
        rows = await self._reader.look_up(_OF_TREE, f"{root_run_id}:", f"{root_run_id};")
        found = [unpacked(data) for (data,) in rows]
        return [said for said in found if not isinstance(said, KnownContent | KnownOutput)]

    async def close(self) -> None:
        await self._writer.close()
        await self._reader.close()


class MemoryContent:
    """`ContentStore` for one process and its life."""

    def __init__(self) -> None:
        self._known: dict[str, Known] = {}

    async def keep(self, *known: Known, after: int = 0) -> int:
        before = len(self._known)
        self._add(known)
        return len(self._known) if before == after else after

    async def newer(self, after: int) -> tuple[int, Sequence[Known]]:
        return len(self._known), list(self._known.values())[after:]

    def unless_known(
        self, after: int, root_run_id: RunId, asked: Asked, *, keep: Sequence[Known] = ()
    ) -> InMemory[tuple[int, Sequence[Known]]]:
        newer: list[Known] = []

        def look() -> tuple[bool, tuple[int, Sequence[Known]]]:
            newer[:] = list(self._known.values())[after:]
            return not _concern(newer, root_run_id, asked()), (after + len(newer), newer)

        def act() -> tuple[int, Sequence[Known]]:
            self._add(keep)
            return len(self._known), newer

        return InMemory(look, act)

    def _add(self, known: Sequence[Known]) -> None:
        for one in known:
            self._known.setdefault(name_of(one), one)

    async def of_tree(self, root_run_id: RunId) -> Sequence[SaidWords | ProposedWords]:
        said = [one for one in self._known.values() if not isinstance(one, KnownContent | KnownOutput)]
        return [one for one in said if one.root_run_id == root_run_id]

    async def close(self) -> None:
        """Nothing is held."""


def _rows(known: Sequence[Known]) -> list[tuple[str, bytes, int]]:
    return [(name_of(one), data, len(data)) for one in known for data in (packed(one),)]


def _concern(known: Sequence[Known], root_run_id: RunId, asked: AskedAbout) -> bool:
    """Is any of `known` of this tree, or `asked` about?"""
    prints = hashes(asked.prints)
    return any(
        (asked.outputs and isinstance(one, KnownOutput)) or np.isin(prints, hashes(one.prints)).any()
        if isinstance(one, KnownContent | KnownOutput)
        else one.root_run_id == root_run_id
        for one in known
    )
