"""What is known of content, shared by all processes: what others have added is read here, and what this one adds.

Everything is read once and in order. Knows no meaning; who is told of what was added is whoever makes this.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextvars import ContextVar

from aisecops.gateway.origins.traced import Guessed
from aisecops.gateway.ports import KNOWN_AT_ONCE, ContentStore
from aisecops.gateway.proviso import Proviso
from aisecops.gateway.resting import Rests
from aisecops.model.ids import RunId
from aisecops.model.known import Known

MOST_GUESSED = 4_000
"""Characters of texts that nobody has looked at, which a step is judged on with what is at hand of others."""

type Newer = tuple[int, Sequence[Known]]


class _Look:
    """One look at what others have added, for all that is asked in one step."""

    __slots__ = ("is_done", "is_over", "on_hand", "rests", "root_run_id")

    def __init__(self, root_run_id: RunId | None, rests: Rests | None) -> None:
        self.is_done = self.is_over = False
        self.root_run_id = root_run_id
        self.rests = rests
        self.on_hand: _OnHand | None = None


_look: ContextVar[_Look | None] = ContextVar("look", default=None)


@contextlib.contextmanager
def one_look(root_run_id: RunId | None = None, rests: Rests | None = None, *, is_done: bool = False) -> Iterator[None]:
    """Inside, the store is asked once what others have added; so what is asked about must be whole by then.

    What came in before a request was whole is known to it; what comes in while it is judged is not in it. With `rests`
    it is not asked at all, where little depends on it: the step, of one tree, rests on what is at hand. `is_done`: what
    others have added was read since the request was whole.
    """
    look = _Look(root_run_id, rests)
    look.is_done = is_done
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
        self._read = 0
        self._reading = asyncio.Lock()

    @property
    def position(self) -> tuple[int, int]:
        """Up to where everything is known here, and how often others have added to that."""
        return self._place, self._read

    async def read(self) -> None:
        """Read what was added since, unless the step under way rests on what is at hand. Raises `StoreError`."""
        look = _look.get()
        if look is None or look.is_over:
            await self.ask()
        elif look.is_done or look.on_hand is not None:
            return
        elif look.rests is not None and look.root_run_id is not None:
            self._on_hand(look, look.root_run_id, look.rests)
        else:
            await self.ask()

    @property
    def with_charge(self) -> bool:
        """Is what the step under way adds kept with its charge?"""
        look = _look.get()
        return look is not None and not look.is_over and look.rests is not None and look.root_run_id is not None

    def add(self, known: Sequence[Known], then: Callable[[], None]) -> None:
        """Keep `known` with the charge of the step under way; `then` is done when it is charged."""
        look = _look.get()
        if look is not None and look.rests is not None and look.root_run_id is not None and (known or look.on_hand):
            self._on_hand(look, look.root_run_id, look.rests).add(known, then)

    def _on_hand(self, look: _Look, root_run_id: RunId, rests: Rests) -> _OnHand:
        if look.on_hand is None:
            look.on_hand = _OnHand(self, self._store, root_run_id)
            rests.add(look.on_hand)
        return look.on_hand

    async def guessing(self, size: int) -> Guessed | None:
        """Where what is found in `size` characters is put while the step under way rests on what is at hand.

        None: it does not, or not any more; for much of it the store is asked. Raises `StoreError`.
        """
        look = _look.get()
        if look is None or look.is_over or look.is_done or look.on_hand is None:
            return None
        if size <= MOST_GUESSED:
            return look.on_hand.guessed
        await self.ask()
        return None

    async def ask(self) -> None:
        """Read what was added since. Raises `StoreError`."""
        look = _look.get()
        async with self._reading:
            while True:
                place, known = await self._store.newer(self._place)
                if known:
                    await self._take(known)
                    self._read += 1
                self._place = place
                if len(known) < KNOWN_AT_ONCE:
                    break
        if look is not None:
            look.is_done = True

    async def told(self, after: int, newer: Newer) -> bool:
        """`newer` was added after `after`; True when that was all."""
        place, known = newer
        if known or place > self._place:
            async with self._reading:
                if known:
                    await self._take(known)
                    self._read += 1
                if after <= self._place < place:
                    self._place = place
        return len(known) < KNOWN_AT_ONCE

    async def take(self, known: Sequence[Known]) -> None:
        """Know what was added with a charge."""
        await self._take(known)

    async def keep(self, known: Sequence[Known]) -> None:
        """Add what is taken here already. Known to every process when this returns. Raises `StoreError`."""
        if not known:
            return
        after = self._place
        place = await self._store.keep(*known, after=after)
        if self._place == after != place:
            self._place = place  # nobody else has added anything: it need not be read again
            if (look := _look.get()) is not None:
                look.is_done = True


class _OnHand:
    """What others have added until now is what a step rests on, as far as it concerns it (`resting.py: Rest`)."""

    def __init__(self, additions: Additions, store: ContentStore, root_run_id: RunId) -> None:
        self._additions = additions
        self._store = store
        self._after, self._read = additions.position
        self._root_run_id = root_run_id
        self.guessed = Guessed()
        self._keep: list[Known] = []
        self._then: list[Callable[[], None]] = []

    def add(self, known: Sequence[Known], then: Callable[[], None]) -> None:
        """The step says this. `then` is done when it has."""
        self._keep += known
        self._then.append(then)

    def stands(self) -> bool:
        """What was added meanwhile concerns few."""
        return True

    def proviso(self) -> Proviso:
        """That nothing concerns it that others have added; then what it says is kept."""
        place, read = self._additions.position
        if read == self._read:
            self._after = place  # since then nobody but this process has added anything
        return self._store.unless_known(self._after, self._root_run_id, self.guessed.asked, keep=self._keep)

    async def came_true(self, told: Newer) -> None:
        """Nothing does. What was found need not be looked for again, and what it says is known."""
        await self._additions.told(self._after, told)
        self.guessed.is_so()
        if self._keep:
            await self._additions.take(self._keep)
        for then in self._then:
            then()

    async def moved(self, told: Newer | None) -> bool:
        """Perhaps something does. True when all of it is known here now."""
        return told is not None and await self._additions.told(self._after, told)

    def let_go(self) -> None:
        """Nothing is held."""
