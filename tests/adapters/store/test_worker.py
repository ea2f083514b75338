from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing

import pytest

from aisecops.adapters.store.schema import prepare
from aisecops.adapters.store.turn import Turn
from aisecops.adapters.store.worker import Worker
from aisecops.model.errors import StoreError


@pytest.fixture
async def worker(tmp_path) -> AsyncIterator[Worker]:
    path = tmp_path / "store.sqlite"
    prepare(path, busy_ms=1_000)
    made = Worker(path, name="writer", writes=True, busy_ms=5_000)
    yield made
    await made.close()


def use(name: str):
    return lambda connection: connection.execute("INSERT INTO uses VALUES (?, 1, 1)", (name,)).rowcount


def used(connection: sqlite3.Connection) -> list[str]:
    return [row[0] for row in connection.execute("SELECT token_id FROM uses ORDER BY rowid")]


def use_and_then(error: Exception):
    def work(connection: sqlite3.Connection) -> None:
        use("halfway")(connection)
        raise error

    return work


@pytest.mark.parametrize("error", [sqlite3.IntegrityError("twice"), ValueError("no")])
async def test_work_that_fails_halfway_changes_nothing_and_its_neighbours_are_done(worker, error):
    results = await asyncio.gather(
        worker.run(use("a")), worker.run(use_and_then(error)), worker.run(use("b")), return_exceptions=True
    )
    assert (results[0], results[2]) == (1, 1)
    assert isinstance(results[1], StoreError if isinstance(error, sqlite3.Error) else ValueError)
    assert await worker.run(used) == ["a", "b"]


async def test_when_the_transaction_is_lost_nobody_is_told_it_is_done(worker):
    def lose(connection: sqlite3.Connection) -> None:
        connection.execute("ROLLBACK")
        raise sqlite3.OperationalError("disk I/O error")

    results = await asyncio.gather(*(worker.run(work) for work in (use("a"), lose, use("b"))), return_exceptions=True)
    done = [name for name, result in zip(("a", "", "b"), results, strict=True) if result == 1]
    assert isinstance(results[1], StoreError)
    assert await worker.run(used) == done


async def test_a_commit_that_fails_is_told_to_everyone_in_it(worker):
    worker._connection.execute("CREATE TABLE must (name TEXT REFERENCES uses DEFERRABLE INITIALLY DEFERRED)")
    orphan = worker.run(lambda connection: connection.execute("INSERT INTO must VALUES ('gone')").rowcount)
    results = await asyncio.gather(orphan, return_exceptions=True)
    assert isinstance(results[0], StoreError)
    assert await worker.run(lambda connection: connection.execute("SELECT * FROM must").fetchall()) == []


async def test_work_is_done_in_the_order_it_was_asked_for(worker):
    names = [f"{n:03}" for n in range(300)]
    await asyncio.gather(*(worker.run(use(name)) for name in names))
    assert await worker.run(used) == names


async def test_a_cancelled_caller_does_not_hold_up_the_others(worker):
    tasks = [asyncio.ensure_future(worker.run(use(str(n)))) for n in range(20)]
    await asyncio.sleep(0)
    for task in tasks[::2]:
        task.cancel()
    results = await asyncio.gather(*tasks, return_exceptions=True)
    assert results[1::2] == [1] * 10


async def test_a_worker_serves_several_loops(worker):
    def elsewhere() -> int:
        return asyncio.run(worker.run(use("elsewhere")))

    assert await asyncio.gather(asyncio.to_thread(elsewhere), worker.run(use("here"))) == [1, 1]


async def test_what_is_asked_while_waiting_in_line_goes_into_the_same_transaction(worker):
    seen: list[str] = []
    worker._connection.set_trace_callback(seen.append)
    with closing(Turn(worker._path)) as another, another:
        waiting = [asyncio.ensure_future(worker.run(use("first")))]
        await asyncio.sleep(0.05)  # whether or not it has begun to wait by now, the outcome is the same
        waiting += [asyncio.ensure_future(worker.run(use(str(n)))) for n in range(20)]
        await asyncio.sleep(0)
    await asyncio.gather(*waiting)
    assert seen.count("COMMIT") == 1
