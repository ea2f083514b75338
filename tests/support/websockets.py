"""A WebSocket server for tests, on the bytes of `websockets`, that keeps what it gets; and a way to it by the proxy."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect
from websockets.sync.server import Server, ServerConnection, serve

from support.raw import tunnel

WITHIN_S = 10.0


class Talk:
    """Echoes each message unless `says` does something else; keeps messages, and how each connection ended."""

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        self.got: list[str | bytes] = []
        self.paths: list[str] = []
        self.closed: list[tuple[int | None, str]] = []
        self.over = threading.Event()
        self.says: Callable[[ServerConnection, str | bytes], None] = lambda conn, message: conn.send(message)
        self.opens: Callable[[ServerConnection], None] = lambda _conn: None
        self._server: Server = serve(self._talk, "127.0.0.1", 0, ssl=tls, max_size=None, logger=_quiet())
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    @property
    def port(self) -> int:
        return self._server.socket.getsockname()[1]

    def close(self) -> None:
        self._server.shutdown()
        self._thread.join(WITHIN_S)

    def _talk(self, conn: ServerConnection) -> None:
        self.paths.append(conn.request.path if conn.request else "")
        with contextlib.suppress(ConnectionClosed):
            self.opens(conn)
            for message in conn:
                self.got.append(message)
                self.says(conn, message)
        self.closed.append((conn.close_code, conn.close_reason or ""))
        self.over.set()


def _quiet() -> Any:
    import logging

    logger = logging.getLogger("a websocket of a test")
    logger.setLevel(logging.CRITICAL)
    return logger


def two_threads(bundle: Path) -> ssl.SSLContext:
    """TLS for a client that reads in one thread and writes in another, as that of `websockets` does.

    A ticket that comes after the handshake, as in TLS 1.3, is read in the one while the other begins to write, and both
    may then wait for ever: OpenSSL takes one call at a time, and Python 3.13.0 does not see to it.
    """
    context = ssl.create_default_context(cafile=str(bundle))
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    return context


@contextlib.contextmanager
def talking(tls: ssl.SSLContext | None = None) -> Iterator[Talk]:
    talk = Talk(tls)
    try:
        yield talk
    finally:
        talk.close()


@contextlib.contextmanager
def channel(port: int, place: str, ca: Path, path: str = "/feed", **settings: Any) -> Iterator[ClientConnection]:
    """A WebSocket to `place` through the proxy, opened by a real client library in a tunnel of its own."""
    host = place.partition(":")[0]
    with tunnel(port, place) as outer:
        outer.conn.settimeout(None)
        options: dict[str, Any] = {"open_timeout": WITHIN_S, "close_timeout": 2, "max_size": None, "proxy": None}
        with connect(f"wss://{host}{path}", sock=outer.conn, ssl=two_threads(ca), **(options | settings)) as client:
            yield client


def raw_socket(port: int) -> socket.socket:
    return socket.create_connection(("127.0.0.1", port), timeout=WITHIN_S)
