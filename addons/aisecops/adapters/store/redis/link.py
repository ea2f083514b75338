"""The connections of one process to a server, and what it may believe of it.

Calls that wait at the same time go out together, so that hundreds of them cost one round trip. Nothing is ever sent
twice: a call whose answer did not come is a `StoreError`, whether it was done or not.

A server that answers may still have forgotten: restarted empty, restored from a backup, replaced by a replica that was
behind. So three things are held against it:

1. Each call names the marker (`marker.py`); a store with another one, or with none, does nothing.
2. The store counts each process's writes and says so in each answer. When it knows of fewer than it has told this
   process of, it has lost some; then the marker is changed, so that nobody goes on, until an operator has looked.
3. Every few seconds it is asked how it is set up (`health.py`).
"""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from redis.asyncio.connection import Connection
from redis.exceptions import NoScriptError, ReadOnlyError, RedisError, ResponseError

from aisecops.adapters.store.redis.health import QUESTIONS, Witness
from aisecops.adapters.store.redis.line import connection_to, exchanged, ready, told
from aisecops.adapters.store.redis.marker import DISTRUST, LOST, Marker, read_marker
from aisecops.adapters.store.redis.place import Place
from aisecops.adapters.store.redis.scripts import KEY, Script, reading
from aisecops.model.errors import StoreError

MOST_CONNECTIONS = 4
MOST_AT_ONCE = 256
LOOK_EVERY_S = 5.0
"""How often the server is asked how it is set up, when it is asked anything."""
_NAME_BYTES = 8
_REPLICAS_SHARE_MS = 300
"""So much of each second of the timeout replicas have to take a write."""

_PING = reading("return 1")

_log = logging.getLogger(__name__)


@dataclass(slots=True, eq=False)
class _Call:
    """What is asked, and, once it is sent, what was believed then."""

    script: Script
    arguments: tuple[Any, ...]
    answer: asyncio.Future[Any]
    marker: Marker | None = None
    floor: int = 0

    def fail(self, error: StoreError) -> None:
        if not self.answer.done():
            self.answer.set_exception(error)

    def succeed(self, result: Any) -> None:
        if not self.answer.done():
            self.answer.set_result(result)


