"""What stands while a round of an evaluation is open, and not a moment longer.

Knows when to make it and when to end it. What it is made of is the wiring's.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager

from aisecops.model.round import Round

LOOK_EVERY_S = 0.5
_log = logging.getLogger(__name__)


class Annex[T]:
    """`rounds` finds the open round, and may block; `opened` makes what stands for it, and ends it.

    INVARIANT: nothing stands for a round that is over, and what failed to be made for a round stays away.
    """

    def __init__(
        self, rounds: Callable[[], Round | None], opened: Callable[[Round], AbstractAsyncContextManager[T]]
    ) -> None:
        self._rounds = rounds
        self._opened = opened
        self._turn = asyncio.Lock()
        self._round: Round | None = None
        self._made: asyncio.Future[T | None] | None = None
        self._task: asyncio.Task[None] | None = None
        self._runs = False
        self._standing: tuple[Round, T] | None = None

    @property
    def standing(self) -> tuple[Round, T] | None:
        """What stands now, without looking for a new round."""
        return self._standing

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """While inside, `now` may be asked."""
        self._runs = True
        try:
            yield
        finally:
            self._runs = False
            await self._end()

    async def now(self) -> tuple[Round, T] | None:
        """The open round and what stands for it, made when it is first asked for; None without either."""
        found = await asyncio.to_thread(self._rounds)
        if found is None or not self._runs:
            return None
        async with self._turn:
            if self._round != found or self._made is None:
                await self._end()
                self._round, self._made = found, asyncio.get_running_loop().create_future()
                self._task = asyncio.ensure_future(self._stand(found, self._made))  # raises nothing
            made = self._made
        stands = await asyncio.shield(made)
        return None if stands is None else (found, stands)

    async def _end(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])

    async def _stand(self, found: Round, made: asyncio.Future[T | None]) -> None:
        try:
            async with self._opened(found) as one:
                self._standing = (found, one)
                made.set_result(one)
                while await asyncio.to_thread(self._rounds) == found:  # noqa: ASYNC110 - another process ends it
                    await asyncio.sleep(LOOK_EVERY_S)
                self._standing = None
        except Exception:  # noqa: BLE001 - said in the log
            # it is on nobody's way but the evaluation's own, which is refused from now on
            _log.exception("the evaluation %s cannot go on here", found.evaluation_id)
        finally:
            self._standing = None
            if not made.done():
                made.set_result(None)
