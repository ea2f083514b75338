from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from msgspec.structs import replace

from aisecops.adapters.store import here
from aisecops.adapters.store.sqlite import SqliteStore
from aisecops.adapters.store.turn import Turn
from aisecops.model.errors import Stale, StoreError
from aisecops.model.ids import RunId, TokenId
from aisecops.model.state import RevocationKind
from support.trees import BOT, OTHER, ROOT, run_of, run_state, tree_of


@pytest.fixture
def path(tmp_path) -> Path:
    return tmp_path / "store.sqlite"


async def opened(path: Path, *, busy_ms: int = 5_000) -> SqliteStore:
    store = SqliteStore(path, busy_ms=busy_ms)
    await store.open_run(run_of(ROOT), tree_of(), seen=None)
    return store


@contextmanager
def beside(path: Path) -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        yield connection


def statements(store: SqliteStore) -> list[str]:
    """Every statement the writer runs from now on."""
    seen: list[str] = []
    store._writer._connection.set_trace_callback(seen.append)
    return seen


async def test_a_restart_forgets_nothing(path):
    store = await opened(path)
    await store.swap_tree(ROOT, seen=1, new=tree_of(risk_micros=7))
    await store.revoke(RevocationKind.AGENT, BOT, now_ms=1, why="lost")
    await store.set_implicit_run(BOT, ROOT, seen=None, now_ms=0)
    await store.use_token(TokenId("cap_1"), uses=1, expires_ms=9)
    await store.close()
    again = SqliteStore(path)
    seen = await again.snapshot(ROOT)
    assert (seen.version, seen.tree.risk_micros, seen.revoked) == (2, 7, (RevocationKind.AGENT,))
    assert await again.implicit_run(BOT, now_ms=1, idle_ms=9) == ROOT
    assert not await again.use_token(TokenId("cap_1"), uses=1, expires_ms=9)
    await again.close()


async def test_what_one_store_was_told_is_done_another_sees(path):
    one, other = await opened(path), SqliteStore(path)
    for version in range(1, 20):
        await one.swap_tree(ROOT, seen=version, new=tree_of(risk_micros=version))
        assert (await other.snapshot(ROOT)).tree.risk_micros == version
    await one.close()
    await other.close()


async def test_waiting_writes_share_a_commit(path):
    store = await opened(path)
    seen = statements(store)
    names = [RunId(f"run_{n}") for n in range(300)]
    await asyncio.gather(*(store.open_run(run_of(name), tree_of(run_state(name)), seen=None) for name in names))
    assert len(await store.list_runs()) == 301
    assert seen.count("COMMIT") < 30
    await store.close()


async def test_one_lost_swap_does_not_take_its_neighbours_with_it(path):
    store = await opened(path)
    names = [RunId(f"run_{n}") for n in range(20)]
    opening = [store.open_run(run_of(name), tree_of(run_state(name)), seen=None) for name in names]
    wrong = [store.swap_tree(ROOT, seen=99, new=tree_of()), store.swap_tree(ROOT, seen=2**70, new=tree_of())]
    results = await asyncio.gather(*opening[:10], *wrong, *opening[10:], return_exceptions=True)
    assert [type(result) for result in results if result is not None] == [Stale, OverflowError]
    assert len(await store.list_runs()) == 21
    await store.close()


async def test_a_write_is_synced_and_what_need_not_be_leaves_the_writer_alone(path, monkeypatch):
    monkeypatch.setattr(here, "_SLOW_S", 60.0)
    store = await opened(path)
    await store.set_implicit_run(BOT, ROOT, seen=None, now_ms=0)
    seen = statements(store)
    await store.implicit_run(BOT, now_ms=1, idle_ms=9)
    await store.swap_tree(ROOT, seen=1, new=tree_of(), durable=False)
    await store.swap_tree(ROOT, seen=2, new=tree_of())
    assert len([line for line in seen if "UPDATE" in line]) == 1
    assert [line for line in seen if line.startswith("PRAGMA synchronous")] == []  # it is FULL from the start
    await store.close()


async def test_closing_finishes_what_is_under_way(path):
    store = await opened(path)
    names = [RunId(f"run_{n}") for n in range(50)]
    opening = asyncio.gather(*(store.open_run(run_of(name), tree_of(run_state(name)), seen=None) for name in names))
    await asyncio.sleep(0)
    await store.close()
    await opening
    with beside(path) as connection:
        assert connection.execute("SELECT count(*) FROM runs").fetchone() == (51,)


async def test_a_store_locked_by_another_refuses_and_then_goes_on(path):
    store = await opened(path, busy_ms=200)
    with beside(path) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreError, match="locked"):
            await store.swap_tree(ROOT, seen=1, new=tree_of(risk_micros=1))
        assert (await store.snapshot(ROOT)).version == 1
        other.execute("ROLLBACK")
    await store.swap_tree(ROOT, seen=1, new=tree_of(risk_micros=1))
    await store.close()


