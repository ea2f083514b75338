"""TLS between a socket's transport and a protocol: OpenSSL on two memory buffers, and as little else as that needs.

The event loop's own TLS keeps a quarter of a megabyte for each connection and takes no bytes that were read before it
was there; and it can lie below the core too, so that a connection can be handed over in the middle. Knows records, no
HTTP. Whatever OpenSSL does not like ends the connection.
"""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections.abc import Buffer, Iterable
from typing import Any

_READ_BYTES = 16 * 1024
"""One record at most."""


class TlsPipe(asyncio.Transport, asyncio.Protocol):
    """A protocol to the socket's transport and a transport to `protocol`, which it may change as with any other.

    `shaken` is done when the handshake is over: with what was raised when it failed. After that `tls` says what was
    agreed on, and it `stands`. A peer that ends without saying so in TLS has `ragged` set.
    """

    def __init__(
        self,
        raw: asyncio.Transport,
        protocol: asyncio.Protocol,
        context: ssl.SSLContext,
        *,
        server_side: bool,
        server_hostname: str | None = None,
        session: ssl.SSLSession | None = None,
    ) -> None:
        super().__init__()
        self._raw = raw
        self._protocol: Any = protocol
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.tls = context.wrap_bio(
            self._incoming,
            self._outgoing,
            server_side=server_side,
            server_hostname=server_hostname,
            session=session,
        )
        self.shaken: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.ragged = False
        self.stands = False
        self._is_over = False  # the peer said that it sends no more
        self._said_end = False
        self._closing = False

    def begin(self, received: bytes = b"") -> None:
        """Take the transport over and shake hands; `received` was read of it before."""
        self._raw.set_protocol(self)
        if self._raw.is_closing():  # its end may have been told to somebody else
            self._fail(ConnectionResetError("it has ended already"))
            return
        if received:
            self._incoming.write(received)
        self._advance()

    # towards the socket

    def data_received(self, data: bytes) -> None:
        """Records came."""
        if self._said_end:
            return
        self._incoming.write(data)
        self._advance()

    def eof_received(self) -> bool:
        """The socket's end; without TLS's own before it, who cut it off is not known."""
        if not self.stands:
            self._fail(ConnectionResetError("it ended in the handshake"))
        elif not self._is_over:
            self.ragged = True
            self._over()
        return True

    def connection_lost(self, exc: Exception | None) -> None:
        """The socket is gone."""
        if not self.shaken.done():
            self.shaken.set_exception(exc or ConnectionResetError("it ended in the handshake"))
            self.shaken.exception()  # told to whoever waits; nobody has to
        self.ragged = self.ragged or not self._is_over
        self._protocol.connection_lost(exc)

    def pause_writing(self) -> None:
        """The socket has enough to write."""
        self._protocol.pause_writing()

    def resume_writing(self) -> None:
        """The socket has room again."""
        self._protocol.resume_writing()

    def _advance(self) -> None:
        if not self.stands:
            try:
                self.tls.do_handshake()
            except ssl.SSLWantReadError:
                self._flush()
                return
            except OSError as failed:  # which TLS's own errors are
                self._flush()  # the alert that says why
                self._fail(failed)
                return
            self.stands = True
            self._flush()
            self.shaken.set_result(None)
        self._read()

    def _read(self) -> None:
        try:
            while self._has_more and not self._is_over and not self._raw.is_closing():
                data = self.tls.read(_READ_BYTES)
                if data:
                    self._protocol.data_received(data)
                else:
                    self._over()
        except ssl.SSLWantReadError:
            pass
        except OSError as failed:
            self._flush()
            self._fail(failed)
            return
        self._flush()

    @property
    def _has_more(self) -> bool:
        """True while something is unread: to ask OpenSSL for more than there is costs as much as to read it."""
        return self._incoming.pending > 0 or self.tls.pending() > 0

    def _over(self) -> None:
        self._is_over = True
        if not self._protocol.eof_received():
            self.close()

    def _flush(self) -> None:
        if self._outgoing.pending and not self._raw.is_closing():
            self._raw.write(self._outgoing.read())

    def _fail(self, failed: Exception) -> None:
        if not self.shaken.done():
            self.shaken.set_exception(failed)
            self.shaken.exception()
            self._raw.close()  # the alert may leave
        else:
            self._raw.abort()

    # towards the protocol

    def write(self, data: Buffer) -> None:
        """Seal it and hand it on."""
        if self._said_end or self.is_closing():
            return
        rest = memoryview(data)
        try:
            while rest:
                rest = rest[self.tls.write(rest) :]
        except OSError as failed:
            self._fail(failed)
            return
        self._flush()

    def writelines(self, list_of_data: Iterable[Buffer]) -> None:
        """As `write`, for the joined."""
        self.write(b"".join(list_of_data))

    def close(self) -> None:
        """Say in TLS that nothing more comes, send what is left, and end."""
        if self._closing:
            return
        self._closing = True
        self._say_end()
        self._raw.close()

    def _say_end(self) -> None:
        if self.stands and not self._said_end:
            self._said_end = True
            with contextlib.suppress(OSError):  # the peer's own word is not waited for
                self.tls.unwrap()
            self._flush()

    def abort(self) -> None:
        """End without another byte."""
        self._closing = True
        self._raw.abort()

    def is_closing(self) -> bool:
        """True when nothing more will be sent."""
        return self._closing or self._raw.is_closing()

    def can_write_eof(self) -> bool:
        """True where the socket can end in one direction."""
        return self._raw.can_write_eof()

    def write_eof(self) -> None:
        """Say that nothing more comes. What still does from the other side is of no use any more, and dropped."""
        if not self.is_closing():
            self._say_end()
            self._raw.write_eof()

    def set_protocol(self, protocol: asyncio.BaseProtocol) -> None:
        """From now on `protocol` gets what comes."""
        self._protocol = protocol

    def get_protocol(self) -> asyncio.BaseProtocol:
        """Who gets what comes."""
        return self._protocol  # type: ignore[no-any-return] # a protocol

    def pause_reading(self) -> None:
        """Take no more of the socket."""
        self._raw.pause_reading()

    def resume_reading(self) -> None:
        """Take more of the socket again."""
        self._raw.resume_reading()

    def is_reading(self) -> bool:
        """True while more is taken of the socket."""
        return self._raw.is_reading()

    def get_write_buffer_size(self) -> int:
        """Bytes that have not left: sealed ones, as all are at once."""
        return self._raw.get_write_buffer_size()

    def get_write_buffer_limits(self) -> tuple[int, int]:
        """When the protocol is asked to wait, and to go on."""
        return self._raw.get_write_buffer_limits()

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        """When the protocol is asked to wait, and to go on."""
        self._raw.set_write_buffer_limits(high, low)

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        """TLS's own, or the socket's."""
        if name == "ssl_object":
            return self.tls
        if name == "sslcontext":
            return self.tls.context
        return self._raw.get_extra_info(name, default)
