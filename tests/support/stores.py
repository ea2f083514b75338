"""Stores for tests: every adapter of the port, and wrappers that fail both ways a write can fail."""

from __future__ import annotations

import contextlib
import enum
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aisecops.adapters.store.content import MemoryContent, SqliteContent
from aisecops.adapters.store.memory import MemoryStore
from aisecops.adapters.store.pieces import MemoryPieces, SqlitePieces
from aisecops.adapters.store.pseudonyms import MemoryPseudonyms, SqlitePseudonyms
from aisecops.adapters.store.redis.content import RedisContent
from aisecops.adapters.store.redis.pieces import RedisPieces
from aisecops.adapters.store.redis.place import read_place
from aisecops.adapters.store.redis.pseudonyms import RedisPseudonyms
from aisecops.adapters.store.redis.server import joined
from aisecops.adapters.store.redis.store import RedisStore
from aisecops.adapters.store.sqlite import SqliteStore
from aisecops.gateway.ports import ContentStore, PieceStore, PseudonymStore, Store
from aisecops.model.errors import StoreError
from support.redis_server import shared

# A new kind is one word here and one case in each of the four: the contract suites run against every kind.
STORES = ("memory", "sqlite", "redis", "valkey")
KEY = b"k" * 32


@contextlib.asynccontextmanager
async def opened_store(kind: str, folder: Path) -> AsyncIterator[Store]:
    """An empty store of this kind."""
    if kind == "memory":
        store: Store = MemoryStore()
    elif kind == "sqlite":
        store = SqliteStore(folder / "store.sqlite")
    else:
        store = await _on_a_server(kind)
    try:
        yield store
    finally:
        await store.close()


@contextlib.asynccontextmanager
async def opened_content(kind: str, folder: Path, **more: int) -> AsyncIterator[ContentStore]:
    """An empty store of fingerprints."""
    if kind == "memory":
        yield MemoryContent()
    elif kind == "sqlite":
        content = SqliteContent(folder / "store.sqlite", **more)
        yield content
        await content.close()
    else:
        store = await _on_a_server(kind)
        yield RedisContent(store.link, **more)
        await store.close()


@contextlib.asynccontextmanager
async def opened_pseudonyms(kind: str, folder: Path) -> AsyncIterator[PseudonymStore]:
    """An empty store of stand-ins."""
    if kind == "memory":
        yield MemoryPseudonyms()
    elif kind == "sqlite":
        pseudonyms = SqlitePseudonyms(folder / "store.sqlite", KEY)
        yield pseudonyms
        await pseudonyms.close()
    else:
        store = await _on_a_server(kind)
        yield RedisPseudonyms(store.link, KEY)
        await store.close()


@contextlib.asynccontextmanager
async def opened_pieces(kind: str, folder: Path) -> AsyncIterator[PieceStore]:
    """An empty store of pieces."""
    if kind == "memory":
        yield MemoryPieces()
    elif kind == "sqlite":
        pieces = SqlitePieces(folder / "store.sqlite", KEY)
        yield pieces
        await pieces.close()
    else:
        store = await _on_a_server(kind)
        yield RedisPieces(store.link, KEY)
        await store.close()


@dataclass(frozen=True)
class Opened:
    """The parts of one store."""

    store: Store
    content: ContentStore
    pieces: PieceStore


@contextlib.asynccontextmanager
async def opened_together(kind: str, folder: Path) -> AsyncIterator[Opened]:
    """The parts of one empty store, which share what one of them keeps."""
    async with opened_store(kind, folder) as store:
        if isinstance(store, RedisStore):
            yield Opened(store, RedisContent(store.link), RedisPieces(store.link, KEY))
        else:
            async with opened_content(kind, folder) as content, opened_pieces(kind, folder) as pieces:
                yield Opened(store, content, pieces)


async def _on_a_server(kind: str) -> RedisStore:
    server = shared(kind)
    server.tell("FLUSHALL")
    return await joined_store(server.url)


async def joined_store(url: str, known_id: str = "") -> RedisStore:
    """One more process on the server at `url`."""
    return RedisStore(await joined(read_place(url), known_id))


class Failure(enum.Enum):
    """The two ways a call fails: it never happened; or it did, and we were told it did not."""

    BEFORE = "did not happen"
    AFTER = "happened, but we were told it failed"


class FailingStore:
    """`inner`, except that calls of the methods in `failing` raise `StoreError`. Change `failing` at any time."""

    def __init__(self, inner: Any, **failing: Failure) -> None:
        self.inner = inner
        self.failing = failing
        self.failed: list[str] = []

    def __getattr__(self, name: str) -> Any:
        method = getattr(self.inner, name)

        async def call(*args: Any, **kwargs: Any) -> Any:
            failure = self.failing.get(name)
            if failure is None:
                return await method(*args, **kwargs)
            self.failed.append(name)
            if failure is Failure.AFTER:
                await method(*args, **kwargs)
            raise StoreError(f"{name} {failure.value}")

        return call
