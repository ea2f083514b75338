"""The store on a Redis or Valkey server.

Knows what each promise of the port `Store` means in keys and scripts. How a server is spoken to, and when it is not
believed any more, is `link.py`. Each method is one round trip.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any

from aisecops.adapters.store.redis.old import RedisOld
from aisecops.adapters.store.redis.provisos import PROVIDED, asked_of, told_by
from aisecops.adapters.store.redis.scripts import reading, writing
from aisecops.adapters.store.sqlite import KEEP_USES_MS
from aisecops.adapters.store.written import read, text_of
from aisecops.gateway.proviso import Proviso
from aisecops.model.budget import TreeState
from aisecops.model.errors import Moved, Stale, StoreError
from aisecops.model.ids import AgentId, ApprovalId, RunId, TokenId
from aisecops.model.state import Approval, ApprovalState, RevocationKind, Run, Snapshot

_OPEN = frozenset({ApprovalState.PENDING, ApprovalState.APPROVED})

# run, root, agent, opened, run as text, version seen or nothing, tree as text
_OPEN_RUN = writing("""
    local run, tree = P .. 'run:' .. arg(1), P .. 'tree:' .. arg(2)
    local version = redis.call('HGET', tree, 'version') or ''
    if version ~= arg(6) or redis.call('EXISTS', run) == 1 then return false end
    redis.call('HINCRBY', tree, 'version', 1)
    redis.call('HSET', tree, 'state', arg(7))
    redis.call('HSET', run, 'run', arg(5), 'root', arg(2), 'agent', arg(3))
    redis.call('ZADD', P .. 'runs', arg(4), arg(1))
    redis.call('ZADD', P .. 'runs:of:' .. arg(3), arg(4), arg(1))
    return true, 1
""")
# root, version seen, tree as text
_SWAP_TREE = writing("""
    local tree = P .. 'tree:' .. arg(1)
    if redis.call('HGET', tree, 'version') ~= arg(2) then return false end
    redis.call('HSET', tree, 'state', arg(3))
    return true, redis.call('HINCRBY', tree, 'version', 1)
""")
_SWAP_TREE_SOON = replace(_SWAP_TREE, durable=False)
# root, tree as it was seen and as it shall be, how many names that must not be revoked, these, then provisos
_RESERVE = writing(f"""{PROVIDED}
    local tree, named = P .. 'tree:' .. arg(1), 4 + tonumber(arg(4))
    if redis.call('HGET', tree, 'state') ~= arg(2) then return false end
    for i = 5, named do
        if redis.call('HEXISTS', P .. 'revoked', arg(i)) == 1 then return false end
    end
    local so, found = looked(named + 1)
    if not so then return false, {{0, found}} end
    redis.call('HSET', tree, 'state', arg(3))
    redis.call('HINCRBY', tree, 'version', 1)
    return true, {{1, kept(named + 1, found)}}
""")
_RESERVE_SOON = replace(_RESERVE, durable=False)
# run, token, key
_SNAPSHOT = reading("""
    local run = redis.call('HMGET', P .. 'run:' .. arg(1), 'run', 'root', 'agent')
    if not run[1] then return false end
    local tree = redis.call('HMGET', P .. 'tree:' .. run[2], 'version', 'state')
    local revoked = redis.call('HMGET', P .. 'revoked',
        'token:' .. arg(2), 'run:' .. arg(1), 'agent:' .. run[3], 'key:' .. arg(3))
    return {run[1], tree[1], tree[2], revoked}
