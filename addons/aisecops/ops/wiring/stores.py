"""The store that the settings name: one SQLite file, or one server for several machines."""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from aisecops.adapters.store.content import SqliteContent
from aisecops.adapters.store.pieces import SqlitePieces
from aisecops.adapters.store.pseudonyms import SqlitePseudonyms
from aisecops.adapters.store.sqlite import SqliteStore
from aisecops.adapters.system.files import PRIVATE, write_whole
from aisecops.adapters.system.secrets import secret_key
from aisecops.gateway.ports import ContentStore, PieceStore, PseudonymStore, Store
from aisecops.gateway.runs.forgetting import OldRuns
from aisecops.model.errors import ConfigError
from aisecops.ops.settings import Settings

if TYPE_CHECKING:
    from aisecops.adapters.store.redis.link import Link

SHARED_KEYS = ("envelopes", "fingerprints", "gateway", "pieces", "provenance", "pseudonyms", "vouching")
"""Keys in the state folder that all machines on one store must have alike."""
_SAYING = b"aisecops: the same key"
_DIGEST_BYTES = 16


@dataclass(frozen=True)
class Stores:
    """What all processes share. `content` opens what only a gateway asks for; its caller closes it."""

    store: Store
    old_runs: OldRuns
    pseudonyms: PseudonymStore
    pieces: PieceStore
    content: Callable[[], ContentStore]


@contextlib.asynccontextmanager
async def stores(settings: Settings, environment: Mapping[str, str]) -> AsyncIterator[Stores]:
    """Open them; close them at the end. Raises `ConfigError` and `StoreError`."""
    sealing, piece_key = (secret_key(settings.paths.state, name) for name in ("pseudonyms", "pieces"))
    async with contextlib.AsyncExitStack() as opened:
        if settings.store.is_sqlite:
            path = settings.database
            store = SqliteStore(path)
            opened.push_async_callback(store.close)
            pseudonyms = SqlitePseudonyms(path, sealing)
            opened.push_async_callback(pseudonyms.close)
            pieces = SqlitePieces(path, piece_key)
            opened.push_async_callback(pieces.close)
            yield Stores(store, store, pseudonyms, pieces, lambda: SqliteContent(path))
        else:
            yield await opened.enter_async_context(_on_a_server(settings, environment, sealing, piece_key))


@contextlib.asynccontextmanager
async def _on_a_server(
    settings: Settings, environment: Mapping[str, str], sealing: bytes, piece_key: bytes
) -> AsyncIterator[Stores]:
    # its client takes a quarter of a second to import, which nobody waits for who has a file
    from aisecops.adapters.store.redis.content import RedisContent
    from aisecops.adapters.store.redis.pieces import RedisPieces
    from aisecops.adapters.store.redis.pseudonyms import RedisPseudonyms
    from aisecops.adapters.store.redis.server import joined
    from aisecops.adapters.store.redis.store import RedisStore

    known_id = known_store(settings.store_id)
    link = await joined(settings.store.place(environment), known_id)
    store = RedisStore(link)
    try:
        await same_keys(link, settings.paths.state)
        if not known_id:
            remember_store(settings.store_id, link.store_id)
        pieces, pseudonyms = RedisPieces(link, piece_key), RedisPseudonyms(link, sealing)
        yield Stores(store, store, pseudonyms, pieces, lambda: RedisContent(link))
    finally:
        await store.close()


async def same_keys(link: Link, state: Path) -> None:
    """Raises `ConfigError` when others on this store have other keys: they could not read each other's marks."""
    from aisecops.adapters.store.redis.server import disagreeing

    digests = {
        name: hashlib.blake2b(_SAYING, key=secret_key(state, name), digest_size=_DIGEST_BYTES).hexdigest()
        for name in SHARED_KEYS
    }
    if other := await disagreeing(link, digests):
        raise ConfigError(
            f"`{state / other[0]}.key` is not the key that others on this store have",
            f"copy theirs: {', '.join(f'{name}.key' for name in SHARED_KEYS)}",
        )


def known_store(path: Path) -> str:
    """The id of the store on a server that this installation has used; empty before the first."""
    try:
        text = path.read_text("ascii").strip()
    except FileNotFoundError:
        return ""
    except (OSError, UnicodeDecodeError) as failed:
        raise ConfigError(f"`{path}` cannot be read", "restore it: it says which store is ours") from failed
    if not text:
        raise ConfigError(f"`{path}` is empty", "restore it: it says which store is ours")
    return text


def remember_store(path: Path, store_id: str) -> None:
    """From now on this is the installation's store."""
    write_whole(path, f"{store_id}\n".encode(), mode=PRIVATE)
