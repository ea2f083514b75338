"""The addon for WebSocket messages: each one of an admitted exchange is asked about, and goes on as the enforcer says.

Knows nothing of frames, which are `websocket_layer.py`'s, and judges nothing.
"""

from __future__ import annotations

import asyncio

from mitmproxy import http, websocket

from aisecops.adapters.mitm.exchange import Exchange
from aisecops.adapters.mitm.gate import Gate
from aisecops.gateway.enforcer import Pass
from aisecops.model.outcome import Refuse


class Websockets:
    """Stands after the addons that open and close exchanges."""

    name = "aisecops-websockets"

    def __init__(self, gate: Gate) -> None:
        self._gate = gate

    async def websocket_message(self, flow: http.HTTPFlow) -> None:
        """Dropped until it was let through."""
        exchange = self._gate.exchanges.get(flow.id)
        if flow.websocket is None or not flow.websocket.messages:
            return
        message = flow.websocket.messages[-1]
        dropped, message.dropped = message.dropped, True
        if exchange is None or exchange.permit is None or exchange.cut is not None or dropped:
            return
        outcome = await self._asked(exchange, exchange.permit, message.content, from_client=message.from_client)
        if isinstance(outcome, Pass):
            _put(flow.websocket.messages, message, outcome)
        elif isinstance(outcome, Refuse) and exchange.cut is None:
            exchange.cut = outcome

    async def websocket_end(self, flow: http.HTTPFlow) -> None:
        """The second record of the step."""
        exchange = self._gate.exchanges.get(flow.id)
        if exchange is not None and (permit := exchange.take_permit()) is not None:
            await self._gate.enforcer.hang_up(permit)

    async def _asked(self, exchange: Exchange, permit: str, data: bytes, *, from_client: bool) -> Pass | Refuse | None:
        """What the enforcer says; None when the exchange was cut first."""
        asking = asyncio.ensure_future(self._gate.enforcer.message(permit, from_client=from_client, data=data))
        cut = asyncio.ensure_future(exchange.was_cut.wait())
        try:
            await asyncio.wait({asking, cut}, return_when=asyncio.FIRST_COMPLETED)
            return asking.result() if asking.done() and exchange.cut is None else None
        finally:
            cut.cancel()
            asking.cancel()


def _put(messages: list[websocket.WebSocketMessage], message: websocket.WebSocketMessage, passed: Pass) -> None:
    """`messages` as they go on, in order; `message` itself stays dropped when nothing goes on in its place."""

    def another(data: bytes, *, from_client: bool) -> websocket.WebSocketMessage:
        return websocket.WebSocketMessage(message.type, from_client, data)

    if passed.data is not None:
        message.content, message.dropped = passed.data, False
    way = message.from_client
    messages[:] = [
        *(another(one, from_client=way) for one in passed.before),
        message,
        *(another(one, from_client=not way) for one in passed.back),
    ]
