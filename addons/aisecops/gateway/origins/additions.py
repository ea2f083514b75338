"""What is known of content, shared by all processes: what others have added is read here, and what this one adds.

Everything is read once and in order. Knows no meaning; who is told of what was added is whoever makes this.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextvars import ContextVar

from aisecops.gateway.ports import KNOWN_AT_ONCE, ContentStore
from aisecops.model.known import Known


class _Look:
    """One look at what others have added, for all that is asked in one step."""

    __slots__ = ("is_done", "is_over")

    def __init__(self) -> None:
        self.is_done = self.is_over = False


_look: ContextVar[_Look | None] = ContextVar("look", default=None)


@contextlib.contextmanager
def one_look() -> Iterator[None]:
    """Inside, the store is asked once what others have added; so what is asked about must be whole by then.

    What came in before a request was whole is known to it; what comes in while it is judged is not in it.
    """
    look = _Look()
    outside = _look.set(look)
    try:
        yield
    finally:
        look.is_over = True  # for a task that was begun inside and goes on
        _look.reset(outside)


class Additions:
    """Those of one store. `take` is given what others have added, in order; by one at a time."""

    def __init__(self, store: ContentStore, take: Callable[[Sequence[Known]], Awaitable[None]]) -> None:
        self._store = store
        self._take = take
        self._place = 0
        self._reading = asyncio.Lock()

    async def read(self) -> None:
        """Read what was added since. Raises `StoreError`."""
        look = _look.get()
        if look is not None and look.is_done and not look.is_over:
            return
        async with self._reading:
            while True:
                place, known = await self._store.newer(self._place)
                if known:
                    await self._take(known)
                self._place = place
                if len(known) < KNOWN_AT_ONCE:
                    break
        if look is not None:
            look.is_done = True

    async def keep(self, known: Sequence[Known]) -> None:
        """Add what is taken here already. Known to every process when this returns. Raises `StoreError`."""
        if not known:
            return
        after = self._place
        place = await self._store.keep(*known, after=after)
        if self._place == after:
            self._place = place  # nobody else has added anything: it need not be read again
