"""Joining a store, refusing one that is not ours any more, and beginning anew."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from aisecops.adapters.store.redis.marker import ANOTHER, EMPTIED
from aisecops.adapters.store.redis.place import read_place
from aisecops.adapters.store.redis.server import begun, joined, seen
from aisecops.model.errors import StoreError
from support.redis_server import KINDS, Server, running, shared
from support.stores import joined_store
from support.trees import ROOT, run_of, tree_of

NEVER_USED = "st_" + "0" * 16


@pytest.fixture
def server() -> Server:
    server = shared("redis")
    server.tell("FLUSHALL")
    return server


@pytest.fixture(params=KINDS)
def own(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Server]:
    with running(tmp_path / "server", request.param) as server:
        yield server


async def test_the_first_makes_the_store_and_the_second_joins_it(server):
    first, second = await joined_store(server.url), await joined_store(server.url)
    assert first.link.store_id == second.link.store_id
    await first.open_run(run_of(ROOT), tree_of(), seen=None)
    assert await second.find_run(ROOT) == run_of(ROOT)
    await first.close()
    await second.close()


async def test_who_knows_the_store_does_not_take_an_empty_server_for_it(server):
    with pytest.raises(StoreError, match=EMPTIED):
        await joined_store(server.url, NEVER_USED)
    assert server.names() == []


async def test_who_knows_one_store_does_not_join_another(server):
    await (await joined_store(server.url)).close()
    with pytest.raises(StoreError, match=ANOTHER):
        await joined_store(server.url, NEVER_USED)


async def test_what_is_left_of_a_store_without_its_marker_is_not_made_anothers(server):
    store = await joined_store(server.url)
    await store.open_run(run_of(ROOT), tree_of(), seen=None)
    await store.close()
    server.tell("DEL", "aisecops:store")
    with pytest.raises(StoreError, match=EMPTIED):
        await joined_store(server.url)


async def test_an_operator_may_begin_anew_under_the_same_id_and_what_is_there_stays(server):
    store = await joined_store(server.url)
    await store.open_run(run_of(ROOT), tree_of(), seen=None)
    server.tell("DEL", "aisecops:store")
    assert await begun(read_place(server.url), store.link.store_id) == store.link.store_id
    again = await joined_store(server.url, store.link.store_id)
    assert await again.find_run(ROOT) == run_of(ROOT)
    await again.close()
    await store.close()


async def test_a_store_is_looked_at_without_being_made(server):
    looked = await seen(read_place(server.url), "")
    assert (looked.store_id, looked.wrong) == ("", "")
    assert [note.refuse for note in looked.notes] == [False]
    assert server.names() == []
    assert (await seen(read_place(server.url), NEVER_USED)).wrong == EMPTIED


async def test_a_server_that_forgets_is_not_joined(own):
    own.tell("CONFIG", "SET", "maxmemory-policy", "allkeys-lru")
    with pytest.raises(StoreError, match="forgets what it holds to make room"):
        await joined(read_place(own.url), "")
    assert "forgets" in (await seen(read_place(own.url), "")).wrong
    assert own.names() == []


async def test_a_server_that_keeps_nothing_is_joined_by_who_says_so_alone(own):
    own.tell("CONFIG", "SET", "appendonly", "no")
    with pytest.raises(StoreError, match="no append-only file"):
        await joined(read_place(own.url), "")
    await (await joined_store(f"{own.url}?durability=none")).close()


async def test_nobody_there_is_a_fault_without_the_password(own):
    own.kill()
    with pytest.raises(StoreError, match="cannot be asked") as down:
        await joined(read_place(own.url.replace("//", "//us:hush@")), "")
    assert "hush" not in f"{down.value!r} {down.value.__cause__!r}"


async def test_a_wrong_password_is_told_as_such_and_not_repeated(own):
    own.tell("CONFIG", "SET", "requirepass", "right")
    for credentials in ("", ":hush@"):
        with pytest.raises(StoreError, match="password") as wrong:
            await joined(read_place(own.url.replace("//", f"//{credentials}")), "")
        assert "hush" not in str(wrong.value)
    await (await joined_store(own.url.replace("//", "//:right@"))).close()
