"""Stand-ins in the store's SQLite file, sealed, for all processes of one machine.

Knows how they are kept and found again. Each tree of runs has a key of its own, made of the installation's and the
tree's name, so that a row says nothing in another tree. Who has both the file and the key can read what is kept; when a
tree ends it is gone, and at the latest a week after its last stand-in.
"""

from __future__ import annotations

import hashlib
import sqlite3
import time
from collections.abc import Sequence
from pathlib import Path

import msgspec
from nacl.exceptions import CryptoError
from nacl.secret import SecretBox

from aisecops.adapters.store.reader import Reader
from aisecops.adapters.store.schema import prepare
from aisecops.adapters.store.sealing import tree_key
from aisecops.adapters.store.worker import Worker
from aisecops.model.errors import StoreError
from aisecops.model.ids import RunId
from aisecops.model.stand_in import Given

KEPT_S = 7 * 24 * 60 * 60
"""How long after its last new stand-in those of a tree are kept that never said it ended."""
_DIGEST_BYTES = 16

_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(Given)
_NEWER = "SELECT place, sealed FROM given WHERE root_run_id = ? AND place > ? ORDER BY place"
_KEEP = """
    INSERT INTO given (root_run_id, receiver, value, text, kept_ms, sealed)
    SELECT :root, :receiver, :value, :text, :now, :sealed
    WHERE NOT EXISTS (SELECT 1 FROM given WHERE root_run_id = :root AND value = :value AND text != :text)
    AND NOT EXISTS (SELECT 1 FROM given WHERE root_run_id = :root AND text = :text AND value != :value)
    ON CONFLICT DO NOTHING
"""
_FORGET_OLD = """
    DELETE FROM given WHERE root_run_id IN (SELECT root_run_id FROM given WHERE kept_ms < ?)
    AND root_run_id NOT IN (SELECT root_run_id FROM given WHERE kept_ms >= ?)
"""


class SqlitePseudonyms:
    """`PseudonymStore` in the file at `path`, sealed with `key` (32 bytes). Not shared by machines."""

    def __init__(self, path: Path, key: bytes, *, busy_ms: int = 5_000, kept_ms: int = KEPT_S * 1000) -> None:
        """Open the file, made if there is none. Raises `ConfigError` and `StoreError` as the store does."""
        prepare(path, busy_ms=busy_ms)
        self._key = key
        self._kept_ms = kept_ms
        try:
            self._writer = Worker(path, name="pseudonym-writer", writes=True, busy_ms=busy_ms)
            self._reader = Reader(path, busy_ms=busy_ms)
        except (sqlite3.Error, OSError) as error:
            raise StoreError(f"the store `{path}` cannot be opened: {error}") from error

    async def keep(self, root_run_id: RunId, given: Sequence[Given]) -> None:
        now_ms = time.time_ns() // 1_000_000
        rows = [self._row(root_run_id, one) | {"now": now_ms} for one in given]

        def work(connection: sqlite3.Connection) -> None:
            connection.execute(_FORGET_OLD, (now_ms - self._kept_ms, now_ms - self._kept_ms))
            connection.executemany(_KEEP, rows)

        await self._writer.run(work)

    async def newer(self, root_run_id: RunId, after: int) -> tuple[int, Sequence[Given]]:
        rows = await self._reader.look_up(_NEWER, root_run_id, after)
        box = SecretBox(tree_key(self._key, root_run_id))
        return (rows[-1][0] if rows else after), [_opened(box, sealed) for _, sealed in rows]

    async def forget(self, root_run_id: RunId) -> None:
        def work(connection: sqlite3.Connection) -> None:
            connection.execute("DELETE FROM given WHERE root_run_id = ?", (root_run_id,))

        await self._writer.run(work)

    async def close(self) -> None:
        """Finish what is under way and let go."""
        await self._writer.close()
        await self._reader.close()

    def _row(self, root_run_id: RunId, given: Given) -> dict[str, object]:
        key = tree_key(self._key, root_run_id)

        def digest(text: str) -> bytes:
            return hashlib.blake2b(text.encode(), key=key, digest_size=_DIGEST_BYTES).digest()

        return {
            "root": root_run_id,
            "receiver": digest(f"{given.run_id} {given.to}"),
            "value": digest(given.stand_in.value),
            "text": digest(given.stand_in.text.lower()),
            "sealed": bytes(SecretBox(key).encrypt(_encoder.encode(given))),
        }


class MemoryPseudonyms:
    """`PseudonymStore` for one process and its life."""

    def __init__(self) -> None:
        self._kept: dict[RunId, list[Given]] = {}

    async def keep(self, root_run_id: RunId, given: Sequence[Given]) -> None:
        kept = self._kept.setdefault(root_run_id, [])
        for one in given:
            new = one.stand_in
            known = [other.stand_in for other in kept]
            clashes = any((old.value == new.value) != (old.text.lower() == new.text.lower()) for old in known)
            twice = any(
                (other.run_id, other.to, other.stand_in.value) == (one.run_id, one.to, new.value) for other in kept
            )
            if not clashes and not twice:
                kept.append(one)

    async def newer(self, root_run_id: RunId, after: int) -> tuple[int, Sequence[Given]]:
        kept = self._kept.get(root_run_id, [])
        return len(kept), kept[after:]

    async def forget(self, root_run_id: RunId) -> None:
        self._kept.pop(root_run_id, None)

    async def close(self) -> None:
        """Let go."""


def _opened(box: SecretBox, sealed: bytes) -> Given:
    try:
        found: Given = _decoder.decode(box.decrypt(sealed))
    except (CryptoError, msgspec.MsgspecError) as error:
        raise StoreError("the store holds stand-ins that cannot be opened with this installation's key") from error
    return found
