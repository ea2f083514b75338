"""A WebSocket as a hostile client holds it: said what is to be said, heard what comes, and why it ended.

Knows one connection inside TLS that stands already. Judges nothing.
"""

from __future__ import annotations

import socket
from collections.abc import Iterable

from wsproto import ConnectionType, WSConnection
from wsproto.events import (
    AcceptConnection,
    BytesMessage,
    CloseConnection,
    Ping,
    RejectConnection,
    RejectData,
    Request,
    TextMessage,
)
from wsproto.utilities import ProtocolError

from aisecops.ops.evaluation.line import Heard

_PEACEFUL = frozenset({1000, 1001, 1005})
_PIECE_BYTES = 65536


class Channel:
    """One WebSocket. `heard` are the messages that came; `code` says why it was ended, empty for a peaceful end."""

    def __init__(self, conn: socket.socket) -> None:
        self._conn = conn
        self._state = WSConnection(ConnectionType.CLIENT)
        self._messages: list[str] = []
        self._piece = ""
        self._open = True
        self.heard: list[str] = []
        self.code = ""

    def opened(self, host: str, target: str, headers: Iterable[tuple[str, str]]) -> Heard | None:
        """Shake hands; the answer when that is a no."""
        more = [(name.encode(), value.encode()) for name, value in headers]
        try:
            self._conn.sendall(self._state.send(Request(host=host, target=target, extra_headers=more)))
            refused = self._handshake()
        except (OSError, ProtocolError):
            refused = Heard()
        if refused is not None:
            self._conn.close()
        return refused

    def say(self, text: str, *, binary: bool = False) -> None:
        """One message; nothing when it has ended."""
        if not self._open:
            return
        message = BytesMessage(data=text.encode()) if binary else TextMessage(data=text)
        try:
            self._conn.sendall(self._state.send(message))
        except (OSError, ProtocolError):
            self._end("closed")

    def hear(self) -> str | None:
        """The next message; None when it has ended."""
        while not self._messages and self._open:
            self._take()
        if not self._messages:
            return None
        self.heard.append(self._messages.pop(0))
        return self.heard[-1]

    def close(self) -> None:
        """Say goodbye, and hear what is still on its way and whether the other end had another reason."""
        try:
            if self._open:
                self._conn.sendall(self._state.send(CloseConnection(code=1000)))
            while self.hear() is not None:
                pass
        except (OSError, ProtocolError):
            self._end("closed")
        self._conn.close()

    def _handshake(self) -> Heard | None:
        status, headers, body = 0, dict[str, str](), b""
        while piece := self._conn.recv(_PIECE_BYTES):
            self._state.receive_data(piece)
            for event in self._state.events():
                if isinstance(event, AcceptConnection):
                    return None
                if isinstance(event, RejectConnection):
                    status = event.status_code
                    headers = {name.decode().lower(): value.decode() for name, value in event.headers}
                    if not event.has_body:
                        return Heard(status, headers)
                elif isinstance(event, RejectData):
                    body += bytes(event.data)
                    if event.body_finished:
                        return Heard(status, headers, body)
        return Heard(status, headers, body)

    def _take(self) -> None:
        """Whatever comes next."""
        try:
            piece = self._conn.recv(_PIECE_BYTES)
            self._state.receive_data(piece or None)
            for event in self._state.events():
                if isinstance(event, TextMessage | BytesMessage):
                    self._text(event)
                elif isinstance(event, Ping):
                    self._conn.sendall(self._state.send(event.response()))
                elif isinstance(event, CloseConnection):
                    self._end("" if event.code in _PEACEFUL else event.reason or str(event.code))
        except (OSError, ProtocolError):
            self._end("closed")

    def _text(self, event: TextMessage | BytesMessage) -> None:
        said = event.data if isinstance(event.data, str) else bytes(event.data).decode("utf-8", "replace")
        self._piece += said
        if event.message_finished:
            self._messages.append(self._piece)
            self._piece = ""

    def _end(self, code: str) -> None:
        self._open = False
        self.code = self.code or code
