"""Answers in pieces: a tap between upstream and agent that cuts rather than lets slip.

The proxy core calls the stream with each piece, and with nothing at the end. It guards none of these calls,
and goes on with the next piece after an exception; so a tap that raises once is dead from then on.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable

from aisecops.adapters.mitm.faults import describe
from aisecops.gateway.enforcer import StreamTap
from aisecops.model.errors import WireError

logger = logging.getLogger(__name__)


class TappedStream:
    """What `response.stream` is set to. `cut` drops both connections, so the agent sees that something is missing.

    `unreadable` cuts it too, and tells the agent in words what of the answer cannot be read.
    """

    def __init__(self, tap: StreamTap, *, cut: Callable[[], None], unreadable: Callable[[WireError], None]) -> None:
        self.tap = tap
        self.dead = False
        self._ended = False
        self._cut = cut
        self._unreadable = unreadable

    def stop(self) -> None:
        """Pass nothing on from now on."""
        self.dead = True

    def __call__(self, data: bytes) -> list[bytes]:
        """What may be passed on. An empty piece would end a chunked answer early, so none is ever returned."""
        if self.dead or self._ended:
            return []
        self._ended = not data
        try:
            pieces = self.tap.feed(data) if data else self.tap.end()
            return [piece for piece in pieces if piece]
        except Exception as fault:  # noqa: BLE001 - the outermost guard of a stream
            return self._broken(fault)

    async def weigh(self, weigh: Callable[[StreamTap], Awaitable[list[bytes]]]) -> list[bytes]:
        """What may be passed on once `weigh` has judged what the tap waits for."""
        try:
            pieces = await weigh(self.tap)
            return [] if self.dead else [piece for piece in pieces if piece]
        except Exception as fault:  # noqa: BLE001 - the outermost guard of a stream
            return self._broken(fault)

    def _broken(self, fault: Exception) -> list[bytes]:
        self.dead = True
        if isinstance(fault, WireError):  # no fault of ours: an upstream that does not speak as its dialect does
            logger.warning("a stream was cut, for it cannot be read: %s", fault.detail)
            self._unreadable(fault)
        else:
            logger.error("a stream was cut: %s", describe(fault))
            self._cut()
        return []
