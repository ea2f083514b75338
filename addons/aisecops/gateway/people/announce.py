"""Which words on held steps are still to be said where, and when to try again.

Each word has a name: the approval's id for the question, that id and `.closed` for its end.
What has been said is kept in the store: a control plane that starts anew says nothing twice, and of several one does.
A try is noted before it is made, so one that ends in a crash is made again: whoever hears of a step twice knows it by
its id.
"""

from __future__ import annotations

import hashlib

from aisecops.gateway.entries import Entries
from aisecops.gateway.ports import Clock, Store
from aisecops.model.entry import EntryKind
from aisecops.model.people import AnnounceRule
from aisecops.model.value import Value

BACKOFF_MS = (10_000, 30_000, 120_000, 600_000)
"""How long after each try the next one is made; the last one again and again, as long as the question is open."""


class Said(Value):
    """How an announcement stands. `again_ms` is when it may be tried again."""

    done: bool
    tries: int
    again_ms: int


class Announcements:
    """What is kept of announcements."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._said = Entries(store, clock, EntryKind.ANNOUNCEMENT, Said)
        self._clock = clock

    async def was_told(self, name: str, hook: AnnounceRule) -> bool:
        """True when `name` was taken there. Raises `StoreError`."""
        said = await self._said.find(_name(name, hook))
        return said is not None and said.done

    async def due(self, name: str, hook: AnnounceRule) -> bool:
        """True when it is ours to try now, and nobody else's for a while. Raises `StoreError`."""
        mine = False
        now_ms = self._clock.now_ms()

        def taken(said: Said | None) -> Said | None:
            nonlocal mine
            mine = said is None or (not said.done and said.again_ms <= now_ms)
            tries = said.tries if said is not None else 0
            wait_ms = BACKOFF_MS[min(tries, len(BACKOFF_MS) - 1)]
            return Said(done=False, tries=tries + 1, again_ms=now_ms + wait_ms) if mine else None

        await self._said.change(_name(name, hook), taken)
        return mine

    async def done(self, name: str, hook: AnnounceRule) -> None:
        """It was taken there. Raises `StoreError`."""
        await self._said.change(
            _name(name, hook), lambda said: Said(done=True, tries=said.tries if said else 1, again_ms=0)
        )


def _name(name: str, hook: AnnounceRule) -> str:
    """One for each word and place; of the place a digest, as it may be a secret."""
    return f"{name}@{hashlib.sha256(hook.url.encode()).hexdigest()[:16]}"
