"""What a process does with a store on a server, in few words."""

from __future__ import annotations

from msgspec.structs import replace

from aisecops.adapters.store.redis.store import RedisStore
from support.redis_server import Server
from support.stores import joined_store
from support.trees import ROOT, run_of, tree_of

QUICK = "?timeout=0.5"


async def opened(server: Server, options: str = QUICK) -> RedisStore:
    """A process on `server`, with a tree opened."""
    return await opened_at(server.port, options)


async def opened_at(port: int, options: str = QUICK) -> RedisStore:
    store = await joined_store(f"redis://127.0.0.1:{port}{options}")
    await store.open_run(run_of(ROOT), tree_of(), seen=None)
    return store


async def charged(store: RedisStore, micros: int) -> None:
    seen = await store.snapshot(ROOT)
    assert seen is not None
    await store.swap_tree(ROOT, seen=seen.version, new=replace(seen.tree, risk_micros=micros))


async def risk(store: RedisStore) -> int:
    seen = await store.snapshot(ROOT)
    assert seen is not None
    return seen.tree.risk_micros
