"""Ends of what was said, in the store's SQLite file, sealed, for all processes of one machine; and in memory, for one.

Knows how they are kept and found again. Who has both the file and the key can read what is kept; it is gone an hour
later, or when the tree of runs ends.
"""

from __future__ import annotations

import hashlib
import sqlite3
import time
from collections.abc import Iterable, Sequence
from pathlib import Path

import msgspec
from nacl.exceptions import CryptoError
from nacl.secret import SecretBox

from aisecops.adapters.store.provisos import InFile, InMemory
from aisecops.adapters.store.reader import Reader
from aisecops.adapters.store.schema import prepare
from aisecops.adapters.store.sealing import tree_key
from aisecops.adapters.store.worker import Work, Worker
from aisecops.model.errors import StoreError
from aisecops.model.ids import RunId
from aisecops.model.piece import Piece

KEPT_S = 60 * 60
"""How long what was said counts."""
MAX_REQUESTS = 200
"""Requests of one tree to one receiver of which something is kept."""
_FORGET_EVERY = 16
"""So many more may stand until the next is forgotten: to look for it costs more than to keep them."""
_DIGEST_BYTES = 16

_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(tuple[Piece, ...])
_KEEP = "INSERT INTO pieces (root_run_id, receiver, said_ms, sealed) VALUES (?, ?, ?, ?)"
_NEWER = """
    SELECT place, sealed FROM pieces WHERE root_run_id = ? AND receiver = ? AND place > ? AND said_ms >= ?
    ORDER BY place
"""
_ANY_NEWER = "SELECT 1 FROM pieces WHERE root_run_id = ? AND receiver = ? AND place > ? LIMIT 1"
_FORGET_OLD = "DELETE FROM pieces WHERE said_ms < ?"
_FORGET_MANY = """
    DELETE FROM pieces WHERE root_run_id = :root AND receiver = :receiver AND place <= (
        SELECT place FROM pieces WHERE root_run_id = :root AND receiver = :receiver
        ORDER BY place DESC LIMIT 1 OFFSET :most)
"""


