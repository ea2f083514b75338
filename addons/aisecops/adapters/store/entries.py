"""Entries in the SQLite store: what is kept by kind and name, as many of each kind as are kept.

Knows their SQL. What they are about is their keepers' (`model/entry.py`).
"""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Mapping, Sequence

import msgspec

from aisecops.adapters.store.reader import Reader
from aisecops.adapters.store.worker import Worker
from aisecops.model.entry import Entry, EntryKind
from aisecops.model.errors import Stale

_FEW = 8
"""So many are fetched where they are asked for; more of them in a thread."""
_FIND = """
    SELECT kind, name, entries.value, at_ms, version FROM json_each(?) AS asked JOIN entries ON name = asked.value
    WHERE kind = ?
"""
_LIST = "SELECT kind, name, value, at_ms, version FROM entries WHERE kind = ? ORDER BY place DESC LIMIT ?"
_VERSION = "SELECT version FROM entries WHERE kind = ? AND name = ?"
_KEEP = """
    INSERT INTO entries (kind, name, version, place, at_ms, value) VALUES (
        :kind, :name, 1, (SELECT coalesce(max(place), 0) + 1 FROM entries WHERE kind = :kind), :at_ms, :value)
    ON CONFLICT DO UPDATE SET version = version + 1, place = excluded.place, at_ms = excluded.at_ms,
        value = excluded.value
"""
_FORGET = """
    DELETE FROM entries WHERE kind = ? AND place <= (
        SELECT place FROM entries WHERE kind = ? ORDER BY place DESC LIMIT 1 OFFSET ?)
"""


class SqliteEntries:
    """The part of `Store` that keeps entries."""

    def __init__(self, writer: Worker, reader: Reader) -> None:
        self._writer = writer
        self._reader = reader

    async def find_entries(self, kind: EntryKind, names: Collection[str]) -> Mapping[str, Entry]:
        if not names:
            return {}
        find = self._reader.look_up if len(names) <= _FEW else self._reader.read
        found = await find(_FIND, msgspec.json.encode(list(names)).decode(), kind.value)
        return {entry.name: entry for entry in map(_entry, found)}

    async def list_entries(self, kind: EntryKind, *, limit: int = 10_000) -> Sequence[Entry]:
        return [_entry(row) for row in await self._reader.read(_LIST, kind.value, limit)]

    async def swap_entry(self, new: Entry, *, seen: int) -> int:
        def work(connection: sqlite3.Connection) -> int:
            row = connection.execute(_VERSION, (new.kind.value, new.name)).fetchone()
            if (row[0] if row else 0) != seen:
                raise Stale(new.name)
            _keep(connection, [new])
            return seen + 1

        return await self._writer.run(work)

    async def set_entries(self, *entries: Entry) -> None:
        await self._writer.run(lambda connection: _keep(connection, entries))


def _keep(connection: sqlite3.Connection, entries: Sequence[Entry]) -> None:
    rows = [{"kind": e.kind.value, "name": e.name, "at_ms": e.at_ms, "value": e.value} for e in entries]
    connection.executemany(_KEEP, rows)
    for kind in {entry.kind for entry in entries}:
        connection.execute(_FORGET, (kind.value, kind.value, kind.most))


def _entry(row: tuple[str, str, bytes, int, int]) -> Entry:
    kind, name, value, at_ms, version = row
    return Entry(kind=EntryKind(kind), name=name, value=value, at_ms=at_ms, version=version)
