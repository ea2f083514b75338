"""A stream that waits: something in it is whole, and is judged before anything after it goes on.

Knows how the layer asks and how it is answered; only this one answer waits, and no more of it is read meanwhile. Its
client's connection and the loop go on.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from mitmproxy.proxy import commands

from aisecops.adapters.mitm.exchange import Exchange
from aisecops.adapters.mitm.gate import Gate
from aisecops.adapters.mitm.pauses import Why
from aisecops.model.errors import Fault


@dataclass
class Weighing:
    """The stream of `exchange` waits. The addon puts what may be passed on into `pieces`."""

    exchange: Exchange
    pieces: list[bytes] = field(default_factory=list)


@dataclass
class StreamWaitsHook(commands.StartHook):
    """What a stream holds back is enough to be judged."""

    weighing: Weighing


class WaitingStreams:
    """An addon: has the enforcer judge what streams wait for."""

    name = "aisecops-waiting-streams"

    def __init__(self, gate: Gate) -> None:
        self._gate = gate

    async def stream_waits(self, weighing: Weighing) -> None:
        """Judge it. A permit that is gone, or a fault, kills the stream."""
        exchange = weighing.exchange
        if exchange.stream is None:
            return
        permit = exchange.permit
        if permit is None:
            raise Fault("a stream waits whose answer is over")
        if exchange.server is not None:
            self._gate.pauses.begin(exchange.server.id, Why.WEIGHED)
        try:
            weighing.pieces = await exchange.stream.weigh(lambda tap: self._gate.enforcer.weigh(permit, tap))
        finally:
            self._gate.read_on(exchange, Why.WEIGHED)
