"""The upstream connection of one client connection in the lane: dialled under the core's own hooks, verified, kept.

The hooks around a dial are run as the core runs them, so the dial guard, the pins and whoever else listens say the same
in both lanes. Knows no request; whose connection it may be is asked by `request.py`.
"""

from __future__ import annotations

import asyncio
import ssl
import time
from dataclasses import dataclass

from mitmproxy import connection
from mitmproxy.proxy import server_hooks

from aisecops.adapters.mitm.dial import dialling_for, dialling_to
from aisecops.adapters.mitm.gate import Gate
from aisecops.adapters.mitm.guard import FailClosedAddonManager
from aisecops.adapters.mitm.lane.line import Line
from aisecops.adapters.mitm.lane.upstream_tls import UpstreamTls
from aisecops.adapters.mitm.names import Place

KEPT_BYTES = 256 * 1024
"""Unread bytes of an answer from which on no more is taken in."""


class NotReachedError(Exception):
    """No connection stands. The words are what the core would say of it."""


@dataclass(slots=True)
class Upstream:
    """A connection that stands. `bearer` is the agent and run it is for; some servers take it for who is on it."""

    server: connection.Server
    line: Line
    bearer: tuple[str, str] | None

    def serves(self, bearer: tuple[str, str] | None) -> bool:
        """True when a request of `bearer` may go out on it."""
        return self.bearer == bearer and self.line.is_open and not self.line.buf


class Dialler:
    """Opens connections of one client to one place. `server` is the newest; `is_late` when that was not up in time."""

    def __init__(
        self, gate: Gate, manager: FailClosedAddonManager, client: connection.Client, place: Place, tls: UpstreamTls
    ) -> None:
        self._gate = gate
        self._manager = manager
        self._client = client
        self._place = place
        self._tls = tls
        self._transport: asyncio.Transport | None = None
        self._task: asyncio.Task[Line] | None = None
        self.server: connection.Server | None = None
        self.is_late = False

    async def dial(self, bearer: tuple[str, str] | None) -> Upstream:
        """A new connection. Raises NotReachedError, also when it took too long or was aborted under way."""
        server = self.server = connection.Server(address=(self._place.host, self._place.port))
        server.sni, server.tls = self._place.host, True
        loop = asyncio.get_running_loop()
        task = self._task = loop.create_task(self._open(server, bearer))
        timer = loop.call_later(self._gate.load.bounds.connect_s, self._ring)
        try:
            await asyncio.wait((task,))
        except asyncio.CancelledError:
            self.abort()
            raise
        finally:
            timer.cancel()
            self._task = None
        if task.cancelled():
            raise NotReachedError("aborted")
        failed = task.exception()
        if isinstance(failed, OSError):
            raise NotReachedError(_words(failed)) from None
        if failed is not None:
            raise failed
        return Upstream(server, task.result(), bearer)

    def _ring(self) -> None:
        self.is_late = True
        self.abort()

    def abort(self) -> bool:
        """Drop what is being opened; True when something was."""
        if self._task is None:
            return False
        self._task.cancel()
        if self._transport is not None:
            self._transport.abort()
        return True

    async def _open(self, server: connection.Server, bearer: tuple[str, str] | None) -> Line:
        dialling_for.set(self._client.id)  # a task has a context of its own
        dialling_to.set(server.id)
        loop = asyncio.get_running_loop()
        data = server_hooks.ServerConnectionHookData(client=self._client, server=server)
        await self._manager.handle_lifecycle(server_hooks.ServerConnectHook(data))
        if server.error:
            raise NotReachedError(f"Connection killed: {server.error}")
        line = Line(most=KEPT_BYTES)
        server.timestamp_start = time.time()  # noqa: TID251 - the core's own stamps are by this clock
        upstreams = self._gate.load.upstreams
        if upstreams.enter("") is not None:
            raise NotReachedError("no descriptor is left for it")
        try:
            transport, _ = await loop.create_connection(lambda: line, self._place.host, self._place.port)
        except BaseException:
            upstreams.leave("")
            raise
        line.on_lost = lambda: upstreams.leave("")
        self._transport = transport
        try:
            server.state = connection.ConnectionState.OPEN
            server.peername = transport.get_extra_info("peername")
            server.sockname = transport.get_extra_info("sockname")
            await self._manager.handle_lifecycle(server_hooks.ServerConnectedHook(data))
            pipe, tls_lost = self._tls.pipe(transport, line, (bearer, self._place))
            line.transport = pipe

            def lost() -> None:
                upstreams.leave("")
                tls_lost()

            line.on_lost = lost
            pipe.begin()  # of one that a hook has dropped, the end comes back instead of a handshake
            await pipe.shaken
            server.timestamp_tls_setup = time.time()  # noqa: TID251 - as above
        except BaseException:
            transport.abort()
            raise
        return line


def _words(failed: OSError) -> str:
    """What is known of the failure, as `failures.py` wants to hear it."""
    if isinstance(failed, ssl.SSLCertVerificationError):
        return f"certificate verify failed: {failed.verify_message}"
    if isinstance(failed, ssl.SSLError):
        return "no TLS as it should be"
    return str(failed)
