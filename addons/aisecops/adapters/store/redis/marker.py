"""The marker: which store this is, so that one that was emptied or went back in time is not taken for a fresh one.

An id that stays, an era that an operator begins, and whether somebody has seen that writes were lost. Lives in the
store itself; the id is kept beside the installation's keys too.
"""

from __future__ import annotations

import re

from aisecops.model.value import Value

_FORM = re.compile(r"1 (st_[0-9a-f]{16}) ([0-9a-f]{16})( lost)?")

# KEYS[1]: `scripts.KEY`. Each returns the marker as it now is.
FIND = "#!lua\nreturn redis.call('HGET', KEYS[1], 'marker')"
MAKE = """#!lua
local at = redis.call('HGET', KEYS[1], 'marker')
if at then return at end
local P = 'aisecops:'
if redis.call('EXISTS', P .. 'runs', P .. 'revoked', P .. 'approvals', P .. 'entries:last', P .. 'known:last') > 0 then
    return false
end
redis.call('HSET', KEYS[1], 'marker', ARGV[1])
return ARGV[1]
"""
DISTRUST = """#!lua
if redis.call('HGET', KEYS[1], 'marker') == ARGV[1] then redis.call('HSET', KEYS[1], 'marker', ARGV[2]) end
return redis.call('HGET', KEYS[1], 'marker')
"""
BEGIN = """#!lua
redis.call('DEL', KEYS[1])
redis.call('HSET', KEYS[1], 'marker', ARGV[1])
return ARGV[1]
"""

EMPTIED = (
    "the store has been emptied: budgets, halts and revocations are gone; "
    "restore it, or say `aisecops store begin` to go on without them"
)
LOST = (
    "the store has lost writes that it had said were done; look at it (a restart, a failover?), "
    "then say `aisecops store begin` to go on with what it has"
)
ANOTHER = "this is another store than before; name the one used before, or remove `store.id` from the state folder"


class Marker(Value):
    """One store in one era of its life."""

    store_id: str
    era: str
    lost: bool = False

    @property
    def text(self) -> str:
        """As it is kept."""
        return f"1 {self.store_id} {self.era}{' lost' if self.lost else ''}"

    def objection_to(self, found: Marker | None) -> str:
        """Why a store that shows `found` is not the one that shows this, in whatever era; empty when it is."""
        if found is None:
            return EMPTIED
        if found.store_id != self.store_id:
            return ANOTHER
        return LOST if found.lost else ""


def read_marker(text: bytes | None) -> Marker | None:
    """What is kept as `text`; None for nothing, and for what cannot be understood."""
    found = _FORM.fullmatch(text.decode(errors="replace")) if text else None
    return Marker(store_id=found[1], era=found[2], lost=found[3] is not None) if found else None
