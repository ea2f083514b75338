"""What a charge depends on in other parts of a store on a server: looked at and kept in the script that charges.

Knows the part of that script that is about them. Each is a word and its arguments, one behind the other.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, cast

from aisecops.gateway.proviso import Proviso
from aisecops.model.known import KnownOutput

KNOWN, SAID = "known", "said"
OUTPUT = KnownOutput.__struct_config__.tag
MOST_COMPARED = 2_000_000
"""Bytes of fingerprints asked about times bytes of new ones: a fraction of a millisecond for the server."""

KEEP_PIECES = """
    -- root, receiver, how many are kept, how long, until when they are gone, position taken back, time and pieces
    local function keep_pieces(root, receiver, most, kept_ms, gone_ms, instead_of, pieces)
        local said, receivers = P .. 'pieces:' .. root .. ':' .. receiver, P .. 'pieces:of:' .. root
        redis.call('ZREMRANGEBYSCORE', said, instead_of, instead_of)
        for _, old in ipairs(redis.call('ZRANGE', said, 0, 9)) do
            if tonumber(string.match(old, '^%d+')) < tonumber(gone_ms) then redis.call('ZREM', said, old) end
        end
        local place = redis.call('INCR', P .. 'pieces:last')
        redis.call('ZADD', said, place, pieces)
        redis.call('ZREMRANGEBYRANK', said, 0, -1 - most)
        redis.call('SADD', receivers, receiver)
        redis.call('PEXPIRE', said, kept_ms)
        redis.call('PEXPIRE', receivers, kept_ms)
        return place
    end
"""
KEEP_KNOWN = """
    -- bytes kept in all; where the first of the rows stands (name, root of its tree or nothing, data), and the last.
    -- Gives the last place. Places are whole numbers without a gap; those up to `known:forgotten` are gone.
    local function keep_known(most, first, last)
        local names, owners, datas = P .. 'known:names', P .. 'known:owners', P .. 'known'
        local size = tonumber(redis.call('GET', P .. 'known:size') or '0')
        for i = first, last, 3 do
            if redis.call('HEXISTS', names, arg(i)) == 0 then
                local place = redis.call('INCR', P .. 'known:last')
                redis.call('HSET', names, arg(i), place)
                redis.call('HSET', owners, place, arg(i + 1) .. ' ' .. arg(i))
                redis.call('HSET', datas, place, arg(i + 2))
                if arg(i + 1) ~= '' then redis.call('RPUSH', P .. 'known:of:' .. arg(i + 1), place) end
                size = redis.call('INCRBY', P .. 'known:size', #arg(i + 2))
            end
        end
        while size > most do
            local place = redis.call('INCR', P .. 'known:forgotten')
            local owner = redis.call('HGET', owners, place)
            local root, name = string.match(owner, '^(%S*) (.*)$')
            size = redis.call('DECRBY', P .. 'known:size', redis.call('HSTRLEN', datas, place))
            if root ~= '' then redis.call('LPOP', P .. 'known:of:' .. root) end
            redis.call('HDEL', names, name)
            redis.call('HDEL', owners, place)
            redis.call('HDEL', datas, place)
        end
        return tonumber(redis.call('GET', P .. 'known:last') or '0')
    end
"""
PROVIDED = (
    KEEP_PIECES
    + KEEP_KNOWN
    + f"""
    -- position, root, fingerprints, is any output meant, how many at most: is none of what is newer, and what is
    local function unconcerned(after, root, prints, outputs, most)
        local last = tonumber(redis.call('GET', P .. 'known:last') or '0')
        if after == last then return true, {{after, {{}}}} end
        if after > last then return false, false end
        local before = math.max(after, tonumber(redis.call('GET', P .. 'known:forgotten') or '0'))
        local found, everybodys, upto, so = {{}}, {{}}, math.min(last, before + most), true
        for place = before + 1, upto do
            found[#found + 1] = redis.call('HGET', P .. 'known', place)
            local of = string.match(redis.call('HGET', P .. 'known:owners', place), '^%S*')
            if of == root then
                so = false
            elseif of == '' then
                everybodys[#everybodys + 1] = found[#found]
                -- as it is told apart in its bytes; that a content says this word too costs a round trip
                if outputs and string.find(found[#found], '{OUTPUT}', 1, true) then so = false end
            end
        end
        local all = #prints > 0 and table.concat(everybodys) or ''
        so = so and upto == last and #all * #prints <= {MOST_COMPARED}
        for i = 1, so and #all > 0 and #prints or 0, 8 do
            if string.find(all, string.sub(prints, i, i + 7), 1, true) then so = false end
        end
        return so, {{upto, found}}
    end
    local function looked(first)
        local so, found, i = true, {{}}, first
        while i <= count do
            local is_so, told = true, 0
            if arg(i) == '{KNOWN}' then
                is_so, told = unconcerned(tonumber(arg(i + 1)), arg(i + 2), arg(i + 3), arg(i + 4) == '1', arg(i + 5))
                i = i + 8 + tonumber(arg(i + 7))
            else
                local said = P .. 'pieces:' .. arg(i + 1) .. ':' .. arg(i + 2)
                is_so = redis.call('ZCOUNT', said, '(' .. arg(i + 3), '+inf') == 0
                i = i + 8
            end
            so, found[#found + 1] = so and is_so, told
        end
        return so, found
    end
    local function kept(first, found)
        local i = first
        for at = 1, #found do
            if arg(i) == '{KNOWN}' then
                local rows = tonumber(arg(i + 7))
                if rows > 0 then found[at][1] = keep_known(tonumber(arg(i + 6)), i + 8, i + 7 + rows) end
                i = i + 8 + rows
            else
                if arg(i + 4) ~= '' then
                    found[at] = keep_pieces(arg(i + 1), arg(i + 2), arg(i + 5), arg(i + 6), arg(i + 7), 0, arg(i + 4))
                end
                i = i + 8
            end
        end
        return found
    end
"""
)


@dataclass(frozen=True, slots=True)
class InScript[T]:
    """A word and its arguments; `read` makes of the script's answer what it tells."""

    asked: tuple[Any, ...]
    read: Callable[[Any], T]


def asked_of(provided: Sequence[Proviso]) -> list[Any]:
    """The arguments of all of them."""
    return [part for one in provided for part in cast("InScript[Any]", one).asked]


def told_by(provided: Sequence[Proviso], answers: Sequence[Any]) -> list[Any]:
    """What each tells."""
    return [cast("InScript[Any]", one).read(answer) for one, answer in zip(provided, answers, strict=True)]
