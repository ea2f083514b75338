"""One WebSocket under way: whole messages, each asked about before it goes on, in order, within bounds.

Takes the place of the core's layer. Nothing of a client reaches the upstream but messages that were let through: the
words of its pings and of its goodbye stay here. Judges nothing; the addon in `websockets.py` asks.
"""

from __future__ import annotations

import contextlib
import time
from collections import OrderedDict
from collections.abc import Iterator
from typing import override

from mitmproxy import connection, http, websocket
from mitmproxy.proxy import commands, events, layer
from mitmproxy.proxy.context import Context
from mitmproxy.proxy.layers.websocket import WebsocketEndHook, WebsocketMessageHook, WebsocketStartHook
from wsproto.connection import Connection, ConnectionState, ConnectionType
from wsproto.events import BytesMessage, CloseConnection, Event, Ping, Pong, TextMessage
from wsproto.frame_protocol import CloseReason, Opcode

from aisecops.adapters.mitm.bounds import LINGER_S
from aisecops.adapters.mitm.deflate import extensions
from aisecops.adapters.mitm.exchange import Exchange
from aisecops.adapters.mitm.gate import Gate
from aisecops.model.outcome import Refuse
from aisecops.model.refusals import Code

Commands = layer.CommandGenerator[None]

POLICY_VIOLATION, TOO_BIG = CloseReason.POLICY_VIOLATION, CloseReason.MESSAGE_TOO_BIG
PINGS_KEPT = 16
_OPEN = frozenset({ConnectionState.OPEN, ConnectionState.REMOTE_CLOSING})


class _Side(Connection):
    """One of the two connections: its peer's messages as they become whole."""

    def __init__(self, kind: ConnectionType, conn: connection.Connection, answer: str, limit: int) -> None:
        super().__init__(kind, extensions(answer, limit))
        self.conn = conn
        self.pieces: list[bytes] = []
        self.size = 0

    def take(self, piece: str | bytes | bytearray) -> int:
        """Keep one more piece of the message under way; how large it is now."""
        raw = piece.encode() if isinstance(piece, str) else bytes(piece)
        self.pieces.append(raw)
        self.size += len(raw)
        return self.size

    def whole(self) -> bytes:
        """The message, and the next one begins."""
        message, self.pieces, self.size = b"".join(self.pieces), [], 0
        return message

    def say(self, event: Event) -> commands.SendData:
        return commands.SendData(self.conn, self.send(event))


