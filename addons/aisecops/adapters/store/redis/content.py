"""Fingerprints of content on a Redis or Valkey server, for all gateways that share it.

Knows how they are kept and in which order they are read. What they mean is `controls/provenance`.
"""

from __future__ import annotations

from collections.abc import Sequence

from aisecops.adapters.store.content import MAX_BYTES
from aisecops.adapters.store.redis.link import Link
from aisecops.adapters.store.redis.provisos import KNOWN, InScript
from aisecops.adapters.store.redis.scripts import reading, writing
from aisecops.adapters.store.written import name_of, packed, unpacked
from aisecops.gateway.ports import KNOWN_AT_ONCE
from aisecops.model.ids import RunId
from aisecops.model.known import Known, KnownContent, KnownOutput, ProposedWords, SaidWords

# bytes kept in all, and the position that the asker has read up to; then name, root of its tree or nothing, data, each.
# Gives the position to ask from next. Places are whole numbers without a gap; those up to `known:forgotten` are gone.
_KEEP = writing(
    """
    local names, owners, datas = P .. 'known:names', P .. 'known:owners', P .. 'known'
    local size = tonumber(redis.call('GET', P .. 'known:size') or '0')
    local after = tonumber(arg(2))
    local nothing_else = after == tonumber(redis.call('GET', P .. 'known:last') or '0')
    for i = 3, count, 3 do
        if redis.call('HEXISTS', names, arg(i)) == 0 then
            local place = redis.call('INCR', P .. 'known:last')
            redis.call('HSET', names, arg(i), place)
            redis.call('HSET', owners, place, arg(i + 1) .. ' ' .. arg(i))
            redis.call('HSET', datas, place, arg(i + 2))
            if arg(i + 1) ~= '' then redis.call('RPUSH', P .. 'known:of:' .. arg(i + 1), place) end
            size = redis.call('INCRBY', P .. 'known:size', #arg(i + 2))
        end
    end
    while size > tonumber(arg(1)) do
        local place = redis.call('INCR', P .. 'known:forgotten')
        local owner = redis.call('HGET', owners, place)
        local root, name = string.match(owner, '^(%S*) (.*)$')
        size = redis.call('DECRBY', P .. 'known:size', redis.call('HSTRLEN', datas, place))
        if root ~= '' then redis.call('LPOP', P .. 'known:of:' .. root) end
        redis.call('HDEL', names, name)
        redis.call('HDEL', owners, place)
        redis.call('HDEL', datas, place)
    end
    return true, nothing_else and tonumber(redis.call('GET', P .. 'known:last') or '0') or after
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
        rows = [(name_of(one), _tree_of(one), packed(one)) for one in known]
        if not rows:
            return after
        return int(await self._link.ask(_KEEP, self._max_bytes, after, *(part for row in rows for part in row)))

    async def newer(self, after: int) -> tuple[int, Sequence[Known]]:
        return _read(await self._link.ask(_NEWER, after, KNOWN_AT_ONCE))

    def unless_known(
        self, after: int, root_run_id: RunId, prints: bytes
    ) -> InScript[tuple[int, Sequence[Known]] | None]:
        return InScript((KNOWN, after, root_run_id, prints, KNOWN_AT_ONCE), _told)

    async def of_tree(self, root_run_id: RunId) -> Sequence[SaidWords | ProposedWords]:
        found = [unpacked(data) for data in await self._link.ask(_OF_TREE, root_run_id)]
        return [said for said in found if not isinstance(said, KnownContent | KnownOutput)]

    async def close(self) -> None:
        """The link is the store's to close."""


def _tree_of(known: Known) -> str:
    """The root of the tree that `known` is of; empty for what is everybody's."""
    return "" if isinstance(known, KnownContent | KnownOutput) else known.root_run_id


def _read(answer: tuple[int, list[bytes]]) -> tuple[int, Sequence[Known]]:
    place, found = answer
    return place, [unpacked(data) for data in found]


def _told(answer: tuple[int, list[bytes]] | None) -> tuple[int, Sequence[Known]] | None:
    return None if answer is None else _read(answer)