""")
# root and version seen, each
_CHANGED = reading("""
    local found = {}
    for i = 1, count, 2 do
        local tree = redis.call('HMGET', P .. 'tree:' .. arg(i), 'version', 'state')
        if tree[1] and tree[1] ~= arg(i + 1) then found[#found + 1] = {arg(i), tree[1], tree[2]} end
    end
    return found
""")
_REVOKED = reading("""
    local found = {}
    for i = 1, count do
        found[i] = redis.call('HEXISTS', P .. 'revoked', arg(i))
    end
    return found
""")
_FIND_RUN = reading("return redis.call('HGET', P .. 'run:' .. arg(1), 'run')")
# the list, how many, after which run or none
_RUNS = reading("""
    local found, first = {}, 0
    if arg(3) ~= '' then
        local rank = redis.call('ZREVRANK', P .. arg(1), arg(3))
        if not rank then return found end
        first = rank + 1
    end
    for i, id in ipairs(redis.call('ZREVRANGE', P .. arg(1), first, first + arg(2) - 1)) do
        found[i] = redis.call('HGET', P .. 'run:' .. id, 'run')
    end
    return found
""")
# agent, now, idle
_IMPLICIT = writing(
    """
    local key = P .. 'implicit:' .. arg(1)
    local kept = redis.call('HMGET', key, 'run', 'used')
    if not kept[1] then return false end
    if arg(2) - kept[2] > tonumber(arg(3)) then
        redis.call('DEL', key)
        return true
    end
    if arg(2) - kept[2] > 0 then redis.call('HSET', key, 'used', arg(2)) end
    return true, kept[1]
    """,
    durable=False,
)
# agent, run, the one seen or nothing, now
_SET_IMPLICIT = writing("""
    local key = P .. 'implicit:' .. arg(1)
    local kept = redis.call('HGET', key, 'run')
    if kept and kept ~= arg(3) then return false, kept end
    redis.call('HSET', key, 'run', arg(2), 'used', arg(4))
    return true, arg(2)
""")
_REVOKE = writing("return redis.call('HSETNX', P .. 'revoked', arg(1), arg(2)) == 1")
# token, uses, its end, the end of those that are forgotten
_USE = writing("""
    for _, old in ipairs(redis.call('ZRANGEBYSCORE', P .. 'uses:end', '-inf', '(' .. arg(4), 'LIMIT', 0, 100)) do
        redis.call('ZREM', P .. 'uses:end', old)
        redis.call('HDEL', P .. 'uses', old)
    end
    if tonumber(redis.call('HGET', P .. 'uses', arg(1)) or '0') >= tonumber(arg(2)) then return false end
    redis.call('ZADD', P .. 'uses:end', 'NX', arg(3), arg(1))
    return true, redis.call('HINCRBY', P .. 'uses', arg(1), 1)
""")
# id, run, digest, opened, expires, is it open, as text
_OPEN_APPROVAL = writing("""
    local asked = P .. 'asked:' .. arg(2) .. ':' .. arg(3)
    for _, id in ipairs(redis.call('ZRANGE', asked, 0, -1)) do
        local kept = redis.call('HMGET', P .. 'approval:' .. id, 'text', 'expires')
        if kept[1] and kept[2] - arg(4) > 0 then return false, kept[1] end
    end
    local key = P .. 'approval:' .. arg(1)
    if redis.call('EXISTS', key) == 1 then return false end
    redis.call('HSET', key, 'text', arg(7), 'expires', arg(5), 'opened', arg(4), 'asked', asked)
    redis.call('ZADD', P .. 'approvals', arg(4), arg(1))
    if arg(6) == '1' then redis.call('ZADD', asked, arg(4), arg(1)) end
    return true, arg(7)
""")
_FIND_APPROVAL = reading("return redis.call('HGET', P .. 'approval:' .. arg(1), 'text')")
# how many, only what waits (what a request says may look alike: whoever asks looks again)
_APPROVALS = reading("""
    local found = {}
    for _, id in ipairs(redis.call('ZREVRANGE', P .. 'approvals', 0, arg(1) - 1)) do
        local text = redis.call('HGET', P .. 'approval:' .. id, 'text')
        if arg(2) == '0' or string.find(text, '"state":"pending"', 1, true) then found[#found + 1] = text end
    end
    return found
""")
# id, as it was seen, as it shall be, its end, is it open
_SWAP_APPROVAL = writing("""
    local key = P .. 'approval:' .. arg(1)
    local kept = redis.call('HMGET', key, 'text', 'asked', 'opened')
    if kept[1] ~= arg(2) then return false, kept[1] end
    redis.call('HSET', key, 'text', arg(3), 'expires', arg(4))
    if arg(5) == '1' then redis.call('ZADD', kept[2], kept[3], arg(1)) else redis.call('ZREM', kept[2], arg(1)) end
    return true, 1
""")


class RedisStore(RedisOld):
    """`Store` on one server, shared by any number of processes and machines. Closes its link."""

    async def open_run(self, run: Run, tree: TreeState, *, seen: int | None) -> None:
        version = "" if seen is None else seen
        names = (run.run_id, run.root_run_id, run.agent_id, run.opened_ms)
        if await self.link.ask(_OPEN_RUN, *names, text_of(run), version, text_of(tree)) is None:
            raise Stale(run.root_run_id)

    async def implicit_run(self, agent_id: AgentId, *, now_ms: int, idle_ms: int) -> RunId | None:
        found = await self.link.ask(_IMPLICIT, agent_id, now_ms, idle_ms)
        return None if found is None else RunId(found.decode())

    async def set_implicit_run(self, agent_id: AgentId, run_id: RunId, *, seen: RunId | None, now_ms: int) -> RunId:
        found: bytes = await self.link.ask(_SET_IMPLICIT, agent_id, run_id, seen or "", now_ms)
        return RunId(found.decode())

    async def snapshot(self, run_id: RunId, *, token_id: TokenId | None = None, key_id: str = "") -> Snapshot | None:
        found = await self.link.ask(_SNAPSHOT, run_id, token_id or "", key_id)
        if found is None:
            return None
        run, version, state, hits = found
        if state is None:
            raise StoreError(f"the store has lost the tree of the run `{run_id}`")
        # an empty name is nobody's
        named = {RevocationKind.TOKEN: bool(token_id), RevocationKind.KEY: bool(key_id)}
        revoked = tuple(
            kind for kind, hit in zip(RevocationKind, hits, strict=True) if hit is not None and named.get(kind, True)
        )
        return Snapshot(run=read(run, Run), tree=read(state, TreeState), version=int(version), revoked=revoked)

    async def changed_trees(self, seen: Mapping[RunId, int]) -> Mapping[RunId, tuple[int, TreeState]]:
        if not seen:
            return {}
        found = await self.link.ask(_CHANGED, *(part for pair in seen.items() for part in pair))
        return {RunId(root.decode()): (int(version), read(state, TreeState)) for root, version, state in found}

    async def revoked(self, names: Collection[tuple[RevocationKind, str]]) -> frozenset[tuple[RevocationKind, str]]:
        if not names:
            return frozenset()
        asked = list(names)
        found = await self.link.ask(_REVOKED, *(f"{kind.value}:{name}" for kind, name in asked))
        return frozenset(name for name, hit in zip(asked, found, strict=True) if hit)

    async def swap_tree(self, root_run_id: RunId, *, seen: int, new: TreeState, durable: bool = True) -> int:
        swap = _SWAP_TREE if durable else _SWAP_TREE_SOON
        version: int | None = await self.link.ask(swap, root_run_id, seen, text_of(new))
        if version is None:
            raise Stale(root_run_id)
        return version

    async def reserve(
        self,
        seen: TreeState,
        new: TreeState,
        *,
        unless: Collection[tuple[RevocationKind, str]] = (),
        provided: Sequence[Proviso] = (),
        durable: bool = True,
    ) -> Sequence[Any]:
        names = [f"{kind.value}:{name}" for kind, name in unless]
        reserve = _RESERVE if durable else _RESERVE_SOON
        tree = seen.root_run_id, text_of(seen), text_of(new)
        answer = await self.link.ask(reserve, *tree, len(names), *names, *asked_of(provided))
        if answer is None:
            raise Stale(seen.root_run_id)
        found = told_by(provided, answer[1])
        if not answer[0]:
            raise Moved(found)
        return found

    async def find_run(self, run_id: RunId) -> Run | None:
        found = await self.link.ask(_FIND_RUN, run_id)
        return None if found is None else read(found, Run)

    async def list_runs(
        self, *, limit: int = 1000, agent_id: AgentId | None = None, before: RunId | None = None
    ) -> Sequence[Run]:
        listed = "runs" if agent_id is None else f"runs:of:{agent_id}"
        found = await self.link.ask(_RUNS, listed, limit, before or "")
        return [read(run, Run) for run in found]

    async def revoke(self, kind: RevocationKind, name: str, *, now_ms: int, why: str) -> None:
        await self.link.ask(_REVOKE, f"{kind.value}:{name}", f"{now_ms} {why}")

    async def use_token(self, token_id: TokenId, *, uses: int, expires_ms: int) -> bool:
        found = await self.link.ask(_USE, token_id, uses, expires_ms, expires_ms - KEEP_USES_MS)
        return found is not None

    async def open_approval(self, approval: Approval) -> Approval:
        found = await self.link.ask(
            _OPEN_APPROVAL,
            *(approval.approval_id, approval.run_id, approval.digest, approval.opened_ms, approval.expires_ms),
            int(approval.state in _OPEN),
            text_of(approval),
        )
        if found is None:
            raise StoreError(f"approval `{approval.approval_id}` exists already")
        return read(found, Approval)

    async def find_approval(self, approval_id: ApprovalId) -> Approval | None:
        found = await self.link.ask(_FIND_APPROVAL, approval_id)
        return None if found is None else read(found, Approval)

    async def list_approvals(self, *, limit: int = 1000, pending: bool = False) -> Sequence[Approval]:
        found = [read(one, Approval) for one in await self.link.ask(_APPROVALS, limit, int(pending))]
        return [one for one in found if one.state is ApprovalState.PENDING or not pending]

    async def swap_approval(self, seen: Approval, new: Approval) -> None:
        if seen.approval_id != new.approval_id:
            raise ValueError("an approval keeps its id")
        before, after = text_of(seen).encode(), text_of(new).encode()
        rest = (after, new.expires_ms, int(new.state in _OPEN))
        kept = await self.link.ask(_SWAP_APPROVAL, seen.approval_id, before, *rest)
        if isinstance(kept, bytes) and read(kept, Approval) == seen:
            # the same approval, as an older gateway wrote it that knew fewer fields
            kept = await self.link.ask(_SWAP_APPROVAL, seen.approval_id, kept, *rest)
        if kept != 1:
            raise Stale(seen.approval_id)

    async def ping(self) -> None:
        await self.link.ping()

    async def close(self) -> None:
        await self.link.close()
