"""A real host whose own listener speaks TLS, with an authority of the test's for clients, and raw clients of it."""

from __future__ import annotations

import contextlib
import socket
import ssl
from pathlib import Path

import pytest

from aisecops.adapters.mitm.listener_tls import ListenerTls
from support import upstream as upstreams
from support.certificates import SERVER, Authority
from support.proxy import Lets, running_proxy
from support.raw import CREDENTIALS, Wire
from support.upstream import running_upstream

PLACE = "up.test:443"


class House:
    """One proxy that asks for certificates of `clients`, before one upstream."""

    def __init__(self, folder: Path, stack: contextlib.ExitStack, *, required: bool = False, **settings) -> None:
        self.clients, self.servers = Authority(folder, "clients"), Authority(folder, "servers")
        self.own = self.servers.certified("127.0.0.1", "gw.test", use=SERVER)
        self.ca_file = folder / "client-ca.pem"
        self.ca_file.write_bytes(self.clients.file.read_bytes())
        inner = upstreams.Authority(folder)
        self.upstream = stack.enter_context(running_upstream(inner.server_context("up.test")))
        self.lets = Lets({("up.test", 443): ("127.0.0.1", self.upstream.port)})
        tls = ListenerTls(
            certificate=self.own.certificate_file, key=self.own.key_file, client_ca=self.ca_file, required=required
        )
        confdir = folder / "certs"
        self.proxy = stack.enter_context(
            running_proxy(confdir, self.lets, upstream_trust=inner.file, tls=tls, **settings)
        )
        self.inner_ca = confdir / "mitmproxy-ca-cert.pem"
        self.trust = folder / "trust.pem"
        self.trust.write_bytes(self.servers.file.read_bytes() + self.inner_ca.read_bytes())

    def context(self, certified=None) -> ssl.SSLContext:
        context = ssl.create_default_context(cafile=str(self.servers.file))
        context.verify_flags &= ~ssl.VERIFY_X509_STRICT
        if certified is not None:
            context.load_cert_chain(*certified.pair)
        return context

    @contextlib.contextmanager
    def outer(self, certified=None, context=None, session=()):
        """TLS to the proxy, nothing said in it yet."""
        context = context or self.context(certified)
        with (
            socket.create_connection(("127.0.0.1", self.proxy.port), timeout=5) as raw,
            context.wrap_socket(raw, server_hostname="127.0.0.1", session=next(iter(session), None)) as conn,
        ):
            yield conn

    def enters(self, certified=None, context=None) -> bool:
        """Does a connection get as far as HTTP? TLS 1.3 tells a client of its certificate with the first answer."""
        try:
            with self.outer(certified, context) as conn:
                conn.sendall(b"GET / HTTP/1.1\r\nHost: up.test\r\n\r\n")
                return conn.recv(100).startswith(b"HTTP/1.1 407")
        except OSError:
            return False

    def inside(self, conn, name="up.test") -> ssl.SSLObject:
        """CONNECT and the inner TLS; returns what says a request and reads its answer."""
        reply = Wire(conn).ask(b"CONNECT %s HTTP/1.1\r\nHost: %s\r\n%s\r\n" % (2 * (PLACE.encode(),) + (CREDENTIALS,)))
        assert reply.status == 200, reply
        return _Inner(conn, ssl.create_default_context(cafile=str(self.inner_ca)), name)


class _Inner:
    """TLS inside TLS, by hand: the standard library cannot wrap a wrapped socket."""

    def __init__(self, conn, context, name) -> None:
        self._conn, self._in, self._out = conn, ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._in, self._out, server_hostname=name)
        self._until(self._tls.do_handshake)

    def _until(self, act, *arguments):
        while True:
            try:
                done = act(*arguments)
            except ssl.SSLWantReadError:
                self._flush()
                piece = self._conn.recv(65536)
                if not piece:
                    raise ConnectionError("ended") from None
                self._in.write(piece)
            else:
                self._flush()
                return done

    def _flush(self):
        if data := self._out.read():
            self._conn.sendall(data)

    def sendall(self, data):
        self._until(self._tls.write, data)

    def recv(self, size):
        try:
            return self._until(self._tls.read, size)
        except (ConnectionError, ssl.SSLZeroReturnError):
            return b""


class Turns:
    """The proxy core knows one master at a time: a house is closed before another kind is opened."""

    def __init__(self, factory: pytest.TempPathFactory) -> None:
        self._factory, self._stack = factory, contextlib.ExitStack()
        self._kind, self._open = "", None

    def house(self, kind: str, **settings) -> House:
        if self._kind != kind or kind == "fresh":
            self.close()
            folder = self._factory.mktemp(kind)
            self._kind, self._open = kind, House(folder, self._stack, required=kind == "required", **settings)
        return self._open

    def close(self) -> None:
        self._stack.close()
        self._kind, self._open = "", None
