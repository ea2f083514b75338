"""A client that says exactly the bytes it is told, through a proxy, and reads what comes back."""

from __future__ import annotations

import base64
import contextlib
import re
import socket
import ssl
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

CREDENTIALS = b"Proxy-Authorization: Basic " + base64.b64encode(b"agent:secret") + b"\r\n"
TIMEOUT_S = 25.0
"""So long nothing may come before a test fails; shorter than what ends a connection by default."""


class Reply(NamedTuple):
    """A status, a lower-case dictionary of headers, a body, and whether the connection ended before it was whole."""

    status: int
    reason: str
    headers: dict[str, str]
    body: bytes
    cut: bool = False


NOTHING = Reply(0, "", {}, b"", cut=True)


class Wire:
    """One connection. `read` gives the next response, or NOTHING when the peer closed without one."""

    def __init__(self, conn: socket.socket) -> None:
        self.conn = conn
        self._buffer = b""

    def send(self, data: bytes) -> None:
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            self.conn.sendall(data)

    def ask(self, data: bytes, *, head: bool = False) -> Reply:
        self.send(data)
        return self.read(head=head)

    def read(self, *, head: bool = False) -> Reply:
        while b"\r\n\r\n" not in self._buffer:
            if not self.more():
                return NOTHING
        raw, self._buffer = self._buffer.split(b"\r\n\r\n", 1)
        first, *lines = raw.decode("latin-1").split("\r\n")
        found = re.fullmatch(r"HTTP/1\.[01] (\d{3}) ?(.*)", first)
        assert found, first
        headers = {name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        status = int(found.group(1))
        body, cut = b"", False
        if head or status in {204, 304} or 100 <= status < 200:
            pass
        elif "chunked" in headers.get("transfer-encoding", ""):
            body, cut = self._chunks()
        elif "content-length" in headers:
            body, cut = self._exactly(int(headers["content-length"]))
        elif not (status == 200 and found.group(2) == "Connection established"):
            while self.more():
                pass
            body, self._buffer = self._buffer, b""
        return Reply(status, found.group(2), headers, body, cut)

    def more(self) -> bytes:
        """The next piece as it comes, kept for reading; empty at the end."""
        try:
            piece = self.conn.recv(65536)
        except (ConnectionResetError, ssl.SSLEOFError):
            piece = b""
        self._buffer += piece
        return piece

    def rest(self) -> bytes:
        """Everything until the peer closes."""
        while self.more():
            pass
        rest, self._buffer = self._buffer, b""
        return rest

    def _exactly(self, size: int) -> tuple[bytes, bool]:
        while len(self._buffer) < size and self.more():
            pass
        body, self._buffer = self._buffer[:size], self._buffer[size:]
        return body, len(body) < size

    def _chunks(self) -> tuple[bytes, bool]:
        body = b""
        while True:
            while b"\r\n" not in self._buffer:
                if not self.more():
                    return body, True
            size_line, self._buffer = self._buffer.split(b"\r\n", 1)
            size = int(size_line, 16)
            piece, cut = self._exactly(size + 2)
            body += piece[:size]
            if cut or size == 0:
                return body, cut


@contextlib.contextmanager
def plain(port: int) -> Iterator[Wire]:
    """A bare connection to the proxy."""
    with socket.create_connection(("127.0.0.1", port), timeout=TIMEOUT_S) as conn:
        yield Wire(conn)


@contextlib.contextmanager
def tunnel(port: int, place: str) -> Iterator[Wire]:
    """A tunnel to `place`, with nothing said in it yet."""
    with plain(port) as wire:
        reply = wire.ask(b"CONNECT %s HTTP/1.1\r\nHost: %s\r\n%s\r\n" % (place.encode(), place.encode(), CREDENTIALS))
        assert reply.status == 200, reply
        yield wire


@contextlib.contextmanager
def secure(port: int, place: str, ca: Path, *, sni: str | None = None) -> Iterator[Wire]:
    """TLS in a tunnel to `place`, under the name `sni` (default: the place's own)."""
    context = ssl.create_default_context(cafile=str(ca))
    context.check_hostname = sni is None
    name = sni or place.partition(":")[0]
    with tunnel(port, place) as outer, context.wrap_socket(outer.conn, server_hostname=name) as conn:
        yield Wire(conn)
