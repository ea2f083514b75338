"""Time limits on both sides of a connection: one clock for each exchange, one for each client connection.

Knows when something is late, not what is then done about it: whoever makes a clock is told. Each clock has at most
one timer, which is moved only when it would ring too late; so a piece of a body costs one look at the time.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Iterator
from enum import Enum, auto

from aisecops.adapters.mitm.bounds import BODY_BYTES_EACH_SECOND, Bound, Bounds

TELLS_S = 1.0
"""How much later than a first head's own time its connection ends: who reads the head is let to say why first."""


class ExchangeClock:
    """The clock of one exchange. One without `late` never rings.

    `passed` is the bound that was crossed, once one was; then the clock has stopped.
    """

    def __init__(self, bounds: Bounds | None = None, late: Callable[[Bound], None] | None = None) -> None:
        self.passed: Bound | None = None
        self.bounds = bounds or Bounds()
        self._late = late
        self._loop = asyncio.get_running_loop() if late is not None else None
        self._timer: asyncio.TimerHandle | None = None
        self._bound: Bound | None = None
        self._due = 0.0
        self._ends = 0.0

    def reads_body(self) -> None:
        """The head is there, the body is awaited."""
        self._begin(Bound.BODY, self.bounds.body_s)

    def got_body(self, size_bytes: int) -> None:
        """A piece of the body came: it earns its sender time, by its size and not by having come."""
        self._due += size_bytes / BODY_BYTES_EACH_SECOND

    def waits(self) -> None:
        """It is judged, or waits for a person: others bound that."""
        self._bound = None

    def dials(self) -> None:
        """From now on the upstream is to blame. How long a connection may take is bounded with the connection."""
        if self._loop is not None:
            self._ends = self._loop.time() + self.bounds.total_s
            self._begin(Bound.TOTAL, self.bounds.total_s)

    def sent(self) -> None:
        """The request is out."""
        self._begin(Bound.FIRST_BYTE, self.bounds.first_byte_s)

    def moved(self) -> None:
        """The answer began or went on."""
        self._begin(Bound.IDLE, self.bounds.idle_s)

    def cross(self, bound: Bound) -> None:
        """Whoever bounds a part by itself says that `bound` was crossed."""
        self.stop()
        self.passed = bound

    def stop(self) -> None:
        """It is over."""
        self._bound = self._late = None
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _begin(self, bound: Bound, seconds: float) -> None:
        if self._late is None or self._loop is None or self.passed is not None:
            return
        self._bound, self._due = bound, self._loop.time() + seconds
        if self._ends and self._ends <= self._due and bound is not Bound.BODY:
            self._bound, self._due = Bound.TOTAL, self._ends
        if self._timer is None or self._timer.when() > self._due:
            self._arm(self._loop)

    def _arm(self, loop: asyncio.AbstractEventLoop) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = loop.call_at(self._due, self._ring)

    def _ring(self) -> None:
        self._timer = None
        if self._bound is None or self._late is None or self._loop is None:
            return
        if self._due > self._loop.time():
            self._arm(self._loop)
            return
        self.passed, late = self._bound, self._late
        self.stop()
        late(self.passed)


class Stage(Enum):
    """How far a client connection has come."""

    OPENED = auto()
    IN_TUNNEL = auto()
    SPEAKS = auto()


class ClientClock:
    """The clock of one client connection, in the place and the shape of the core's inactivity timer.

    Until the first head, and until TLS stands in a tunnel, the time is fixed and no byte earns more. After that a
    connection ends when it was silent for `keepalive_s` and `busy` says that nothing is under way on it; one that has
    become a WebSocket, which `channel` says, when it was silent for `websocket_idle_s`. `since` is when it came to its
    first `stage`, by the loop's clock, where that was not just now.
    """

    def __init__(
        self,
        bounds: Bounds,
        *,
        busy: Callable[[], bool],
        late: Callable[[], Awaitable[None]],
        channel: Callable[[], bool] = lambda: False,
        stage: Stage = Stage.OPENED,
        since: float | None = None,
    ) -> None:
        self._bounds = bounds
        self._busy = busy
        self._channel = channel
        self._late = late
        self._loop = asyncio.get_running_loop()
        self._stage = stage
        self._moved = self._loop.time()
        self._since = self._moved if since is None else since
        self._hooks = 0
        self._changed = asyncio.Event()

    def register_activity(self) -> None:
        """Something moved; the core says so at every event."""
        self._moved = self._loop.time()

    @contextlib.contextmanager
    def disarm(self) -> Iterator[None]:
        """While inside, a hook of ours is at work: waiting is not the client's."""
        self._hooks += 1
        try:
            yield
        finally:
            self._hooks -= 1
            self.register_activity()

    def reaches(self, stage: Stage) -> None:
        """The connection has come to `stage`."""
        if stage is not self._stage:
            self._stage, self._since = stage, self._loop.time()
            self._changed.set()

    async def watch(self) -> None:
        """Ring once, when it is time. Ends then, or when it is cancelled."""
        with contextlib.suppress(asyncio.CancelledError):
            while (left := self._left()) > 0:
                self._changed.clear()
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(left):
                        await self._changed.wait()
            await self._late()

    def _left(self) -> float:
        now = self._loop.time()
        if self._hooks or self._busy():
            return self._bounds.keepalive_s
        match self._stage:
            case Stage.OPENED:
                return self._since + self._bounds.head_s + TELLS_S - now
            case Stage.IN_TUNNEL:
                return self._since + self._bounds.handshake_s - now
            case Stage.SPEAKS:
                quiet = self._bounds.websocket_idle_s if self._channel() else self._bounds.keepalive_s
                return self._moved + quiet - now
