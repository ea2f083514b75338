"""What is under way for a client: what its connection proved, and one request of it from its head to its end.

Knows no hook and no byte of a protocol. Whether one may leave is the gate's to say.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, field

from mitmproxy import connection

from aisecops.adapters.mitm.deadlines import ExchangeClock
from aisecops.adapters.mitm.load import SMALL_ANSWER_BYTES, Held
from aisecops.adapters.mitm.names import Place, normal
from aisecops.adapters.mitm.seal import Sealed
from aisecops.adapters.mitm.streams import TappedStream
from aisecops.gateway.enforcer import Caller
from aisecops.model.exchange import HttpRequest
from aisecops.model.outcome import Forward, Refuse


@dataclass(frozen=True, slots=True)
class Tunnel:
    """What a CONNECT proved: who opened it, and where to."""

    caller: Caller
    place: Place


@dataclass(slots=True)
class Redirected:
    """A connection that the network redirected to us: what its client dialled, and why nothing in its TLS may go on."""

    dialled: Place
    refuse: Refuse | None = None


@dataclass(slots=True)
class Exchange:
    """One request on its way. `forward` is set when it was admitted, `sent` when its first byte may have left.

    `cut` is why it was ended under way (`cuts.py`); `was_cut` wakes who waits for something of it. `asked_bytes` is
    what it held when it was sent; more is its answer. `stream_id` is its number on its client connection. `head` is
    what its head said when it was looked at.

    INVARIANT: a permit is handed to the enforcer once; `permit` is taken by whoever settles it.
    """

    client_id: str
    caller: Caller
    request: HttpRequest
    head: tuple[object, ...] = ()
    allowed: int = 0
    forward: Forward | None = None
    permit: str | None = None
    seal: Sealed | None = None
    stream: TappedStream | None = None
    sent: bool = False
    gone: bool = False
    failed: bool = False
    websocket: bool = False
    upgraded: bool = False
    server: connection.Server | None = None
    cut: Refuse | None = None
    was_cut: asyncio.Event = field(default_factory=asyncio.Event)
    clock: ExchangeClock = field(default_factory=ExchangeClock)
    held: Held = field(default_factory=Held)
    asked_bytes: int = 0
    stream_id: int = 0
    _at_work: int = 0
    _over: bool = False

    def take_permit(self) -> str | None:
        """The permit, for the one who asks first."""
        permit, self.permit = self.permit, None
        return permit

    def goes_to(self, server: connection.Server) -> bool:
        """True when the request is for the place that `server` is dialled for."""
        return server.address is not None and Place(normal(server.address[0]), server.address[1]) == Place(
            self.request.host, self.request.port
        )

    def takes_in(self, conn: connection.Connection) -> bool:
        """True when more read of `conn` is more to hold: a request not whole yet, or an answer that is not small.

        Of what was admitted the rest is let in: only when it ends does it give back what it holds.
        """
        if isinstance(conn, connection.Client):
            return self.forward is None and not self._at_work and self.held.size_bytes > 0
        return (
            conn is self.server and self.stream is None and self.held.size_bytes - self.asked_bytes > SMALL_ANSWER_BYTES
        )

    @contextlib.contextmanager
    def at_work(self) -> Iterator[None]:
        """While inside, its bodies are in use, also when everybody else has gone."""
        self._at_work += 1
        try:
            yield
        finally:
            self._at_work -= 1
            if self._over:
                self.over()

    def over(self) -> None:
        """Nothing of it will come any more: stop its clock, and give back what it holds."""
        self._over = True
        self.clock.stop()
        if not self._at_work:
            self.held.be(0)