class Link:
    """The connections of one process, used from one event loop. `marker` is the store's, as it was joined."""

    def __init__(self, place: Place, marker: Marker) -> None:
        self._place = place
        self._marker = marker
        self._process = f"w:{secrets.token_hex(_NAME_BYTES)}"
        self._floor = 0
        self._distrusts = False
        self._witness = Witness(place)
        self._free: list[Connection] = []
        self._busy: set[asyncio.Task[None]] = set()
        self._waiting: deque[_Call] = deque()
        self._look_at_s = 0.0
        self._open = True

    @property
    def store_id(self) -> str:
        """Which store this is."""
        return self._marker.store_id

    async def ask(self, script: Script, *arguments: Any) -> Any:
        """Run `script` and return its answer, None for false. Cancelling the caller does not call it off.

        Raises `StoreError` when it was not done, or nobody knows.
        """
        if not self._open:
            raise StoreError("the store is closed")
        answer: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._waiting.append(_Call(script, arguments, answer))
        if len(self._busy) < MOST_CONNECTIONS:
            task = asyncio.get_running_loop().create_task(self._work())
            self._busy.add(task)
            task.add_done_callback(self._busy.discard)
        patience_s = 2 * self._place.timeout_s  # once for those before, once for this
        try:
            async with asyncio.timeout(patience_s):
                return await answer
        except TimeoutError:
            raise StoreError(f"the store did not answer within {patience_s:g} s") from None

    async def ping(self) -> None:
        """Raises `StoreError` when the server cannot be asked, takes no writes, or is not fit."""
        self._look_at_s = 0.0
        await self.ask(_PING)

    async def close(self) -> None:
        """Finish what is under way and let go."""
        self._open = False
        if self._busy:
            await asyncio.wait(self._busy, timeout=2 * self._place.timeout_s)
        if self._free:
            try:
                async with asyncio.timeout(self._place.timeout_s):
                    await exchanged(self._free[0], [("HDEL", KEY, self._process)])
            except (RedisError, OSError, TimeoutError):
                pass  # it counts for a process that is gone; a few bytes
        await self._hang_up()

    async def _work(self) -> None:
        """Send what waits, and what comes meanwhile, over one connection until nothing waits."""
        await asyncio.sleep(0)  # what is asked in the same turn of the loop goes along
        connection = self._free.pop() if self._free else connection_to(self._place)
        while self._waiting:
            batch = [self._waiting.popleft() for _ in range(min(len(self._waiting), MOST_AT_ONCE))]
            error: Exception | None = None
            try:
                async with asyncio.timeout(self._place.timeout_s):
                    await self._exchange(connection, batch)
            except (RedisError, OSError, TimeoutError, StoreError) as failed:
                error = told(failed, self._place)
            except Exception as failed:  # noqa: BLE001 - a task's outermost guard: every caller must be answered
                _log.exception("the store's answer was not understood")
                error = StoreError(f"the store's answer cannot be read: {type(failed).__name__}")
            if error is not None:
                await connection.disconnect(nowait=True)
                for call in batch:
                    call.fail(StoreError(str(error)))
        self._free.append(connection)

    async def _exchange(self, connection: Connection, batch: Sequence[_Call]) -> None:
        await ready(connection)
        now_s = asyncio.get_running_loop().time()
        if self._witness.objection or now_s >= self._look_at_s:
            self._look_at_s = now_s + LOOK_EVERY_S
            await self._look(connection)
        if self._distrusts:
            await self._mark_lost(connection)
        again = batch
        # a server that restarted has lost the scripts, and an operator may have begun another era
        for whole in (False, True, True):
            if again:
                again = await self._send(connection, again, whole=whole)
        for call in again:
            call.fail(StoreError("the store changes faster than it can be asked"))
        if self._distrusts:
            await self._mark_lost(connection)

    async def _send(self, connection: Connection, calls: Sequence[_Call], *, whole: bool) -> list[_Call]:
        """Send `calls`, their scripts `whole` or by name; return those that were not done and may be sent again."""
        commands: list[tuple[Any, ...]] = []
        for call in calls:
            call.marker, call.floor = self._marker, self._floor
            how = ("EVAL", call.script.text) if whole else ("EVALSHA", call.script.digest)
            commands.append((*how, 1, KEY, self._marker.text, self._process, *call.arguments))
        waits = self._place.replicas > 0 and any(call.script.durable for call in calls)
        if waits:
            commands.append(("WAIT", self._place.replicas, int(self._place.timeout_s * _REPLICAS_SHARE_MS)))
        answers = await exchanged(connection, commands)
        enough = not waits or answers.pop() >= self._place.replicas
        again = [call for call, answer in zip(calls, answers, strict=True) if self._unsent(call, answer, enough)]
        if any(isinstance(answer, ReadOnlyError) for answer in answers):
            await self._hang_up()  # by now the name may lead to another server
            await connection.disconnect(nowait=True)
        return again

    def _unsent(self, call: _Call, answer: Any, enough: bool) -> bool:
        """Hand over one answer; True when the call was not done and may be sent again."""
        if isinstance(answer, NoScriptError):
            return True
        if isinstance(answer, ResponseError):
            call.fail(told(answer, self._place))
            return False
        if answer[0] == 0:
            return self._begun_anew(call, read_marker(answer[1] if len(answer) > 1 else None))
        counted, changed, result = answer[1], answer[2], answer[3] if len(answer) > 3 else None  # noqa: PLR2004
        if call.marker is not self._marker:
            call.fail(StoreError("the store was begun anew while it was asked"))
        elif counted < call.floor + changed:
            self._distrusts = True
            call.fail(StoreError(LOST))
        else:
            self._floor = max(self._floor, counted)
            if changed and call.script.durable and not enough:
                call.fail(StoreError(f"fewer than {self._place.replicas} replicas took the write in time"))
            else:
                call.succeed(result)
        return False

    def _begun_anew(self, call: _Call, found: Marker | None) -> bool:
        """True when an operator has begun a new era of this store since, so that `call` may be sent again."""
        if objection := self._marker.objection_to(found):
            call.fail(StoreError(objection))
            return False
        if found is not None and found != self._marker:
            self._marker, self._floor = found, 0
        return True

    async def _mark_lost(self, connection: Connection) -> None:
        """Nobody shall go on with this era. Raises `StoreError` unless an operator has begun another."""
        _log.error("the store %s has lost writes that it had said were done; nothing more is asked of it", self._place)
        lost = Marker(store_id=self._marker.store_id, era=self._marker.era, lost=True)
        (answer,) = await exchanged(connection, [("EVAL", DISTRUST, 1, KEY, self._marker.text, lost.text)])
        found = None if isinstance(answer, ResponseError) else read_marker(answer)
        if found is None or self._marker.objection_to(found):
            raise StoreError(LOST)
        self._marker, self._floor, self._distrusts = found, 0, False

    async def _look(self, connection: Connection) -> None:
        """Ask how the server is set up. Raises `StoreError` when it is not fit."""
        self._distrusts |= self._witness.heard(await exchanged(connection, QUESTIONS))
        if self._witness.objection:
            raise StoreError(self._witness.objection)

    async def _hang_up(self) -> None:
        while self._free:
            await self._free.pop().disconnect(nowait=True)
