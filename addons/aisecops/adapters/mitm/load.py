"""How much one gateway process holds at once: body bytes in memory, and connections, by source and in all.

Knows counts. INVARIANT: what is taken is given back once, by whoever took it; `Held` makes sure of it for bodies.
"""

from __future__ import annotations

import asyncio
import collections
import ipaddress
import logging
import resource
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum

from aisecops.adapters.mitm.bounds import Bounds
from aisecops.wire.coding import FREE_BYTES, MAX_RATIO

logger = logging.getLogger(__name__)

DESCRIPTORS_KEPT = 128
"""File descriptors left for the store, the record, the scan processes and Python itself."""

MOST_DESCRIPTORS = 1 << 20

RAISE_DESCRIPTORS = "raise the limit (ulimit -n, or LimitNOFILE= of its unit)"

SMALL_ANSWER_BYTES = 256 * 1024
"""Of an answer so much is read also when room is scarce: what it belongs to holds its request until it has it."""

SAID_EVERY_S = 10.0

_READ_BYTES = 64 * 1024
_PREFIX_OF_ONE_V6_SOURCE = 64


class Room:
    """Bytes of bodies held at once, at most `most`. From seven eighths on, readers are asked to wait."""

    def __init__(self, most: int) -> None:
        self.most = most
        self.used = 0
        self._waiting: collections.deque[asyncio.Future[None]] = collections.deque()

    @property
    def is_tight(self) -> bool:
        """True when nobody should read more for now."""
        return self.used > self.most - self.most // 8

    def take(self, size_bytes: int) -> bool:
        """Hold `size_bytes` more; False, and nothing held, when they do not fit."""
        if self.used + size_bytes > self.most:
            return False
        self.used += size_bytes
        return True

    def take_anyway(self, size_bytes: int) -> None:
        """Hold what is here already and cannot be sent back: whoever comes next finds so much less."""
        self.used += size_bytes

    def give(self, size_bytes: int) -> None:
        """Hold `size_bytes` less. Wakes as many of the waiting as may read now, who waits longest first."""
        self.used -= size_bytes
        reads = (self.most - self.most // 8 - self.used) // _READ_BYTES + 1
        while self._waiting and reads > 0 and not self.is_tight:
            waiting = self._waiting.popleft()
            if not waiting.done():
                waiting.set_result(None)
                reads -= 1

    async def wait(self, seconds: float) -> None:
        """Return when there is room again, or after `seconds`: then what does not fit is refused."""
        if not self.is_tight:
            return
        waiting: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append(waiting)
        await asyncio.wait((waiting,), timeout=seconds)
        waiting.cancel()


class Held:
    """What one exchange holds of a room. Without a room, anything fits."""

    def __init__(self, room: Room | None = None) -> None:
        self._room = room
        self.size_bytes = 0

    def take(self, size_bytes: int) -> bool:
        """Hold `size_bytes` more; False when they do not fit."""
        if self._room is not None and not self._room.take(size_bytes):
            return False
        self.size_bytes += size_bytes
        return True

    def be(self, size_bytes: int) -> None:
        """Hold exactly `size_bytes` from now on, whether they fit or not."""
        more, self.size_bytes = size_bytes - self.size_bytes, size_bytes
        if self._room is None or more == 0:
            return
        if more > 0:
            self._room.take_anyway(more)
        else:
            self._room.give(-more)


class SaidSeldom:
    """A log line that would come in thousands: one now and then, with how many there were."""

    def __init__(self) -> None:
        self._count = 0
        self._said = -SAID_EVERY_S

    def say(self, words: str) -> None:
        """Say `words` if they were not said just now."""
        self._count += 1
        if time.monotonic() - self._said >= SAID_EVERY_S:
            logger.warning("%s (%d times)", words, self._count)
            self._said, self._count = time.monotonic(), 0


class Full(StrEnum):
    """Why a connection is turned away."""

    SOURCE = "source"
    ALL = "all"


@dataclass(slots=True)
class Connections:
    """Who is connected, at most `most` in all and `per_source` from one address."""

    most: int
    per_source: int
    count: int = 0
    by_source: collections.Counter[str] = field(default_factory=collections.Counter)

    def enter(self, source: str) -> Full | None:
        """Count one more from `source`; or say why not, and count nothing."""
        if self.count >= self.most:
            return Full.ALL
        if self.by_source[source] >= self.per_source:
            return Full.SOURCE
        self.count += 1
        self.by_source[source] += 1
        return None

    def leave(self, source: str) -> None:
        """One from `source` has gone."""
        self.count -= 1
        self.by_source[source] -= 1
        if not self.by_source[source]:
            del self.by_source[source]


def source_of(host: str) -> str:
    """What counts as one source: an IPv4 address, or the /64 an IPv6 address is in."""
    address = ipaddress.ip_address(host.partition("%")[0])
    if isinstance(address, ipaddress.IPv4Address):
        return str(address)
    if address.ipv4_mapped is not None:
        return str(address.ipv4_mapped)
    return str(ipaddress.ip_network((address, _PREFIX_OF_ONE_V6_SOURCE), strict=False))


def most_decoded(coding: str, size_bytes: int, *, allowed: int) -> int:
    """What a body of `size_bytes` in `coding` may become at most when it is decoded, beside itself."""
    if coding.strip().lower() in {"", "identity"}:
        return 0
    return min(allowed, max(FREE_BYTES, size_bytes * MAX_RATIO))


class Load:
    """All that one process counts of itself. `upstreams` are connections out of it."""

    def __init__(
        self,
        bounds: Bounds | None = None,
        *,
        descriptors: int = MOST_DESCRIPTORS,
        turned_away: Callable[[str], None] = lambda _reason: None,
    ) -> None:
        self.bounds = bounds or Bounds()
        self.room = Room(self.bounds.buffered_bytes)
        # a client and its upstream: two descriptors for each
        pairs = max(1, (descriptors - DESCRIPTORS_KEPT) // 2)
        most = min(self.bounds.connections, pairs)
        if most < self.bounds.connections:
            words = "%d file descriptors are enough for %d client connections, not for %d (`limits.connections`): %s"
            logger.warning(words, descriptors, most, self.bounds.connections, RAISE_DESCRIPTORS)
        self.clients = Connections(most, self.bounds.connections_per_source)
        self.upstreams = Connections(pairs, pairs)
        self.turned_away = turned_away
        self.being_told = 0
        self.said = SaidSeldom()


def raise_descriptors() -> int:
    """Raise this process's soft limit on file descriptors to its hard one, and say so; returns the limit in force."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = min(MOST_DESCRIPTORS, hard) if hard != resource.RLIM_INFINITY else MOST_DESCRIPTORS
    if soft != resource.RLIM_INFINITY and soft < wanted:
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
        except (OSError, ValueError):
            logger.warning("the limit of %d file descriptors could not be raised to %d", soft, wanted)
        else:
            logger.info("file descriptors: limit raised from %d to %d", soft, wanted)
            soft = wanted
    return MOST_DESCRIPTORS if soft == resource.RLIM_INFINITY else soft
