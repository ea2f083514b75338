"""Fingerprints of content on a Redis or Valkey server, for all gateways that share it.

Knows how they are kept and in which order they are read. What they mean is `controls/provenance`.
"""

from __future__ import annotations

from collections.abc import Sequence

from aisecops.adapters.store.content import MAX_BYTES
from aisecops.adapters.store.redis.link import Link
from aisecops.adapters.store.redis.provisos import KEEP_KNOWN, KNOWN, InScript
from aisecops.adapters.store.redis.scripts import reading, writing
from aisecops.adapters.store.written import name_of, packed, unpacked
from aisecops.gateway.ports import KNOWN_AT_ONCE
from aisecops.gateway.proviso import Asked
from aisecops.model.ids import RunId
from aisecops.model.known import Known, KnownContent, KnownOutput, ProposedWords, SaidWords

# bytes kept in all, and the position that the asker has read up to; then rows. Gives the position to ask from next.
_KEEP = writing(
    f"""{KEEP_KNOWN}
    local after = tonumber(arg(2))
    local nothing_else = after == tonumber(redis.call('GET', P .. 'known:last') or '0')
    local last = keep_known(tonumber(arg(1)), 3, count)
    return true, nothing_else and last or after
    """,
    durable=False,
)
# position, how many at most; a position beyond the last is of another time, and everything is new
_NEWER = reading("""
    local last = tonumber(redis.call('GET', P .. 'known:last') or '0')
    local after = tonumber(arg(1))
    if after == last then return {after, {}} end
    if after > last then after = 0 end
    after = math.max(after, tonumber(redis.call('GET', P .. 'known:forgotten') or '0'))
    local found, upto = {}, math.min(last, after + arg(2))
    for place = after + 1, upto do found[#found + 1] = redis.call('HGET', P .. 'known', place) end
    return {upto, found}
""")
_OF_TREE = reading("""
    local found = {}
    for i, place in ipairs(redis.call('LRANGE', P .. 'known:of:' .. arg(1), 0, -1)) do
        found[i] = redis.call('HGET', P .. 'known', place)
    end
    return found
""")


class RedisContent:
    """`ContentStore` on one server. Shared by processes and machines. The link is not its own."""

    def __init__(self, link: Link, *, max_bytes: int = MAX_BYTES) -> None:
        self._link = link
        self._max_bytes = max_bytes

    async def keep(self, *known: Known, after: int = 0) -> int:
        if not known:
            return after
        return int(await self._link.ask(_KEEP, self._max_bytes, after, *_rows(known)))

    async def newer(self, after: int) -> tuple[int, Sequence[Known]]:
        return _read(await self._link.ask(_NEWER, after, KNOWN_AT_ONCE))

    def unless_known(
        self, after: int, root_run_id: RunId, asked: Asked, *, keep: Sequence[Known] = ()
    ) -> InScript[tuple[int, Sequence[Known]] | None]:
        rows = _rows(keep)
        now = asked()
        about = root_run_id, now.prints, int(now.outputs)
        return InScript((KNOWN, after, *about, KNOWN_AT_ONCE, self._max_bytes, len(rows), *rows), _told)

    async def of_tree(self, root_run_id: RunId) -> Sequence[SaidWords | ProposedWords]:
        found = [unpacked(data) for data in await self._link.ask(_OF_TREE, root_run_id)]
        return [said for said in found if not isinstance(said, KnownContent | KnownOutput)]

    async def close(self) -> None:
        """The link is the store's to close."""


def _rows(known: Sequence[Known]) -> list[str | bytes]:
    """Name, root of its tree or nothing, and data of each."""
    return [part for one in known for part in (name_of(one), _tree_of(one), packed(one))]


def _tree_of(known: Known) -> str:
    """The root of the tree that `known` is of; empty for what is everybody's."""
    return "" if isinstance(known, KnownContent | KnownOutput) else known.root_run_id


def _read(answer: tuple[int, list[bytes]]) -> tuple[int, Sequence[Known]]:
    place, found = answer
    return place, [unpacked(data) for data in found]


def _told(answer: tuple[int, list[bytes]] | None) -> tuple[int, Sequence[Known]] | None:
    return None if answer is None else _read(answer)
