"""What a process believes of its server: everything here is done to a real one."""

from __future__ import annotations

import asyncio
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from msgspec.structs import replace

from aisecops.adapters.store.redis import link as module
from aisecops.adapters.store.redis.marker import EMPTIED, LOST
from aisecops.adapters.store.redis.place import read_place
from aisecops.adapters.store.redis.server import begun
from aisecops.adapters.store.redis.store import RedisStore
from aisecops.model.errors import Stale, StoreError
from aisecops.model.ids import RunId
from aisecops.model.state import RevocationKind
from support.redis_server import KINDS, Server, running
from support.redis_steps import QUICK, charged, opened, opened_at, risk
from support.relay import relayed
from support.stores import joined_store
from support.trees import BOT, ROOT, run_of, run_state, tree_of


@pytest.fixture(params=KINDS)
def server(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Server]:
    with running(tmp_path / "server", request.param) as server:
        yield server


@pytest.fixture
def always_looks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LOOK_EVERY_S", 0.0)


# going out together


async def test_one_call_is_one_round_trip_and_hundreds_at_once_are_few(server):
    async with relayed(server.port) as relay:
        store = await opened_at(relay.port)
        await asyncio.gather(*(store.snapshot(ROOT) for _ in range(10)))
        before = relay.trips
        await store.snapshot(ROOT)
        assert relay.trips == before + 1
        assert all(await asyncio.gather(*(store.snapshot(ROOT) for _ in range(400))))
        assert relay.trips < before + 20
        await store.close()


async def test_a_server_that_forgot_the_scripts_is_told_them_again(server):
    store = await opened(server)
    server.tell("SCRIPT", "FLUSH")
    await charged(store, 7)
    assert await risk(store) == 7
    await store.close()


async def test_who_stops_waiting_does_not_call_it_off(server):
    store = await opened(server)
    seen = await store.snapshot(ROOT)
    asking = asyncio.ensure_future(store.swap_tree(ROOT, seen=seen.version, new=replace(seen.tree, risk_micros=3)))
    await asyncio.sleep(0)
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
    await store.close()
    other = await joined_store(server.url)
    assert await risk(other) == 3
    await other.close()


async def test_a_closed_store_is_asked_in_vain_and_leaves_nothing_of_its_own_behind(server):
    store = await opened(server)
    await store.close()
    with pytest.raises(StoreError, match="closed"):
        await store.find_run(ROOT)
    assert server.tell("HKEYS", "aisecops:store") == [b"marker"]


# down, slow


async def test_a_server_that_is_down_is_a_fault_and_is_found_again_when_it_is_back(server):
    store = await opened(server)
    await charged(store, 5)
    server.kill()
    for _ in range(2):
        with pytest.raises(StoreError, match="cannot be asked"):
            await charged(store, 6)
    server.start()
    assert await risk(store) == 5
    await store.close()


async def test_a_server_that_does_not_answer_is_a_fault_in_time_and_nothing_is_sent_twice(server):
    store = await opened(server)
    seen = await store.snapshot(ROOT)
    server.freeze()
    begin = asyncio.get_running_loop().time()
    with pytest.raises(StoreError, match=r"no answer within 0\.5 s"):
        await store.swap_tree(ROOT, seen=seen.version, new=replace(seen.tree, risk_micros=9))
    assert asyncio.get_running_loop().time() - begin < 5
    server.thaw()
    after = await store.snapshot(ROOT)
    # it was asked before it stood still: it does that once it moves again, and the version tells
    assert (after.version, after.tree.risk_micros) in {(seen.version, 0), (seen.version + 1, 9)}
    if after.version == seen.version + 1:
        with pytest.raises(Stale):
            await store.swap_tree(ROOT, seen=seen.version, new=seen.tree)
    await store.close()


async def test_all_who_wait_for_a_server_that_stands_still_are_answered(server):
    store = await opened(server)
    server.freeze()
    answers = await asyncio.gather(*(store.snapshot(ROOT) for _ in range(300)), return_exceptions=True)
    assert {type(answer) for answer in answers} == {StoreError}
    server.thaw()
    assert await risk(store) == 0
    await store.close()


# full, forgetful


async def test_a_full_server_takes_no_charge_and_is_still_asked_about_halts(server):
    store = await opened(server)
    server.tell("CONFIG", "SET", "maxmemory", "1mb")
    with pytest.raises(StoreError, match="it is full"):
        await charged(store, 1)
    assert await risk(store) == 0
    server.tell("CONFIG", "SET", "maxmemory", "256mb")
    await charged(store, 1)
    await store.close()


@pytest.mark.usefixtures("always_looks")
async def test_a_server_that_is_set_to_forget_is_asked_nothing_until_it_is_set_right(server):
    store = await opened(server)
    server.tell("CONFIG", "SET", "maxmemory-policy", "allkeys-random")
    for _ in range(2):
        with pytest.raises(StoreError, match="forgets what it holds to make room"):
            await charged(store, 1)
    server.tell("CONFIG", "SET", "maxmemory-policy", "noeviction")
    await charged(store, 1)
    assert await risk(store) == 1
    await store.close()


