"""Entries on a Redis or Valkey server: what is kept by kind and name, as many of each kind as are kept.

Knows their keys and scripts. What they are about is their keepers' (`model/entry.py`).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from aisecops.adapters.store.redis.link import Link
from aisecops.adapters.store.redis.scripts import reading, writing
from aisecops.model.entry import Entry, EntryKind
from aisecops.model.errors import Stale

# kind, then names
_FIND = reading("""
    local found = {}
    for i = 2, count do
        local kept = redis.call('HGET', P .. 'entries:' .. arg(1), arg(i))
        if kept then
            found[#found + 1] = {arg(i), kept, redis.call('HGET', P .. 'entries:version:' .. arg(1), arg(i))}
        end
    end
    return found
""")
# kind, how many
_LIST = reading("""
    local found = {}
    for i, name in ipairs(redis.call('ZREVRANGE', P .. 'entries:place:' .. arg(1), 0, arg(2) - 1)) do
        found[i] = {name, redis.call('HGET', P .. 'entries:' .. arg(1), name),
            redis.call('HGET', P .. 'entries:version:' .. arg(1), name)}
    end
    return found
""")
_KEEP = """
    local function keep(kind, most, name, value)
        local kept, place = P .. 'entries:' .. kind, P .. 'entries:place:' .. kind
        local version = P .. 'entries:version:' .. kind
        redis.call('HSET', kept, name, value)
        redis.call('ZADD', place, redis.call('INCR', P .. 'entries:last'), name)
        local new = redis.call('HINCRBY', version, name, 1)
        local over = redis.call('ZCARD', place) - most
        if over > 0 then
            for _, old in ipairs(redis.call('ZRANGE', place, 0, over - 1)) do
                redis.call('ZREM', place, old)
                redis.call('HDEL', kept, old)
                redis.call('HDEL', version, old)
            end
        end
        return new
    end
"""
# version seen, then kind, how many of it are kept, name, value
_SWAP = writing(f"""{_KEEP}
    if (redis.call('HGET', P .. 'entries:version:' .. arg(2), arg(4)) or '0') ~= arg(1) then return false end
    return true, keep(arg(2), arg(3), arg(4), arg(5))
""")
# the same four of each
_SET = writing(f"""{_KEEP}
    for i = 1, count, 4 do keep(arg(i), arg(i + 1), arg(i + 2), arg(i + 3)) end
    return true
""")


class RedisEntries:
    """The part of `Store` that keeps entries."""

    def __init__(self, link: Link) -> None:
        self.link = link

    async def find_entries(self, kind: EntryKind, names: Collection[str]) -> Mapping[str, Entry]:
        if not names:
            return {}
        found = await self.link.ask(_FIND, kind.value, *names)
        return {entry.name: entry for entry in (_entry(kind, *row) for row in found)}

    async def list_entries(self, kind: EntryKind, *, limit: int = 10_000) -> Sequence[Entry]:
        return [_entry(kind, *row) for row in await self.link.ask(_LIST, kind.value, limit)]

    async def swap_entry(self, new: Entry, *, seen: int) -> int:
        version: int | None = await self.link.ask(_SWAP, seen, *_written(new))
        if version is None:
            raise Stale(new.name)
        return version

    async def set_entries(self, *entries: Entry) -> None:
        if entries:
            await self.link.ask(_SET, *(part for entry in entries for part in _written(entry)))


def _written(entry: Entry) -> tuple[str | int | bytes, ...]:
    return entry.kind.value, entry.kind.most, entry.name, b"%d %b" % (entry.at_ms, entry.value)


def _entry(kind: EntryKind, name: bytes, kept: bytes, version: bytes) -> Entry:
    at_ms, _, value = kept.partition(b" ")
    return Entry(kind=kind, name=name.decode(), value=value, at_ms=int(at_ms), version=int(version))
