"""Which upstream connections are not read for now, and why: what was read is looked at, or its client does not take it.

Backpressure by the one answer that needs it: whatever else its client has under way goes on.
"""

from __future__ import annotations

import asyncio
from enum import StrEnum


class Why(StrEnum):
    """Why no more is read."""

    WEIGHED = "weighed"
    UNTAKEN = "untaken"


class Pauses:
    """By the id of the connection. Whoever reads it waits in `over`."""

    def __init__(self) -> None:
        self._reasons: dict[str, set[Why]] = {}
        self._waiting: dict[str, asyncio.Event] = {}

    def begin(self, connection_id: str, why: Why) -> None:
        """Read no more until `end` was called for every reason."""
        self._reasons.setdefault(connection_id, set()).add(why)
        self._waiting.setdefault(connection_id, asyncio.Event())

    def end(self, connection_id: str, why: Why | None = None) -> None:
        """This reason is over; without one, all of them are."""
        reasons = self._reasons.get(connection_id, set())
        reasons -= {why} if why is not None else set(Why)
        if not reasons and connection_id in self._waiting:
            del self._reasons[connection_id]
            self._waiting.pop(connection_id).set()

    async def over(self, connection_id: str) -> None:
        """Return when it may be read."""
        while (waiting := self._waiting.get(connection_id)) is not None:
            await waiting.wait()
