"""Stand-ins on a Redis or Valkey server, sealed, for all gateways that share it.

Knows how they are kept and found again; how they are sealed is `../stand_ins.py`. When a tree ends they are gone, and
at the latest a week after its last stand-in: the server forgets them then by itself.
"""

from __future__ import annotations

from collections.abc import Sequence

from aisecops.adapters.store.pseudonyms import KEPT_S
from aisecops.adapters.store.redis.link import Link
from aisecops.adapters.store.redis.scripts import reading, writing
from aisecops.adapters.store.stand_ins import Sealing
from aisecops.model.ids import RunId
from aisecops.model.stand_in import Given

# root, how long they are kept; then receiver, value, text, sealed, each. A tree's places begin where all places ended
# when its first was given, so that a tree that was forgotten never has one twice.
_KEEP = writing("""
    local names, given = P .. 'given:names:' .. arg(1), P .. 'given:' .. arg(1)
    local changed = false
    for i = 3, count, 4 do
        local receiver, value, text = 'r' .. arg(i) .. arg(i + 1), 'v' .. arg(i + 1), 't' .. arg(i + 2)
        local has = redis.call('HMGET', names, value, text, receiver, 'base')
        if (not has[1] or has[1] == text) and (not has[2] or has[2] == value) and not has[3] then
            if not has[4] then
                redis.call('HSET', names, 'base', redis.call('GET', P .. 'given:last') or '0')
            end
            redis.call('HSET', names, value, text, text, value, receiver, '')
            redis.call('RPUSH', given, arg(i + 3))
            redis.call('INCR', P .. 'given:last')
            changed = true
        end
    end
    if changed then
        redis.call('PEXPIRE', names, arg(2))
        redis.call('PEXPIRE', given, arg(2))
    end
    return changed
""")
# root, position
_NEWER = reading("""
    local base = tonumber(redis.call('HGET', P .. 'given:names:' .. arg(1), 'base') or '-1')
    if base < 0 then return {tonumber(arg(2)), {}} end
    local given = P .. 'given:' .. arg(1)
    local upto = base + redis.call('LLEN', given)
    local after = tonumber(arg(2))
    if after > upto then after = base end
    return {upto, redis.call('LRANGE', given, math.max(after - base, 0), -1)}
""")
_FORGET = writing("return redis.call('DEL', P .. 'given:names:' .. arg(1), P .. 'given:' .. arg(1)) > 0")


class RedisPseudonyms:
    """`PseudonymStore` on one server, sealed with `key` (32 bytes). The link is not its own."""

    def __init__(self, link: Link, key: bytes, *, kept_ms: int = KEPT_S * 1000) -> None:
        self._link = link
        self._sealing = Sealing(key)
        self._kept_ms = kept_ms

    async def keep(self, root_run_id: RunId, given: Sequence[Given]) -> None:
        sealed = [self._sealing.sealed(root_run_id, one) for one in given]
        rows = [(one.receiver, one.value, one.text, one.sealed) for one in sealed]
        await self._link.ask(_KEEP, root_run_id, self._kept_ms, *(part for row in rows for part in row))

    async def newer(self, root_run_id: RunId, after: int) -> tuple[int, Sequence[Given]]:
        place, found = await self._link.ask(_NEWER, root_run_id, after)
        return place, self._sealing.opened(root_run_id, found)

    async def forget(self, root_run_id: RunId) -> None:
        await self._link.ask(_FORGET, root_run_id)

    async def close(self) -> None:
        """Let go; the link is closed by the store."""
