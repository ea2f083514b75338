"""A server on loopback that keeps every byte it gets, over TLS or plain, with a CA of its own made at run time."""

from __future__ import annotations

import contextlib
import datetime as dt
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Type: text/plain\r\n\r\nok"

Answer = Callable[[bytes, Callable[[bytes], None]], None]
"""Told a whole request and how to send; sends what it likes."""


def say(*pieces: bytes) -> Answer:
    """Always the same bytes."""

    def answer(_request: bytes, send: Callable[[bytes], None]) -> None:
        for piece in pieces:
            send(piece)

    return answer


class Upstream:
    """Answers each request with `answer`; `connections` holds the bytes of each connection, in order of arrival."""

    def __init__(self, tls: ssl.SSLContext | None = None, listener: socket.socket | None = None) -> None:
        self.answer: Answer = say(OK)
        self.connections: list[bytearray] = []
        self._tls = tls
        self._listener = listener or socket.create_server(("127.0.0.1", 0))
        self._threads: list[threading.Thread] = []
        self._open: list[socket.socket] = []
        self._start(self._accept)

    @property
    def port(self) -> int:
        return self._listener.getsockname()[1]

    @property
    def received(self) -> bytes:
        return b"".join(bytes(data) for data in self.connections)

    @property
    def requests(self) -> int:
        return self.received.count(b" HTTP/1.")

    def reset(self) -> None:
        self.answer = say(OK)
        self.connections.clear()

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for conn in self._open:
            with contextlib.suppress(OSError):
                conn.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(5)

    def _start(self, target: Callable[..., None], *args: object) -> None:
        thread = threading.Thread(target=target, args=args, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while True:
            try:
                conn, _ = self._listener.accept()
            except OSError:
                return
            data = bytearray()
            self.connections.append(data)
            self._open.append(conn)
            self._start(self._serve, conn, data)

    def _serve(self, raw: socket.socket, data: bytearray) -> None:
        with contextlib.suppress(OSError), contextlib.ExitStack() as stack:
            stack.callback(raw.close)
            conn: socket.socket = raw
            if self._tls is not None:
                conn = stack.enter_context(self._tls.wrap_socket(raw, server_side=True))
            at = 0
            while piece := conn.recv(65536):
                data += piece
                while (end := _request_end(data, at)) is not None:
                    self.answer(bytes(data[at:end]), conn.sendall)
                    at = end


def _request_end(data: bytearray, at: int) -> int | None:
    head_end = data.find(b"\r\n\r\n", at)
    if head_end < 0:
        return None
    head = bytes(data[at:head_end]).lower()
    if b"transfer-encoding: chunked" in head:
        end = data.find(b"0\r\n\r\n", head_end)
        return None if end < 0 else end + 5
    length = 0
    for line in head.split(b"\r\n"):
        if line.startswith(b"content-length:"):
            length = int(line.partition(b":")[2])
    end = head_end + 4 + length
    return end if len(data) >= end else None


class Authority:
    """A CA that lives as long as a test session."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "upstream test CA")])
        self._certificate = self._sign(self._name, self._key, x509.BasicConstraints(ca=True, path_length=None))
        self.file = folder / "upstream-ca.pem"
        self.file.write_bytes(self._certificate.public_bytes(serialization.Encoding.PEM))

    def server_context(self, *names: str) -> ssl.SSLContext:
        """TLS for a server of these names."""
        key = ec.generate_private_key(ec.SECP256R1())
        sans = x509.SubjectAlternativeName([x509.DNSName(name) for name in names])
        certificate = self._sign(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, names[0])]), key, sans)
        file = self._folder / f"{names[0]}.pem"
        private = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        file.write_bytes(private + certificate.public_bytes(serialization.Encoding.PEM))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(file)
        return context

    def _sign(
        self, name: x509.Name, key: ec.EllipticCurvePrivateKey, extension: x509.ExtensionType
    ) -> x509.Certificate:
        now = dt.datetime.now(dt.UTC)
        return (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(self._name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - dt.timedelta(days=1))
            .not_valid_after(now + dt.timedelta(days=1))
            .add_extension(extension, critical=True)
            .sign(self._key, hashes.SHA256())
        )


@contextlib.contextmanager
def running_upstream(tls: ssl.SSLContext | None = None) -> Iterator[Upstream]:
    upstream = Upstream(tls)
    try:
        yield upstream
    finally:
        upstream.close()
