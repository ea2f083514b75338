"""Ends of what was said, on a Redis or Valkey server, sealed, for all gateways that share it.

Knows how they are kept and found again; how they are sealed is `../pieces.py`. They are gone an hour later, or when the
tree of runs ends.
"""

from __future__ import annotations

import time
from collections.abc import Sequence

from aisecops.adapters.store.pieces import KEPT_S, MAX_REQUESTS, PieceSeal
from aisecops.adapters.store.redis.link import Link
from aisecops.adapters.store.redis.provisos import KEEP_PIECES, SAID, InScript
from aisecops.adapters.store.redis.scripts import reading, writing
from aisecops.model.ids import RunId
from aisecops.model.piece import Piece

# root, receiver, how many are kept, how long, until when they are gone, position taken back, time and pieces, and the
# position from which on those before it are told
_KEEP = writing(
    f"""{KEEP_PIECES}
    local said = P .. 'pieces:' .. arg(1) .. ':' .. arg(2)
    local before = redis.call('ZRANGE', said, '(' .. arg(8), '+inf', 'BYSCORE', 'WITHSCORES')
    return true, {{keep_pieces(arg(1), arg(2), arg(3), arg(4), arg(5), arg(6), arg(7)), before}}
    """,
    durable=False,
)
# root, receiver, position
_NEWER = reading("""
    local said = P .. 'pieces:' .. arg(1) .. ':' .. arg(2)
    return redis.call('ZRANGE', said, '(' .. arg(3), '+inf', 'BYSCORE', 'WITHSCORES')
""")
_FORGET = writing("""
    local receivers = P .. 'pieces:of:' .. arg(1)
    for _, receiver in ipairs(redis.call('SMEMBERS', receivers)) do
        redis.call('DEL', P .. 'pieces:' .. arg(1) .. ':' .. receiver)
    end
    return redis.call('DEL', receivers) == 1
""")


class RedisPieces:
    """`PieceStore` on one server, sealed with `key` (32 bytes). The link is not its own."""

    def __init__(self, link: Link, key: bytes, *, kept_ms: int = KEPT_S * 1000) -> None:
        self._link = link
        self._seal = PieceSeal(key)
        self._kept_ms = kept_ms

    async def say(
        self, root_run_id: RunId, to: str, pieces: Sequence[Piece], *, after: int
    ) -> tuple[int, Sequence[tuple[int, Sequence[Piece]]]]:
        place, before = await self._keep(root_run_id, to, pieces, after=after)
        return place, self._opened(root_run_id, before)

    async def take_back(self, root_run_id: RunId, to: str, position: int) -> None:
        await self._keep(root_run_id, to, (), instead_of=position)

    async def _keep(
        self, root_run_id: RunId, to: str, pieces: Sequence[Piece], *, after: int | str = "+inf", instead_of: int = 0
    ) -> tuple[int, list[bytes]]:
        now_ms = _now_ms()
        kept = self._sealed(root_run_id, pieces, now_ms)
        asked = (MAX_REQUESTS, self._kept_ms, now_ms - self._kept_ms, instead_of, kept, after)
        place, before = await self._link.ask(_KEEP, root_run_id, self._seal.receiver(to).hex(), *asked)
        return place, before

    def unless_said(self, root_run_id: RunId, to: str, pieces: Sequence[Piece], *, after: int) -> InScript[int]:
        now_ms = _now_ms()
        kept = self._sealed(root_run_id, pieces, now_ms) if pieces else b""
        place = root_run_id, self._seal.receiver(to).hex(), after
        return InScript((SAID, *place, kept, MAX_REQUESTS, self._kept_ms, now_ms - self._kept_ms), int)

    def _sealed(self, root_run_id: RunId, pieces: Sequence[Piece], now_ms: int) -> bytes:
        return b"%d %b" % (now_ms, self._seal.sealed(root_run_id, pieces))

    async def newer(self, root_run_id: RunId, to: str, after: int) -> Sequence[tuple[int, Sequence[Piece]]]:
        return self._opened(
            root_run_id, await self._link.ask(_NEWER, root_run_id, self._seal.receiver(to).hex(), after)
        )

    def _opened(self, root_run_id: RunId, found: list[bytes]) -> list[tuple[int, tuple[Piece, ...]]]:
        since_ms = _now_ms() - self._kept_ms
        rows = [(int(place), kept.partition(b" ")) for kept, place in zip(found[::2], found[1::2], strict=True)]
        fresh = [(place, sealed) for place, (said_ms, _, sealed) in rows if int(said_ms) >= since_ms]
        return self._seal.opened(root_run_id, fresh)

    async def forget(self, root_run_id: RunId) -> None:
        await self._link.ask(_FORGET, root_run_id)

    async def close(self) -> None:
        """The link is the store's to close."""


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
