"""Upstream connections through the operator's own proxy: dialled there, led on with CONNECT, handed over as if direct.

The core sees a connection to the destination and nothing of the proxy, so the seal, the certificate check and the
reuse of connections are those of a direct one. Knows no request: where to is asked of `dial.py`. What goes wrong
says that it was the proxy; nothing that the proxy said is repeated but its status.
"""

from __future__ import annotations

import asyncio
import re
import ssl
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any

from aisecops.adapters.mitm.failures import CHAIN_FAILED, CHAIN_TOO_SLOW
from aisecops.adapters.mitm.names import Place
from aisecops.model.upstream import UpstreamProxy

WITHIN_S = 15.0
"""From the dial to the proxy's answer."""
MAX_HEAD_BYTES = 16 * 1024

Opened = tuple[asyncio.Transport, asyncio.Protocol]
Create = Callable[..., Awaitable[Any]]
"""The event loop's own `create_connection`."""

_STATUS = re.compile(rb"HTTP/1\.[01] ([0-9]{3})(?: [^\r\n]*)?\r\n")


class ChainError(OSError):
    """The upstream proxy did not lead on; the words are for the agent."""


class Chain:
    """The way through one proxy. `trust` is the PEM file of authorities that an `https` proxy is believed by."""

    def __init__(self, proxy: UpstreamProxy, trust: Path | None, *, within_s: float = WITHIN_S) -> None:
        self._proxy = proxy
        self._within_s = within_s
        self._tls: dict[str, Any] = {}
        if proxy.scheme == "https":
            context = ssl.create_default_context(cafile=str(trust) if trust else None)
            context.minimum_version = ssl.TLSVersion.TLSv1_2
            context.verify_flags &= ~ssl.VERIFY_X509_STRICT  # as for every other upstream
            self._tls = {"ssl": context, "server_hostname": proxy.host}

    async def open(
        self,
        create: Create,
        factory: Callable[[], asyncio.Protocol],
        place: Place,
        addresses: Sequence[tuple[str, int]],
    ) -> Opened:
        """A connection to `place` through the proxy at one of `addresses`, for the protocol that `factory` makes.

        Raises ChainError.
        """
        try:
            async with asyncio.timeout(self._within_s):
                return await self._through(create, factory, place, addresses)
        except TimeoutError:
            raise self._error("did not answer in time", prefix=CHAIN_TOO_SLOW) from None

    async def _through(
        self,
        create: Create,
        factory: Callable[[], asyncio.Protocol],
        place: Place,
        addresses: Sequence[tuple[str, int]],
    ) -> Opened:
        asked = _Asked(self._request(place))
        transport = await self._reached(create, asked, addresses)
        try:
            await self._led(asked)
            protocol = factory()
            transport.set_protocol(protocol)
            protocol.connection_made(transport)
            transport.resume_reading()
        except _UnreadableError:
            transport.abort()
            raise self._error("broke off, or answered with what is not HTTP") from None
        except BaseException:
            transport.abort()
            raise
        return transport, protocol

    async def _led(self, asked: _Asked) -> None:
        status = await asked.status
        if not 200 <= status < 300:  # noqa: PLR2004 - HTTP's own
            raise self._error(_refused(status))

    async def _reached(self, create: Create, asked: _Asked, addresses: Sequence[tuple[str, int]]) -> asyncio.Transport:
        why = "could not be reached"
        for host, port in addresses:
            try:
                transport, _ = await create(lambda: asked, host, port, **self._tls)
            except ssl.SSLCertVerificationError:
                raise self._error("showed a certificate that is not trusted; add its CA to `upstream.ca`") from None
            except ssl.SSLError:
                why = "does not speak TLS as it should"
            except TimeoutError:
                raise
            except OSError:
                continue
            else:
                return transport  # type: ignore[no-any-return] # the event loop's
        raise self._error(why)

    def _request(self, place: Place) -> bytes:
        name = f"[{place.host}]" if ":" in place.host else place.host
        lines = [f"CONNECT {name}:{place.port} HTTP/1.1", f"Host: {name}:{place.port}"]
        if self._proxy.authorization:
            lines.append(f"Proxy-Authorization: {self._proxy.authorization}")
        return "\r\n".join([*lines, "", ""]).encode("ascii")

    def _error(self, why: str, *, prefix: str = CHAIN_FAILED) -> ChainError:
        return ChainError(f"{prefix}was not reached: the upstream proxy `{self._proxy.place}` {why}")


class _UnreadableError(Exception):
    """The proxy broke off or spoke something else."""


class _Asked(asyncio.Protocol):
    """Says one CONNECT and reads the head of the answer; `status` is its status."""

    def __init__(self, request: bytes) -> None:
        self._request = request
        self._head = b""
        self._transport: asyncio.Transport
        self.status: asyncio.Future[int] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        transport.write(self._request)

    def data_received(self, data: bytes) -> None:
        if self.status.done():
            self._transport.abort()  # it spoke before it was spoken to
            return
        self._head += data
        end = self._head.find(b"\r\n\r\n")
        if end < 0 and len(self._head) <= MAX_HEAD_BYTES:
            return
        found = _STATUS.match(self._head)
        status = int(found[1]) if found and 0 <= end <= MAX_HEAD_BYTES else 0
        if not status or (200 <= status < 300 and end + 4 != len(self._head)):  # noqa: PLR2004 - nobody asked yet
            self.status.set_exception(_UnreadableError())
        else:
            self.status.set_result(status)
            self._transport.pause_reading()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - the protocol's shape
        if not self.status.done():
            self.status.set_exception(_UnreadableError())


def _refused(status: int) -> str:
    match status:
        case 401 | 407:
            return f"asks for other credentials than `upstream.proxy` has ({status})"
        case 403 | 451:
            return f"does not let us go there ({status}); ask those who run it"
        case 504:
            return "could not reach it in time (504)"
        case _:
            return f"would not lead there ({status})"