class GovernedWebsocket(layer.Layer):
    """Relays between client and upstream for as long as nobody says no."""

    flow: http.HTTPFlow

    def __init__(self, context: Context, flow: http.HTTPFlow, gate: Gate, exchange: Exchange) -> None:
        super().__init__(context)
        self.flow = flow
        self._gate = gate
        self._exchange = exchange
        self._limit = exchange.allowed
        answer = flow.response.headers.get("Sec-WebSocket-Extensions", "") if flow.response else ""
        self._client = _Side(ConnectionType.SERVER, context.client, answer, self._limit)
        self._server = _Side(ConnectionType.CLIENT, context.server, answer, self._limit)
        self._pings: OrderedDict[bytes, bytes] = OrderedDict()
        self._asked: OrderedDict[bytes, None] = OrderedDict()
        self._count = 0
        self._last_was_text = False
        self._over = False

    @override
    def _handle_event(self, event: events.Event) -> Commands:
        if isinstance(event, events.Start):
            yield WebsocketStartHook(self.flow)
        elif isinstance(event, (events.DataReceived, events.ConnectionClosed)) and not self._over:
            yield from self._relay(event)

    def _relay(self, event: events.DataReceived | events.ConnectionClosed) -> Commands:
        if self._exchange.cut is not None:
            yield from self._end_with(self._exchange.cut)
            return
        from_client = event.connection == self.context.client
        source, sink = (self._client, self._server) if from_client else (self._server, self._client)
        source.receive_data(event.data if isinstance(event, events.DataReceived) else None)
        # while this is on its way to be judged, no more is read of either side
        with self._not_reading():
            for said in source.events():
                if isinstance(said, (TextMessage, BytesMessage)):
                    yield from self._piece(source, said)
                elif isinstance(said, (Ping, Pong)):
                    yield from self._control(sink, said, from_client=from_client)
                elif isinstance(said, CloseConnection):
                    yield from self._closed_by(said, from_client=from_client)
                if self._over:
                    return

    @contextlib.contextmanager
    def _not_reading(self) -> Iterator[None]:
        connected = self._gate.connected.get(self.context.client.id)
        if connected is not None:
            connected.reading.clear()
        try:
            yield
        finally:
            if connected is not None:
                connected.reading.set()

    def _piece(self, source: _Side, said: TextMessage | BytesMessage) -> Commands:
        if source.take(said.data) > self._limit:
            what = "the message is larger than the rules allow; send less, or raise `egress.max_body`"
            yield from self._end_with(Refuse(code=Code.TOO_LARGE, detail=what))
        elif said.message_finished:
            yield from self._message(source, text=isinstance(said, TextMessage))

    def _message(self, source: _Side, *, text: bool) -> Commands:
        """Ask, and wait for the answer: nothing overtakes this message in either direction."""
        from_client = source is self._client
        if from_client:
            self._last_was_text = text
        kind = Opcode.TEXT if text else Opcode.BINARY
        message = websocket.WebSocketMessage(kind, from_client, source.whole())
        assert self.flow.websocket is not None
        self.flow.websocket.messages[:] = [message]
        yield WebsocketMessageHook(self.flow)
        passing = [one for one in self.flow.websocket.messages if not one.dropped]
        self.flow.websocket.messages.clear()
        if self._exchange.cut is not None:
            yield from self._end_with(self._exchange.cut)
            return
        for one in passing:
            side = self._server if one.from_client else self._client
            yield side.say(TextMessage(one.content.decode()) if text else BytesMessage(one.content))

    def _control(self, sink: _Side, said: Ping | Pong, *, from_client: bool) -> Commands:
        """Pings and pongs pass, so that each end knows of the other; the words a client puts in them do not."""
        payload = bytes(said.payload)
        if isinstance(said, Ping) and from_client:
            self._count += 1
            ours = b"%d" % self._count
            _keep(self._pings, ours, payload)
            yield sink.say(Ping(ours))
        elif isinstance(said, Ping):
            _keep(self._asked, payload, None)
            yield sink.say(Ping(payload))
        elif from_client:
            if payload in self._asked:
                del self._asked[payload]
                yield sink.say(Pong(payload))
        elif payload in self._pings:
            yield sink.say(Pong(self._pings.pop(payload)))

    def _closed_by(self, said: CloseConnection, *, from_client: bool) -> Commands:
        """One side said goodbye, went away, or broke the protocol: both end, with its code."""
        for side in (self._server, self._client):
            if side.state in _OPEN:
                reason = said.reason if side is self._client and not from_client else None
                yield side.say(CloseConnection(said.code, reason))
        yield from self._end(said.code, said.reason, by_client=from_client)

    def _end_with(self, refuse: Refuse) -> Commands:
        """Nothing more is relayed; each end is told as WebSockets tell it, the client with the problem before."""
        self._exchange.cut = refuse
        code = TOO_BIG if refuse.code is Code.TOO_LARGE else POLICY_VIOLATION
        if self._client.state is ConnectionState.OPEN and self._last_was_text:
            problem = self._gate.answer(refuse, self._exchange.request)
            yield self._client.say(TextMessage((problem.raw_content or b"").decode()))
        for side in (self._server, self._client):
            if side.state in _OPEN:
                yield side.say(CloseConnection(code, refuse.code.value))
        yield from self._end(code, refuse.code.value, by_client=False)

    def _end(self, code: int, reason: str | None, *, by_client: bool) -> Commands:
        self._over = True
        told = self.flow.websocket
        assert told is not None
        told.timestamp_end, told.closed_by_client, told.close_code, told.close_reason = (
            time.time(),  # noqa: TID251 - the core's own stamp is by this clock
            by_client,
            code,
            reason,
        )
        yield commands.CloseConnection(self._server.conn)
        yield from self._take_leave()
        yield WebsocketEndHook(self.flow)
        self.flow.live = False

    def _take_leave(self) -> Commands:
        """Say no more to the client, and let it finish: its bytes would undo what was said if they found nobody."""
        connected = self._gate.connected.get(self.context.client.id)
        if connected is None or not self.context.client.connected:
            yield commands.CloseConnection(self._client.conn)
            return
        connected.close_connection(self._client.conn, half_close=True)
        connected.end_within(LINGER_S)


def _keep[V](kept: OrderedDict[bytes, V], name: bytes, value: V) -> None:
    kept[name] = value
    if len(kept) > PINGS_KEPT:
        kept.popitem(last=False)
