"""What a charge depends on in other parts of a store on a server: looked at and kept in the script that charges.

Knows the part of that script that is about them. Each is a word and its arguments, one behind the other.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, cast

from aisecops.gateway.proviso import Proviso

KNOWN, SAID = "known", "said"
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
PROVIDED = (
    KEEP_PIECES
    + f"""
    -- position, root, fingerprints, how many at most: is nothing newer concerned, and what is newer
    local function unconcerned(after, root, prints, most)
        local last = tonumber(redis.call('GET', P .. 'known:last') or '0')
        if after == last then return true, {{after, {{}}}} end
        if after > last then return false, false end
        local before = math.max(after, tonumber(redis.call('GET', P .. 'known:forgotten') or '0'))
        local found, everybodys, upto, so = {{}}, {{}}, math.min(last, before + most), true
        for place = before + 1, upto do
            found[#found + 1] = redis.call('HGET', P .. 'known', place)
            local of = string.match(redis.call('HGET', P .. 'known:owners', place), '^%S*')
            if of == root then so = false elseif of == '' then everybodys[#everybodys + 1] = found[#found] end
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
                is_so, told = unconcerned(tonumber(arg(i + 1)), arg(i + 2), arg(i + 3), arg(i + 4))
                i = i + 5
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
                i = i + 5
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
