"""TLS to the proxy itself, below the tunnels' own TLS: the standard library cannot wrap a socket that it has wrapped.

So a thread of ours speaks it, and whoever uses the connection has an ordinary socket. Knows bytes, no HTTP.
"""

from __future__ import annotations

import contextlib
import select
import socket
import ssl
import threading

_PIECE_BYTES = 65536


def within_tls(conn: socket.socket, context: ssl.SSLContext, name: str) -> socket.socket:
    """A socket whose bytes go over `conn` in TLS with whoever is `name`. Raises `OSError` when hands are not shaken."""
    outer = context.wrap_socket(conn, server_hostname=name)
    near, far = socket.socketpair()
    near.settimeout(outer.gettimeout())
    outer.setblocking(False)
    threading.Thread(target=_carried, args=(outer, far), name="outer-tls", daemon=True).start()
    return near


def _carried(outer: ssl.SSLSocket, far: socket.socket) -> None:
    """Both ways, until either side has ended."""
    with outer, far, contextlib.suppress(OSError):
        while True:
            ready = select.select([outer, far], [], [])[0]
            if far in ready:
                piece = far.recv(_PIECE_BYTES)
                if not piece:
                    return
                _say(outer, piece)
            if outer in ready:
                while (heard := _heard(outer)) is not None:
                    if not heard:
                        return
                    far.sendall(heard)


def _heard(outer: ssl.SSLSocket) -> bytes | None:
    """What has come; None for nothing yet, empty at the end."""
    try:
        return outer.recv(_PIECE_BYTES)
    except ssl.SSLWantReadError:
        return None


def _say(outer: ssl.SSLSocket, data: bytes) -> None:
    while data:
        try:
            data = data[outer.send(data) :]
        except ssl.SSLWantWriteError:
            select.select([], [outer], [])
        except ssl.SSLWantReadError:
            select.select([outer], [], [])
