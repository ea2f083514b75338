"""The store on a server, as far as it forgets (`gateway/runs/forgetting.py: OldRuns`)."""

from __future__ import annotations

from collections.abc import Mapping

from aisecops.adapters.store.redis.entries import RedisEntries
from aisecops.adapters.store.redis.scripts import reading, writing
from aisecops.adapters.store.written import read
from aisecops.gateway.runs.forgetting import SomeTrees
from aisecops.model.budget import TreeState
from aisecops.model.ids import AgentId, RunId

PAGE = 200
"""Runs that are looked at in one script, about."""

# the cursor, how many
_TREES = reading("""
    local scanned = redis.call('ZSCAN', P .. 'runs', arg(1), 'COUNT', arg(2))
    local found = {}
    for i = 1, #scanned[2], 2 do
        local id = scanned[2][i]
        if redis.call('HGET', P .. 'run:' .. id, 'root') == id then
            local tree = redis.call('HMGET', P .. 'tree:' .. id, 'version', 'state')
            if tree[1] then found[#found + 1] = tree end
        end
    end
    return {scanned[1], found}
""")
# root, version seen, before, then each run and its agent
_FORGET_TREE = writing(
    """
    local tree = P .. 'tree:' .. arg(1)
    if redis.call('HGET', tree, 'version') ~= arg(2) then return false end
    for i = 4, count, 2 do
        local implicit = redis.call('HMGET', P .. 'implicit:' .. arg(i + 1), 'run', 'used')
        if implicit[1] == arg(i) and implicit[2] - arg(3) >= 0 then return false end
    end
    for i = 4, count, 2 do
        local run, agent = arg(i), arg(i + 1)
        if redis.call('HGET', P .. 'implicit:' .. agent, 'run') == run then
            redis.call('DEL', P .. 'implicit:' .. agent)
        end
        redis.call('ZREM', P .. 'runs', run)
        redis.call('ZREM', P .. 'runs:of:' .. agent, run)
        redis.call('HDEL', P .. 'revoked', 'run:' .. run)
        redis.call('DEL', P .. 'run:' .. run)
    end
    redis.call('DEL', tree)
    return true, 1
    """,
    durable=False,
)
# before, how many
_FORGET_APPROVALS = writing(
    """
    local gone = 0
    for _, id in ipairs(redis.call('ZRANGEBYSCORE', P .. 'approvals', '-inf', '(' .. arg(1), 'LIMIT', 0, arg(2))) do
        local key = P .. 'approval:' .. id
        local kept = redis.call('HMGET', key, 'expires', 'asked')
        if not kept[1] or kept[1] - arg(1) < 0 then
            if kept[2] then redis.call('ZREM', kept[2], id) end
            redis.call('ZREM', P .. 'approvals', id)
            redis.call('DEL', key)
            gone = gone + 1
        end
    end
    return gone > 0, gone
    """,
    durable=False,
)


class RedisOld(RedisEntries):
    """The part of the store that forgets."""

    async def some_trees(self, cursor: str = "") -> SomeTrees:
        after, found = await self.link.ask(_TREES, cursor or "0", PAGE)
        trees = tuple((int(version), read(state, TreeState)) for version, state in found)
        return SomeTrees(trees=trees, cursor="" if after == b"0" else after.decode())

    async def forget_tree(
        self, root_run_id: RunId, *, seen: int, runs: Mapping[RunId, AgentId], before_ms: int
    ) -> bool:
        named = (part for pair in runs.items() for part in pair)
        return await self.link.ask(_FORGET_TREE, root_run_id, seen, before_ms, *named) is not None

    async def forget_approvals(self, *, before_ms: int, most: int) -> int:
        found: int | None = await self.link.ask(_FORGET_APPROVALS, before_ms, most)
        return found or 0
