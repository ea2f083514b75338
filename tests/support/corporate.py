"""A corporate proxy on loopback: answers CONNECT, leads on to where it is told, and keeps what it was sent."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
from collections.abc import Iterator


class CorporateProxy:
    """`leads` says where a name goes; `answer`, when set, is said instead of leading anywhere."""

    def __init__(self, leads: dict[str, int], tls: ssl.SSLContext | None = None) -> None:
        self.leads, self.tls = leads, tls
        self.asked: list[bytes] = []
        self.passed = bytearray()
        self.answer: bytes | None = None
        self.silent = False
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._open: list[socket.socket] = []
        self._start(self._accept)

    @property
    def port(self) -> int:
        return self._listener.getsockname()[1]

    def reset(self) -> None:
        self.asked.clear()
        self.passed.clear()
        self.answer, self.silent = None, False

    def close(self) -> None:
        for conn in (self._listener, *self._open):
            with contextlib.suppress(OSError):
                conn.shutdown(socket.SHUT_RDWR)
            conn.close()

    def _start(self, target, *arguments) -> None:
        threading.Thread(target=target, args=arguments, daemon=True).start()

    def _accept(self) -> None:
        while True:
            try:
                conn, _ = self._listener.accept()
            except OSError:
                return
            self._open.append(conn)
            self._start(self._serve, conn)

    def _serve(self, conn: socket.socket) -> None:
        with contextlib.suppress(OSError):
            if self.tls is not None:
                conn = self.tls.wrap_socket(conn, server_side=True)
                self._open.append(conn)
            head = b""
            while b"\r\n\r\n" not in head:
                piece = conn.recv(65536)
                if not piece:
                    return
                head += piece
            self.asked.append(head)
            if self.silent:
                conn.recv(1)
                return
            if self.answer is not None:
                conn.sendall(self.answer)
                conn.close()
                return
            name = head.split(b" ")[1].decode()
            if name not in self.leads:
                conn.sendall(b"HTTP/1.1 503 Service Unavailable\r\n\r\n")
                conn.close()
                return
            there = socket.create_connection(("127.0.0.1", self.leads[name]))
            self._open.append(there)
            conn.sendall(b"HTTP/1.1 200 Connection established\r\nVia: 1.1 corp\r\n\r\n")
            self._start(self._pump, there, conn, None)
            self._pump(conn, there, self.passed)

    def _pump(self, source: socket.socket, sink: socket.socket, kept: bytearray | None) -> None:
        with contextlib.suppress(OSError):
            while piece := source.recv(65536):
                if kept is not None:
                    kept += piece
                sink.sendall(piece)
            sink.shutdown(socket.SHUT_WR)


@contextlib.contextmanager
def running_corporate_proxy(leads: dict[str, int], tls: ssl.SSLContext | None = None) -> Iterator[CorporateProxy]:
    proxy = CorporateProxy(leads, tls)
    try:
        yield proxy
    finally:
        proxy.close()
