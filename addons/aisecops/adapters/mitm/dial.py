"""Where upstream connections may go: to the addresses pinned by a request that was admitted, and nowhere else.

The proxy core dials by name, through its event loop's `getaddrinfo`. That function is replaced by one that
answers with the pinned addresses; so what was judged is what is dialled, with nothing in between, and the name
stays the connection's name, so keep-alive and certificate checks work as ever.
"""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import ipaddress
import logging
import socket
from collections.abc import Iterator
from typing import Any

from mitmproxy.proxy.server_hooks import ServerConnectionHookData

from aisecops.adapters.mitm.chain import Chain
from aisecops.adapters.mitm.failures import DIAL_REFUSED
from aisecops.adapters.mitm.gate import Gate
from aisecops.adapters.mitm.names import Place, is_literal, normal
from aisecops.model.errors import ConfigError
from aisecops.model.outcome import Forward

logger = logging.getLogger(__name__)

dialling_for: contextvars.ContextVar[str | None] = contextvars.ContextVar("dialling_for", default=None)
"""The client connection that the running task opens an upstream connection for."""

dialling_to: contextvars.ContextVar[str | None] = contextvars.ContextVar("dialling_to", default=None)
"""That upstream connection."""


class Dial:
    """Answers where one client connection may dial now. An addon, for the two hooks around the dial."""

    name = "aisecops-dial"

    def __init__(
        self, gate: Gate, *, own_places: frozenset[tuple[str, int]] = frozenset(), chain: Chain | None = None
    ) -> None:
        self._gate = gate
        self._chain = chain
        self._own_places = own_places

    def forwards(self, client_id: str, place: Place, server_id: str | None = None) -> list[Forward]:
        """What was admitted of this client for `place` and not sent; of that, what `server_id` is known to be for."""
        only = self._gate.dialled_by(client_id, server_id)
        return [
            exchange.forward
            for flow_id, exchange in self._gate.of_client(client_id)
            if only in {None, flow_id}
            and exchange.forward is not None
            and exchange.permit is not None
            and not exchange.gone
            and place == Place(normal(exchange.forward.host), exchange.forward.port)
        ]

    def pinned(self, client_id: str, place: Place, server_id: str | None = None) -> tuple[tuple[str, int], ...]:
        """The addresses that admitted, unsent requests of this client pinned for `place`; empty: none may be dialled.

        Of several, only what all of them pinned; but where `server_id` is known to be for one of them, that one's.
        """
        wanted = [forward.addresses for forward in self.forwards(client_id, place, server_id)]
        return tuple(a for a in wanted[0] if all(a in others for others in wanted)) if wanted else ()

    def server_connect(self, data: ServerConnectionHookData) -> None:
        """Refuse a connection that no admitted request needs; to the others, offer no version but HTTP/1.1."""
        data.server.alpn_offers = [b"http/1.1"]
        address = data.server.address
        allowed = (
            self.pinned(data.client.id, Place(normal(address[0]), address[1]), data.server.id)
            if address and data.server.transport_protocol == "tcp" and data.server.via is None
            else ()
        )
        if address and is_literal(address[0]):
            # a literal is dialled without asking for addresses, so it has to be pinned as it stands
            allowed = tuple(a for a in allowed if a == (address[0], address[1]))
        if not allowed:
            data.server.error = DIAL_REFUSED

    def server_connected(self, data: ServerConnectionHookData) -> None:
        """The peer must be one of the pinned addresses; otherwise the connection is dropped before any byte."""
        address, peer = data.server.address, data.server.peername
        place = Place(normal(address[0]), address[1]) if address else None
        allowed = self.pinned(data.client.id, place, data.server.id) if place else ()
        if peer is None or (peer[0], peer[1]) not in {(_plain(host), port) for host, port in allowed}:
            if allowed:  # without any, the client has gone while it was dialled
                logger.error("an upstream connection went elsewhere than pinned, and was dropped")
            self._gate.drop_server(data.client, data.server)

    @contextlib.contextmanager
    def guarding(self, loop: asyncio.AbstractEventLoop) -> Iterator[None]:
        """While inside, `loop` resolves names only for admitted requests and for the host's own places.

        Needs the standard library's loop: others resolve on paths that cannot be replaced. Raises ConfigError.
        """
        if not isinstance(loop, asyncio.BaseEventLoop):
            raise ConfigError(
                f"dials cannot be guarded on the event loop `{type(loop).__module__}.{type(loop).__name__}`",
                "run on the standard library's",
            )
        original = loop.getaddrinfo

        async def getaddrinfo(host: Any, port: Any, **how: Any) -> Any:
            client_id = dialling_for.get()
            text = host.decode("ascii") if isinstance(host, bytes) else host
            if client_id is None:
                if (text, port) in self._own_places or (text and is_literal(text)):
                    return await original(host, port, **how)
                raise OSError(DIAL_REFUSED)
            return _as_infos(self.pinned(client_id, Place(normal(text), int(port)), dialling_to.get()))

        create = loop.create_connection

        async def create_connection(factory: Any, host: Any = None, port: Any = None, **how: Any) -> Any:
            client_id = dialling_for.get()
            if client_id is None or not host:
                return await create(factory, host, port, **how)
            place = Place(normal(host), int(port))
            led = {forward.through_proxy for forward in self.forwards(client_id, place, dialling_to.get())}
            if True not in led:
                return await create(factory, host, port, **how)
            addresses = self.pinned(client_id, place, dialling_to.get())
            # INVARIANT: what was admitted for the way through the proxy is never dialled on another way
            if self._chain is None or False in led or not addresses:
                raise OSError(DIAL_REFUSED)
            return await self._chain.open(create, factory, place, addresses)

        loop.getaddrinfo = getaddrinfo  # type: ignore[method-assign]
        loop.create_connection = create_connection  # type: ignore[method-assign, assignment]
        try:
            yield
        finally:
            loop.create_connection = create  # type: ignore[method-assign]
            loop.getaddrinfo = original  # type: ignore[method-assign]


def _as_infos(addresses: tuple[tuple[str, int], ...]) -> list[Any]:
    if not addresses:
        raise OSError(DIAL_REFUSED)
    return [
        (
            socket.AF_INET6 if ipaddress.ip_address(host).version == 6 else socket.AF_INET,  # noqa: PLR2004 - IPv6
            socket.SOCK_STREAM,
            socket.IPPROTO_TCP,
            "",
            (host, port, 0, 0) if ipaddress.ip_address(host).version == 6 else (host, port),  # noqa: PLR2004 - IPv6
        )
        for host, port in addresses
    ]


def _plain(host: str) -> str:
    return str(ipaddress.ip_address(host))
