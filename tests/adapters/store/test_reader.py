from __future__ import annotations

import sqlite3
from contextlib import closing

import pytest

from aisecops.adapters.store.reader import Reader
from aisecops.adapters.store.schema import prepare
from aisecops.adapters.store.sqlite import SqliteStore
from aisecops.model.errors import StoreError
from support.trees import ROOT, run_of, tree_of


@pytest.fixture
def path(tmp_path):
    prepare(tmp_path / "store.sqlite", busy_ms=100)
    return tmp_path / "store.sqlite"


async def test_a_look_up_leaves_no_old_state_behind(path):
    store = SqliteStore(path)
    await store.open_run(run_of(ROOT), tree_of(), seen=None)
    for version in range(1, 10):
        assert (await store.snapshot(ROOT)).version == version
        await store.swap_tree(ROOT, seen=version, new=tree_of())
    await store.close()


async def test_a_file_that_is_busy_for_a_moment_is_waited_for(path):
    reader = Reader(path, busy_ms=5_000)
    busy = sqlite3.OperationalError("database is locked")
    busy.sqlite_errorcode = sqlite3.SQLITE_BUSY_RECOVERY

    class Busy:
        def execute(self, *_):
            raise busy

    whole, reader._connection = reader._connection, Busy()
    assert await reader.look_up("SELECT 1") == [(1,)]
    reader._connection = whole
    await reader.close()


async def test_a_look_up_cannot_write(path):
    reader = Reader(path, busy_ms=100)
    with pytest.raises(StoreError, match="readonly"):
        await reader.look_up("DELETE FROM runs")
    await reader.close()


@pytest.mark.parametrize("ask", ["look_up", "read"])
async def test_a_broken_question_is_a_store_error(path, ask):
    reader = Reader(path, busy_ms=100)
    with pytest.raises(StoreError, match="no such table"):
        await getattr(reader, ask)("SELECT * FROM gone")
    await reader.close()
    with pytest.raises(StoreError, match="closed"):
        await getattr(reader, ask)("SELECT 1")


async def test_a_writer_does_not_keep_readers_waiting(path):
    reader = Reader(path, busy_ms=100)
    with closing(sqlite3.connect(path, isolation_level=None)) as writer:
        writer.execute("BEGIN IMMEDIATE")
        writer.execute("INSERT INTO uses VALUES ('cap_1', 1, 1)")
        assert await reader.look_up("SELECT * FROM uses") == []
        assert await reader.read("SELECT * FROM uses") == []
        writer.execute("COMMIT")
        assert await reader.look_up("SELECT used FROM uses") == [(1,)]
    await reader.close()
