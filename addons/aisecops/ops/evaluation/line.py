"""Bytes to the gateway and back: tunnels, TLS and answers, as a hostile client would speak them.

Knows sockets. Nothing is made nice on the way: what a step says goes out as it stands.
"""

from __future__ import annotations

import base64
import http.client
import json
import select
import socket
import ssl
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from aisecops.ops.evaluation.outer import within_tls

TIMEOUT_S = 20.0
AFTER_S = 0.15
"""How long after the first answer another one is waited for, where one request may have been two."""

_MOST_BYTES = 8_000_000


@dataclass(frozen=True)
class Heard:
    """An answer; status 0 when the connection ended without one. `problem` is the refusal's document, else empty."""

    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    more: bytes = b""

    @property
    def problem(self) -> dict[str, Any]:
        """The refusal, in whichever form it came; empty when it is none."""
        if self.status < 400:  # noqa: PLR2004 - an error
            return {}
        try:
            found = json.loads(self.body)
        except ValueError:
            return {"code": str(self.status)}
        return found if isinstance(found, dict) and "code" in found else {"code": str(self.status)}

    @property
    def code(self) -> str:
        """The refusal's code, or the bare status of an error; `closed` without any answer."""
        return str(self.problem.get("code", "")) if self.status else "closed"

    @property
    def text(self) -> str:
        """The body as text."""
        return self.body.decode("utf-8", "replace")


def basic(name: str, secret: str, *, scheme: str = "Basic") -> str:
    """Credentials as both the proxy and the control plane take them."""
    return f"{scheme} " + base64.b64encode(f"{name}:{secret}".encode()).decode()


def request(method: str, target: str, headers: Iterable[tuple[str, str]], body: bytes) -> bytes:
    """A request's bytes."""
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers)
    return f"{method} {target} HTTP/1.1\r\n{lines}\r\n".encode("utf-8", "surrogateescape") + body


class Lines:
    """Connections through one proxy with one set of credentials; each is used again while it lasts.

    `name` is what the certificate of a proxy that speaks TLS is for, where that is not its address.
    """

    def __init__(self, proxy: str, trust: ssl.SSLContext, credentials: str, *, name: str = "") -> None:
        parts = urlsplit(proxy)
        self._proxy = (parts.hostname or "127.0.0.1", parts.port or 0)
        self._name = (name or self._proxy[0]) if parts.scheme == "https" else ""
        self._trust = trust
        self.credentials = credentials
        self._open: dict[str, ssl.SSLSocket] = {}

    def ask(self, host: str, data: bytes, *, method: str = "GET") -> Heard:
        """One request inside TLS to `host`."""
        known = self._open.pop(host, None)
        if known is not None:
            heard, lasts = exchange(known, data, method)
            if heard.status:
                self._keep(host, known, lasts=lasts)
                return heard
            known.close()
        tunnel = self._tunnel(host, host)
        if isinstance(tunnel, Heard):
            return tunnel
        heard, lasts = exchange(tunnel, data, method)
        self._keep(host, tunnel, lasts=lasts)
        return heard

    def raw(self, data: bytes, *, inside: str, sni: str = "") -> Heard:
        """Bytes on a connection of their own, and everything that comes back shortly after the first answer."""
        conn = self._tunnel(inside, sni or inside, checked=not sni) if inside else self._dialled()
        if isinstance(conn, Heard):
            return conn
        try:
            heard, _ = exchange(conn, data, "GET")
            return Heard(heard.status, heard.headers, heard.body, _rest(conn)) if heard.status else heard
        finally:
            conn.close()

    def channel(self, host: str) -> ssl.SSLSocket | Heard:
        """A connection of its own inside TLS to `host`, for a WebSocket."""
        return self._tunnel(host, host)

    def close(self) -> None:
        """Let go of every connection."""
        for conn in self._open.values():
            conn.close()
        self._open.clear()

    def _dialled(self) -> socket.socket | Heard:
        try:
            conn = socket.create_connection(self._proxy, timeout=TIMEOUT_S)
            return within_tls(conn, self._trust, self._name) if self._name else conn
        except OSError:
            return Heard()

    def _keep(self, host: str, conn: ssl.SSLSocket, *, lasts: bool) -> None:
        if lasts:
            self._open[host] = conn
        else:
            conn.close()

    def _tunnel(self, host: str, sni: str, *, checked: bool = True) -> ssl.SSLSocket | Heard:
        conn = self._dialled()
        if isinstance(conn, Heard):
            return conn
        place = f"{host}:443"
        shown = [("Proxy-Authorization", self.credentials)] if self.credentials else []
        heard, _ = exchange(conn, request("CONNECT", place, [("Host", place), *shown], b""), "CONNECT")
        if heard.status != http.HTTPStatus.OK:
            conn.close()
            return heard
        try:
            if checked:
                return self._trust.wrap_socket(conn, server_hostname=sni)
            loose = ssl.create_default_context()
            loose.check_hostname, loose.verify_mode = False, ssl.CERT_NONE
            return loose.wrap_socket(conn, server_hostname=sni)
        except OSError:
            conn.close()
            return Heard()


def exchange(conn: socket.socket, data: bytes, method: str) -> tuple[Heard, bool]:
    """What came back, and whether the connection can be used again."""
    try:
        conn.sendall(data)
        with http.client.HTTPResponse(conn, method=method) as answer:
            answer.begin()
            body = b"" if method == "CONNECT" and answer.status == http.HTTPStatus.OK else answer.read(_MOST_BYTES)
    except (OSError, http.client.HTTPException, ValueError):
        return Heard(), False
    headers = {name.lower(): value for name, value in answer.getheaders()}
    return Heard(answer.status, headers, body), not answer.will_close


def _rest(conn: socket.socket) -> bytes:
    found = b""
    try:
        while select.select([conn], [], [], AFTER_S)[0] and (piece := conn.recv(65536)):
            found += piece
    except OSError:
        pass
    return found