@pytest.mark.usefixtures("always_looks")
async def test_a_server_that_has_forgotten_something_is_not_believed_by_anybody_any_more(server):
    store, other = await opened(server), await joined_store(server.url)
    server.tell("CONFIG", "SET", "maxmemory-policy", "allkeys-random")
    for number in range(50):
        server.tell("SET", f"others:{number}", "x" * 1000)
    with server.client() as client:
        client.config_set("maxmemory", client.info("memory")["used_memory"] - 20_000)
        client.set("others:one more", "x" * 1000)
        client.config_set("maxmemory", "256mb")
        client.config_set("maxmemory-policy", "noeviction")
        assert client.info("stats")["evicted_keys"] > 0
    for process in (store, store, other):
        with pytest.raises(StoreError, match=r"lost|emptied"):
            await process.find_run(RunId("run_gone"))
    await store.close()
    await other.close()


# forgetting by restart, failover, restore


async def test_a_server_that_comes_back_empty_is_no_fresh_budget(server):
    store = await opened(server)
    await charged(store, 5)
    server.empty()
    server.start()
    asks = (
        lambda: charged(store, 1),
        lambda: store.implicit_run(BOT, now_ms=0, idle_ms=9),
        lambda: store.find_run(ROOT),
        store.ping,
    )
    for ask in asks:
        with pytest.raises(StoreError, match=EMPTIED):
            await ask()
    with pytest.raises(StoreError, match=EMPTIED):
        await joined_store(server.url, store.link.store_id)
    assert server.names() == []
    await begun(read_place(server.url), store.link.store_id)
    server.tell("SCRIPT", "FLUSH")
    assert await store.find_run(ROOT) is None
    await store.open_run(run_of(ROOT), tree_of(), seen=None)
    await store.close()


async def test_flushed_by_hand_is_empty_too(server):
    store = await opened(server)
    server.tell("FLUSHALL")
    with pytest.raises(StoreError, match=EMPTIED):
        await store.open_run(run_of(ROOT), tree_of(), seen=None)
    await store.close()


async def test_a_server_that_lost_a_charge_is_not_believed_until_an_operator_has_looked(server, tmp_path):
    store, other = await opened(server), await joined_store(server.url + QUICK)
    await charged(store, 5)
    older(server, tmp_path)
    await charged(store, 1_000_000)
    restored(server, tmp_path)
    await other.find_run(ROOT)  # it has lost nothing that it was told of
    with pytest.raises(StoreError, match="lost writes"):
        await risk(store)
    for process in (store, other):
        with pytest.raises(StoreError, match="lost writes"):
            await charged(process, 6)
    with pytest.raises(StoreError, match="lost writes"):
        await joined_store(server.url)
    await begun(read_place(server.url), store.link.store_id)
    assert [await risk(store), await risk(other)] == [5, 5]
    await charged(store, 6)
    await store.close()
    await other.close()


async def test_a_loss_that_others_have_written_over_is_noticed_all_the_same(server, tmp_path):
    store, other = await opened(server), await joined_store(server.url + QUICK)
    older(server, tmp_path)
    await charged(store, 1_000_000)
    restored(server, tmp_path)
    for number in range(20):
        await charged(other, number)
    with pytest.raises(StoreError, match=re.escape(LOST)):
        await charged(store, 6)
    await store.close()
    await other.close()


async def test_a_revocation_that_was_lost_is_noticed_by_who_revoked(server, tmp_path):
    store = await opened(server)
    older(server, tmp_path)
    await store.revoke(RevocationKind.AGENT, BOT, now_ms=1, why="stolen")
    restored(server, tmp_path)
    with pytest.raises(StoreError, match=re.escape(LOST)):
        await store.snapshot(ROOT)
    await store.close()


def older(server: Server, folder: Path) -> None:
    """Keep what the server has on disk now."""
    shutil.copytree(server.folder / "appendonlydir", folder / "older")


def restored(server: Server, folder: Path) -> None:
    """Have it restart with that."""
    server.empty()
    shutil.copytree(folder / "older", server.folder / "appendonlydir")
    server.start()


# many at once


async def test_many_processes_worth_of_connections_share_one_budget(server):
    stores = [await joined_store(server.url) for _ in range(4)]
    await stores[0].open_run(run_of(ROOT), tree_of(run_state(ROOT)), seen=None)

    async def add(store: RedisStore) -> None:
        while True:
            seen = await store.snapshot(ROOT)
            try:
                await store.swap_tree(
                    ROOT, seen=seen.version, new=replace(seen.tree, risk_micros=seen.tree.risk_micros + 1)
                )
            except Stale:
                continue
            return

    await asyncio.gather(*(add(store) for store in stores for _ in range(25)))
    assert await risk(stores[0]) == 100
    for store in stores:
        await store.close()