class PieceSeal:
    """How pieces are kept: sealed with `key`, the installation's 32 bytes, and receivers as keyed digests."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def sealed(self, root_run_id: RunId, pieces: Sequence[Piece]) -> bytes:
        """`pieces` as they are kept in this tree."""
        return bytes(SecretBox(tree_key(self._key, root_run_id)).encrypt(_encoder.encode(tuple(pieces))))

    def opened(self, root_run_id: RunId, rows: Iterable[tuple[int, bytes]]) -> list[tuple[int, tuple[Piece, ...]]]:
        """What was sealed in this tree, each with its position. Raises `StoreError`."""
        box = SecretBox(tree_key(self._key, root_run_id))
        return [(place, _opened(box, sealed)) for place, sealed in rows]

    def receiver(self, to: str) -> bytes:
        """What stands for a receiver."""
        return hashlib.blake2b(to.encode("utf-8", "surrogatepass"), key=self._key, digest_size=_DIGEST_BYTES).digest()


class SqlitePieces:
    """`PieceStore` in the file at `path`, sealed with `key` (32 bytes). Not shared by machines."""

    def __init__(self, path: Path, key: bytes, *, busy_ms: int = 5_000, kept_ms: int = KEPT_S * 1000) -> None:
        """Open the file, made if there is none. Raises `ConfigError` and `StoreError` as the store does."""
        prepare(path, busy_ms=busy_ms)
        self._seal = PieceSeal(key)
        self._kept_ms = kept_ms
        try:
            self._writer = Worker(path, name="piece-writer", writes=True, busy_ms=busy_ms)
            self._reader = Reader(path, busy_ms=busy_ms)
        except (sqlite3.Error, OSError) as error:
            raise StoreError(f"the store `{path}` cannot be opened: {error}") from error

    async def say(
        self, root_run_id: RunId, to: str, pieces: Sequence[Piece], *, after: int
    ) -> tuple[int, Sequence[tuple[int, Sequence[Piece]]]]:
        # Not durable on purpose: after a power failure the agent that would go on is gone too.
        place, before = await self._writer.run(self._keeping(root_run_id, to, pieces, after=after), durable=False)
        return place, self._seal.opened(root_run_id, before)

    async def take_back(self, root_run_id: RunId, to: str, position: int) -> None:
        await self._writer.run(self._keeping(root_run_id, to, (), instead_of=position), durable=False)

    def _keeping(
        self, root_run_id: RunId, to: str, pieces: Sequence[Piece], *, after: int | None = None, instead_of: int = 0
    ) -> Work[tuple[int, list[tuple[int, bytes]]]]:
        """Keeps `pieces`; gives their position, and what stands before it after `after`."""
        now_ms = time.time_ns() // 1_000_000
        since_ms = now_ms - self._kept_ms
        receiver, sealed = self._seal.receiver(to), self._seal.sealed(root_run_id, pieces)

        def work(connection: sqlite3.Connection) -> tuple[int, list[tuple[int, bytes]]]:
            connection.execute(_FORGET_OLD, (since_ms,))
            if instead_of:
                connection.execute("DELETE FROM pieces WHERE place = ?", (instead_of,))
            asked = (root_run_id, receiver, after, since_ms)
            before = [] if after is None else connection.execute(_NEWER, asked).fetchall()
            place = connection.execute(_KEEP, (root_run_id, receiver, now_ms, sealed)).lastrowid or 0
            if place % _FORGET_EVERY == 0:
                connection.execute(_FORGET_MANY, {"root": root_run_id, "receiver": receiver, "most": MAX_REQUESTS})
            return place, before

        return work

    def unless_said(self, root_run_id: RunId, to: str, pieces: Sequence[Piece], *, after: int) -> InFile[int]:
        keep = self._keeping(root_run_id, to, pieces, after=after) if pieces else None
        receiver = self._seal.receiver(to)

        def work(connection: sqlite3.Connection) -> tuple[bool, int]:
            if connection.execute(_ANY_NEWER, (root_run_id, receiver, after)).fetchone() is not None:
                return False, 0
            return True, keep(connection)[0] if keep is not None else 0

        return InFile(work)

    async def newer(self, root_run_id: RunId, to: str, after: int) -> Sequence[tuple[int, Sequence[Piece]]]:
        since_ms = time.time_ns() // 1_000_000 - self._kept_ms
        rows = await self._reader.look_up(_NEWER, root_run_id, self._seal.receiver(to), after, since_ms)
        return self._seal.opened(root_run_id, [(place, sealed) for place, sealed in rows])

    async def forget(self, root_run_id: RunId) -> None:
        def work(connection: sqlite3.Connection) -> None:
            connection.execute("DELETE FROM pieces WHERE root_run_id = ?", (root_run_id,))

        await self._writer.run(work)

    async def close(self) -> None:
        """Finish what is under way and let go."""
        await self._writer.close()
        await self._reader.close()


class MemoryPieces:
    """`PieceStore` for one process and its life."""

    def __init__(self) -> None:
        self._kept: dict[RunId, dict[int, tuple[str, Sequence[Piece]]]] = {}
        self._last = 0

    async def say(
        self, root_run_id: RunId, to: str, pieces: Sequence[Piece], *, after: int
    ) -> tuple[int, Sequence[tuple[int, Sequence[Piece]]]]:
        before = self._newer(root_run_id, to, after)
        return self._add(root_run_id, to, pieces), before

    async def take_back(self, root_run_id: RunId, to: str, position: int) -> None:
        self._kept.get(root_run_id, {}).pop(position, None)
        await self.say(root_run_id, to, (), after=self._last)

    def unless_said(self, root_run_id: RunId, to: str, pieces: Sequence[Piece], *, after: int) -> InMemory[int]:
        def look() -> tuple[bool, int]:
            return not self._newer(root_run_id, to, after), 0

        def act() -> int:
            return self._add(root_run_id, to, pieces) if pieces else 0

        return InMemory(look, act)

    async def newer(self, root_run_id: RunId, to: str, after: int) -> Sequence[tuple[int, Sequence[Piece]]]:
        return self._newer(root_run_id, to, after)

    def _add(self, root_run_id: RunId, to: str, pieces: Sequence[Piece]) -> int:
        self._last += 1
        self._kept.setdefault(root_run_id, {})[self._last] = (to, tuple(pieces))
        return self._last

    def _newer(self, root_run_id: RunId, to: str, after: int) -> list[tuple[int, Sequence[Piece]]]:
        kept = self._kept.get(root_run_id, {}).items()
        return [(place, pieces) for place, (receiver, pieces) in kept if receiver == to and place > after]

    async def forget(self, root_run_id: RunId) -> None:
        self._kept.pop(root_run_id, None)

    async def close(self) -> None:
        """Let go."""


def _opened(box: SecretBox, sealed: bytes) -> tuple[Piece, ...]:
    try:
        found: tuple[Piece, ...] = _decoder.decode(box.decrypt(sealed))
    except (CryptoError, msgspec.MsgspecError) as error:
        raise StoreError("the store holds pieces that cannot be opened with this installation's key") from error
    return found
