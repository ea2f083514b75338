"""Scripts that a server runs, each as one: they compare and set, and know no rule.

Every script first looks whether the store is still the one it was, and says how many writes of the asking process it
knows of (`link.py` says what for). All keys begin with `aisecops:`; one of them is handed over, the others are made of
it: a store is one server with its replicas, not a cluster.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

KEY = "aisecops:store"
"""A hash: which store this is (`marker`), and for each process how many of its writes are in it."""

_HEAD = """
local P = 'aisecops:'
local at = redis.call('HMGET', KEYS[1], 'marker', ARGV[2])
if at[1] ~= ARGV[1] then return {0, at[1]} end
local counted = tonumber(at[2] or '0')
local function arg(i) return ARGV[i + 2] end
local count = #ARGV - 2
"""
# A script that says nothing of itself would be run by a replica; one that says it may write is not. So every answer
# comes from a server that takes writes.
_READING = "#!lua flags=allow-oom"
_WRITING = "#!lua"


@dataclass(frozen=True, slots=True)
class Script:
    """One of them. `writes`: what it returned as done is counted; `durable`: and waited for, where replicas are."""

    text: str
    writes: bool
    durable: bool

    @property
    def digest(self) -> str:
        """What the server knows it by."""
        return hashlib.sha1(self.text.encode(), usedforsecurity=False).hexdigest()


def reading(body: str) -> Script:
    """A script of the statements `body`, which ends with `return`."""
    text = f"{_READING}{_HEAD}local function body()\n{body}\nend\nreturn {{1, counted, 0, body() or false}}"
    return Script(text=text, writes=False, durable=False)


def writing(body: str, *, durable: bool = True) -> Script:
    """The same, where `body` returns whether it has changed anything, and its answer."""
    text = (
        f"{_WRITING}{_HEAD}local function body()\n{body}\nend\nlocal changed, answer = body()\n"
        "if not changed then return {1, counted, 0, answer or false} end\n"
        "return {1, redis.call('HINCRBY', KEYS[1], ARGV[2], 1), 1, answer or false}"
    )
    return Script(text=text, writes=True, durable=durable)
