"""Short work on the file is done where it is asked for; what would wait is the thread's, and nothing stays off the disk."""

from __future__ import annotations

import asyncio
import fcntl
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from aisecops.adapters.store import here as here_module
from aisecops.adapters.store.here import Here, NotNow
from aisecops.adapters.store.schema import prepare
from aisecops.adapters.store.sqlite import SqliteStore
from aisecops.model.errors import Stale
from support.trees import ROOT, run_of, tree_of


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(here_module, "_SLOW_S", 60.0)  # a busy machine is slow without a reason
    made = tmp_path / "store.db"
    prepare(made, busy_ms=5_000)
    return made


def add(connection: sqlite3.Connection) -> None:
    connection.execute("INSERT INTO revocations VALUES (?, ?, ?, ?)", ("token", "t1", 1, "why"))


def count(path: Path) -> int:
    with closing(sqlite3.connect(path)) as beside:
        return int(beside.execute("SELECT count(*) FROM revocations").fetchone()[0])


def test_what_is_done_here_is_there_for_others(path):
    with closing(Here(path)) as here:
        here.run(add)
        assert count(path) == 1


def test_work_that_fails_changes_nothing_and_does_not_hold_the_turn(path):
    def fails(connection: sqlite3.Connection) -> None:
        add(connection)
        raise Stale("root")

    with closing(Here(path)) as here:
        with pytest.raises(Stale):
            here.run(fails)
        assert count(path) == 0
        here.run(add)
        assert count(path) == 1


def test_nobody_waits_here_for_the_turn_of_another(path):
    with closing(Here(path)) as here, path.with_name("store.db.lock").open("r+b") as line:
        fcntl.flock(line, fcntl.LOCK_EX)
        with pytest.raises(NotNow):
            here.run(add)
        fcntl.flock(line, fcntl.LOCK_UN)
        here.run(add)


def test_nobody_waits_here_for_a_program_that_takes_no_turns(path):
    with closing(Here(path)) as here, closing(sqlite3.connect(path, isolation_level=None)) as beside:
        beside.execute("BEGIN IMMEDIATE")
        with pytest.raises(NotNow):
            here.run(add)
        beside.execute("ROLLBACK")
        here.run(add)


def test_after_slow_work_the_thread_has_the_next(path, monkeypatch):
    monkeypatch.setattr(here_module, "_SLOW_S", 0.0)
    with closing(Here(path)) as here:
        here.run(add)
        with pytest.raises(NotNow):
            here.run(add)


async def test_while_another_has_the_turn_the_loop_goes_on_and_the_write_is_done_after(path):
    store = SqliteStore(path)
    await store.open_run(run_of(ROOT), tree_of(), seen=None)
    with path.with_name("store.db.lock").open("r+b") as line:
        fcntl.flock(line, fcntl.LOCK_EX)
        swapping = asyncio.ensure_future(store.swap_tree(ROOT, seen=1, new=tree_of(), durable=False))
        for _ in range(50):
            await asyncio.sleep(0)
        assert not swapping.done()
    assert await swapping == 2
    await store.close()


async def test_what_was_not_synced_is_brought_to_the_file_soon_after(path):
    store = SqliteStore(path)
    await store.open_run(run_of(ROOT), tree_of(), seen=None)
    synced: asyncio.Event = asyncio.Event()
    loop = asyncio.get_running_loop()
    store._writer._connection.set_trace_callback(
        lambda line: loop.call_soon_threadsafe(synced.set) if "wal_checkpoint" in line else None
    )
    await store.swap_tree(ROOT, seen=1, new=tree_of(), durable=False)
    await asyncio.wait_for(synced.wait(), 10)
    await store.close()