async def test_a_writer_that_never_gives_up_its_turn_makes_others_refuse_and_not_hang(path):
    store = await opened(path, busy_ms=200)
    with closing(Turn(path)) as stopped, stopped:
        with pytest.raises(StoreError, match="did not answer"):
            await store.swap_tree(ROOT, seen=1, new=tree_of(risk_micros=1))
        assert (await store.snapshot(ROOT)).version == 1
    with pytest.raises(Stale):
        await store.swap_tree(ROOT, seen=1, new=tree_of(risk_micros=2))
    assert (await store.snapshot(ROOT)).tree.risk_micros == 1
    await store.close()


async def test_a_full_disk_refuses_and_then_goes_on(path):
    store = await opened(path)
    writer = store._writer._connection
    (pages,) = writer.execute("PRAGMA page_count").fetchone()
    writer.execute(f"PRAGMA max_page_count = {pages}")
    big = tree_of(halted_why="x" * 100_000)
    results = await asyncio.gather(
        store.swap_tree(ROOT, seen=1, new=big),
        store.use_token(TokenId("cap_1"), uses=1, expires_ms=9),
        return_exceptions=True,
    )
    assert isinstance(results[0], StoreError)
    assert "full" in str(results[0])
    assert (await store.snapshot(ROOT)).version == 1
    writer.execute("PRAGMA max_page_count = 100000")
    assert await store.swap_tree(ROOT, seen=1, new=big) == 2
    await store.close()


@pytest.mark.parametrize("replaced", [False, True])
async def test_a_file_that_vanished_refuses_everything(path, replaced):
    store = await opened(path)
    path.unlink()
    if replaced:
        await SqliteStore(path).close()
    for ask in (store.swap_tree(ROOT, seen=1, new=tree_of()), store.snapshot(ROOT), store.ping()):
        with pytest.raises(StoreError, match="the store") as told:
            await ask
        assert str(path.parent) not in str(told.value)  # agents are told it
    await store.close()


async def test_a_file_that_was_overwritten_refuses(path):
    store = await opened(path)
    with beside(path) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    size = path.stat().st_size
    with path.open("r+b") as file:
        file.write(b"not a database, " * (size // 16))
    for ask in (store.snapshot(ROOT), store.swap_tree(ROOT, seen=1, new=tree_of())):
        with pytest.raises(StoreError):
            await ask
    with pytest.raises(StoreError):
        await store.ping()
    await store.close()


async def test_a_value_that_cannot_be_read_refuses(path):
    store = await opened(path)
    with beside(path) as connection:
        connection.execute("UPDATE trees SET state = '{\"root_run_id\": 5}'")
    with pytest.raises(StoreError, match="cannot be read"):
        await store.snapshot(ROOT)
    await store.close()


async def test_uses_of_tokens_long_gone_are_swept_up(path):
    store = await opened(path)
    day = 24 * 60 * 60 * 1000
    for n, expires_ms in enumerate([0, 1, day, day + 2]):
        await store.use_token(TokenId(f"cap_{n}"), uses=1, expires_ms=expires_ms)
    with beside(path) as connection:
        assert connection.execute("SELECT token_id FROM uses ORDER BY 1").fetchall() == [("cap_2",), ("cap_3",)]
    await store.close()


async def test_a_snapshot_looks_everything_up_and_scans_nothing(path):
    store = await opened(path)
    seen: list[str] = []
    store._reader._connection.set_trace_callback(seen.append)
    await store.snapshot(ROOT, token_id=TokenId("cap_1"), key_id="k1")
    (query,) = [line for line in seen if line.strip().startswith("SELECT")]
    with beside(path) as connection:
        plan = [row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {query}")]
    assert not [step for step in plan if step.startswith("SCAN")]
    await store.close()


async def test_a_cancelled_swap_may_be_done_but_never_halfway(path):
    store = await opened(path)
    for _ in range(30):
        seen = await store.snapshot(ROOT)
        new = replace(seen.tree, risk_micros=seen.version)
        swap = asyncio.ensure_future(store.swap_tree(ROOT, seen=seen.version, new=new))
        await asyncio.sleep(0)
        swap.cancel()
        await asyncio.gather(swap, return_exceptions=True)
        await store.use_token(TokenId("cap_1"), uses=1, expires_ms=9)
        after = await store.snapshot(ROOT)
        assert after.tree.risk_micros == after.version - 1
    await store.close()


async def test_a_run_of_another_root_is_not_mixed_up(path):
    store = await opened(path)
    await store.open_run(run_of(OTHER), tree_of(run_state(OTHER)), seen=None)
    await store.swap_tree(OTHER, seen=1, new=tree_of(run_state(OTHER), risk_micros=3))
    assert (await store.snapshot(ROOT)).tree.risk_micros == 0
    await store.close()
