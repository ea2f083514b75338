"""A replica takes over, or a primary becomes one: done to real servers."""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

import pytest

from aisecops.adapters.store.redis import link as module
from aisecops.adapters.store.redis.marker import LOST
from aisecops.model.errors import StoreError
from aisecops.model.state import RevocationKind
from support.redis_server import KINDS, Server, running
from support.redis_steps import QUICK, charged, opened, opened_at, risk
from support.relay import Relay, relayed
from support.trees import BOT, ROOT


@pytest.fixture(params=KINDS)
def server(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Server]:
    with running(tmp_path / "server", request.param) as server:
        yield server


async def test_a_primary_that_becomes_a_replica_is_not_even_read(server, tmp_path):
    store = await opened(server)
    with running(tmp_path / "new", server.kind) as new:
        server.tell("REPLICAOF", "127.0.0.1", new.port)
        asks = (
            lambda: charged(store, 1),
            lambda: store.snapshot(ROOT),
            lambda: store.revoked([(RevocationKind.AGENT, BOT)]),
        )
        for ask in asks:
            with pytest.raises(StoreError, match=r"is a replica|still loading"):
                await ask()
    await store.close()


async def test_a_replica_that_has_everything_is_gone_on_with(server, tmp_path):
    with replica_of(server, tmp_path / "replica") as replica:
        async with relayed(server.port) as address:
            store = await opened_at(address.port, f"{QUICK}&replicas=1")
            await charged(store, 5)
            failed_over(address, server, replica)
            assert await after_the_cut(lambda: risk(store)) == 5
            with pytest.raises(StoreError, match="fewer than 1 replicas"):
                await charged(store, 6)
            await store.close()


async def test_a_replica_that_was_behind_is_not_believed(server, tmp_path):
    with replica_of(server, tmp_path / "replica") as replica:
        async with relayed(server.port) as address:
            store = await opened_at(address.port)
            everything_reached(server)
            replica.tell("REPLICAOF", "127.0.0.1", 1)  # cut off: what comes now does not reach it
            await charged(store, 5)
            failed_over(address, server, replica)
            with pytest.raises(StoreError, match=re.escape(LOST)):
                await after_the_cut(lambda: risk(store))
            await store.close()


async def test_a_connection_that_is_cut_in_the_middle_is_a_fault_once(server):
    async with relayed(server.port) as address:
        store = await opened_at(address.port)
        server.freeze()
        asking = [asyncio.ensure_future(store.snapshot(ROOT)) for _ in range(20)]
        await asyncio.sleep(0.1)
        address.cut()
        answers = await asyncio.gather(*asking, return_exceptions=True)
        assert {type(answer) for answer in answers} == {StoreError}
        server.thaw()
        assert await risk(store) == 0
        await store.close()


async def test_a_write_that_too_few_replicas_have_is_not_said_to_be_done(server, tmp_path):
    with replica_of(server, tmp_path / "replica") as replica:
        store = await opened(server, f"{QUICK}&replicas=1")
        replica.freeze()
        with pytest.raises(StoreError, match="fewer than 1 replicas"):
            await charged(store, 5)
        assert await risk(store) == 5  # unknown is not undone: too much is charged, never too little
        replica.thaw()
        await store.close()


@contextlib.contextmanager
def replica_of(server: Server, folder: Path) -> Iterator[Server]:
    """A replica that has all that the server has."""
    with running(folder, server.kind, replicaof=f"127.0.0.1 {server.port}", repl_timeout="5") as replica:
        everything_reached(server)
        yield replica


def everything_reached(server: Server) -> None:
    """The replica has all that was written until now."""
    with server.client() as client:
        client.set("others:mark", "1")
        assert client.execute_command("WAIT", 1, 10_000) == 1


def failed_over(address: Relay, primary: Server, replica: Server) -> None:
    """The primary is gone, and its address leads to what was its replica."""
    replica.tell("REPLICAOF", "NO", "ONE")
    primary.kill()
    address.target = replica.port
    address.cut()


async def after_the_cut[T](ask: Callable[[], Awaitable[T]]) -> T:
    """What `ask` returns when no connection of before is left; those that are fail, once each."""
    for _ in range(module.MOST_CONNECTIONS):
        try:
            return await ask()
        except StoreError as fault:
            if "cannot be asked" not in str(fault):
                raise
    return await ask()
