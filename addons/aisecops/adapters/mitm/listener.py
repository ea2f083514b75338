"""Our listener and our connection handler inside the proxy core.

The listener can share its port between processes, and takes connections that the network redirected beside those of
clients that know their proxy. The handler binds every dial to its client, keeps the core's
messages (which quote bytes) out of the log, and drops a connection whose core has crashed instead of leaving it.
"""

from __future__ import annotations

import asyncio
import collections
import logging
import os
import socket
import sys
import time
from contextvars import ContextVar
from typing import Any, Literal, override

from mitmproxy import ctx
from mitmproxy.connection import Client, Connection, Server
from mitmproxy.proxy import commands, events, layer, mode_specs
from mitmproxy.proxy.context import Context
from mitmproxy.proxy.layers import modes
from mitmproxy.proxy.layers.http import HTTPMode
from mitmproxy.proxy.mode_servers import AsyncioServerInstance, ProxyConnectionHandler
from mitmproxy.proxy.server import ConnectionIO
from mitmproxy.utils import human

from aisecops.adapters.mitm.at_once import AtOnce
from aisecops.adapters.mitm.bounds import Bound
from aisecops.adapters.mitm.deadlines import ClientClock, Stage
from aisecops.adapters.mitm.dial import dialling_for, dialling_to
from aisecops.adapters.mitm.exchange import Redirected
from aisecops.adapters.mitm.faults import describe
from aisecops.adapters.mitm.gate import Gate
from aisecops.adapters.mitm.guard import FailClosedAddonManager
from aisecops.adapters.mitm.http2_connection import MAX_STREAMS
from aisecops.adapters.mitm.lane.connection import serve
from aisecops.adapters.mitm.lane.handover import HandedOver, streams_of
from aisecops.adapters.mitm.layers import GovernedHttpLayer
from aisecops.adapters.mitm.listener_tls import prove, shake_hands
from aisecops.adapters.mitm.names import Place
from aisecops.adapters.mitm.redirected import original_destination
from aisecops.adapters.mitm.turned_away import admitted
from aisecops.adapters.mitm.unwritten import Unwritten

logger = logging.getLogger(__name__)

BACKLOG = 4096
AT_A_TIME = 16  # connections taken in one go; the event loop tries (and says) as often when descriptors are out
SHARED = "shared"
TRANSPARENT = "transparent"
EVERY_ADDRESS = {"::": ("0.0.0.0", "::")}  # noqa: S104 - what an operator wrote, for both families

_read: ContextVar[Connection] = ContextVar("_read")


class GovernedMode(mode_specs.ProxyMode):
    """An explicit proxy through the gate: `governed@HOST:PORT`.

    Words before the `@` say more: `governed:shared@...` shares the port, `governed:transparent@...` takes redirected
    connections too (and on `::` IPv4 as well), `governed:shared+transparent@...` does both.
    """

    description = "governed proxy"
    transport_protocol = mode_specs.TCP

    def __post_init__(self) -> None:
        if not self.words <= {SHARED, TRANSPARENT}:
            known = f"`{SHARED}`, `{TRANSPARENT}`, both with a `+` between, or nothing"
            raise ValueError(f"unknown mode data `{self.data}`; say {known}")

    @property
    def words(self) -> frozenset[str]:
        """What it was told beside the address."""
        return frozenset(self.data.split("+")) if self.data else frozenset()


class GovernedInstance(AsyncioServerInstance[GovernedMode]):
    """Listens, and hands each connection to our handler."""

    @override
    async def listen(self, host: str, port: int) -> list[Any]:
        shared = SHARED in self.mode.words or None
        hosts = EVERY_ADDRESS.get(host, (host,)) if TRANSPARENT in self.mode.words else (host,)
        servers: list[asyncio.Server] = []
        for each in hosts:
            port = servers[0].sockets[0].getsockname()[1] if servers else port  # one port, also when it is any free one
            servers.append(
                await asyncio.start_server(self.handle_stream, each, port, reuse_port=shared, backlog=AT_A_TIME)
            )
        for listening_socket in (each for server in servers for each in server.sockets):
            with socket.socket(fileno=os.dup(listening_socket.fileno())) as same:
                same.listen(BACKLOG)  # the system's queue, which the event loop would make as short as its own steps
        return servers

    @override
    def make_top_layer(self, context: Context) -> layer.Layer:
        if context.server.tls:  # the lane has ended TLS, and all that is left is HTTP
            gate = ctx.master.addons.get("aisecops-governance").gate
            return GovernedHttpLayer(context, HTTPMode.transparent, gate)
        return modes.TransparentProxy(context) if context.server.address else modes.HttpProxy(context)

    @override
    async def handle_stream(self, reader: Any, writer: Any = None) -> None:
        """Without the governance addon there is no gate, and without a gate no connection."""
        governance = ctx.master.addons.get("aisecops-governance")
        if governance is None:
            writer.transport.abort()
            return
        async with admitted(governance.gate, reader, writer) as may_stay:
            if may_stay and await shake_hands(governance.gate, writer):
                handed_over = None
                if governance.lane is not None and not self._is_redirected(writer):
                    handed_over = await serve(governance.lane, reader, writer, self.mode)
                    if handed_over is None:
                        return
                    reader, writer = streams_of(handed_over)
                await self._handle(governance.gate, reader, writer, handed_over)

    def _is_redirected(self, writer: Any) -> bool:
        """True when the client may have dialled somebody else."""
        if TRANSPARENT not in self.mode.words:
            return False
        try:
            return original_destination(writer.get_extra_info("socket")) is not None
        except OSError:
            return True

    async def _handle(self, gate: Gate, reader: Any, writer: Any, handed_over: HandedOver | None) -> None:
        handler = GovernedHandler(ctx.master, reader, writer, ctx.options, self.mode)
        handler.gate = gate
        if TRANSPARENT in self.mode.words and not handler.ask_where_to(writer):
            writer.transport.abort()
            return
        if not prove(handler.gate, handler.client.id, writer):
            writer.transport.abort()
            return
        if handed_over is not None:
            handler.take_over(handed_over)
        handler.begins_with(self.make_top_layer(handler.layer.context))
        with self.manager.register_connection(handler.client.id, handler):
            await handler.handle_client()


class GovernedHandler(ProxyConnectionHandler):
    """One client connection and the upstream connections opened for it."""

    gate: Gate
    dialled: Place | None = None
    _at_once: AtOnce | None = None
    _stage: Stage = Stage.OPENED
    _since: float | None = None

    def begins_with(self, top: layer.Layer) -> None:
        """`top` is what the connection is read by."""
        addons = self.master.addons
        if isinstance(addons, FailClosedAddonManager):  # who knows what is heard; another is always asked
            self._at_once = AtOnce(top, addons.is_unheard)
            top = self._at_once  # type: ignore[assignment] # the same shape
        self.layer = top

    def take_over(self, handed_over: HandedOver) -> None:
        """Go on where the lane has stopped."""
        client, server, tunnel = self.client, self.layer.context.server, handed_over.tunnel
        client.timestamp_start, self._since = handed_over.began, handed_over.since
        self._stage = handed_over.stage
        if tunnel is not None:
            self.gate.tunnels[client.id] = tunnel
            server.address = (tunnel.place.host, tunnel.place.port)
        if handed_over.tls is not None:
            server.tls = client.tls = True
            client.sni, client.alpn = handed_over.tls.sni, handed_over.tls.alpn
            client.tls_version, client.timestamp_tls_setup = handed_over.tls.tls_version, time.time()  # noqa: TID251 - the core's clock

    def ask_where_to(self, writer: asyncio.StreamWriter) -> bool:
        """Find out whether the client dialled somebody else; False when it cannot be found out."""
        try:
            self.dialled = original_destination(writer.get_extra_info("socket"))
        except OSError as failed:
            logger.warning("where a redirected connection wanted to go cannot be found out: %s", failed.strerror)
            return False
        if self.dialled is not None:
            # for the core's layers only; no layer of ours dials it, and the dial guard would not let it
            self.client.sockname = (self.dialled.host, self.dialled.port)
            self.layer.context.server.address = (self.dialled.host, self.dialled.port)
        return True

    @override
    async def handle_client(self) -> None:
        load = self.gate.load
        clock = self._clock = ClientClock(
            load.bounds,
            busy=self._is_busy,
            late=self.on_timeout,
            channel=self._is_channel,
            stage=self._stage,
            since=self._since,
        )
        self.timeout_watchdog = clock  # type: ignore[assignment] # the same shape
        self._unwritten = Unwritten(self.transports, load, late=self.abort)
        self._tasks: set[asyncio.Task[None]] = set()
        self._reading = asyncio.Event()
        self._reading.set()
        self.gate.connected[self.client.id] = self
        # the core's five would be held by five long answers, and every other request of the client would wait
        self.max_conns = collections.defaultdict(lambda: asyncio.Semaphore(MAX_STREAMS))
        if self.dialled is not None:
            self.gate.redirected[self.client.id] = Redirected(self.dialled)
        try:
            await super().handle_client()
            await self._unwritten.end()
        finally:
            self._unwritten.drop()
            del self.gate.connected[self.client.id]
            self.gate.dials.pop(self.client.id, None)
            self.gate.redirected.pop(self.client.id, None)
            self.gate.names.pop(self.client.id, None)
            self.gate.tunnels.pop(self.client.id, None)

    @override
    async def handle_connection(self, connection: Connection) -> None:
        """As ever; but also one that is closed twice at once, as the core's task is then cancelled twice, is closed."""
        _read.set(connection)  # each connection is read in a task of its own
        if connection is self.client and self._since is not None:
            # what the lane has read is here already; the core must know this task before anything comes of it
            await asyncio.sleep(0)
        try:
            await super().handle_connection(connection)
        finally:
            held = self.transports.pop(connection, None)
            if held is not None and isinstance(held.writer, asyncio.StreamWriter):
                held.writer.transport.abort()

    @override
    async def open_connection(self, command: commands.OpenConnection) -> None:
        dialling_for.set(self.client.id)  # each dial is a task with a context of its own
        dialling_to.set(command.connection.id)
        load = self.gate.load
        if load.upstreams.enter("") is not None:
            await self.server_event(events.OpenConnectionCompleted(command, "no descriptor is left for it"))
            return
        timer = asyncio.get_running_loop().call_later(load.bounds.connect_s, self._connects_late, command.connection)
        try:
            await super().open_connection(command)
        finally:
            timer.cancel()
            load.upstreams.leave("")

    @override
    async def hook_task(self, hook: commands.StartHook) -> None:
        """As ever; but the end of a hook that did not wait is told within the event that asked for it."""
        await self.handle_hook(hook)
        if hook.blocking and not (self._at_once is not None and self._at_once.ends(hook)):
            await self.server_event(events.HookCompleted(hook))

    @override
    async def server_event(self, event: events.Event) -> None:
        """As ever; and look whether much was handed over for sending."""
        await super().server_event(event)
        self._unwritten.look()

    @override
    async def drain_writers(self) -> None:
        """As ever; and before more is read, what was read is judged, and there is room for it."""
        await super().drain_writers()
        while not self._reading.is_set():
            await self._reading.wait()
        await self.gate.pauses.over(_read.get().id)
        load = self.gate.load
        if load.room.is_tight and any(
            exchange.takes_in(_read.get()) for _, exchange in self.gate.of_client(self.client.id)
        ):
            await load.room.wait(load.bounds.room_wait_s)

    def reaches(self, stage: Stage) -> None:
        """The client has come so far."""
        self._clock.reaches(stage)

    def tell(self, event: events.Event) -> None:
        """Hand `event` to the layers."""
        task = asyncio.get_running_loop().create_task(self.server_event(event))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def end_within(self, seconds: float) -> None:
        """Drop everything after `seconds`, if there still is something then."""
        asyncio.get_running_loop().call_later(seconds, self.abort)

    def unwritten(self) -> int:
        """Bytes that have not left yet."""
        return self._unwritten.size_bytes

    @override
    def close_connection(
        self,
        connection: Connection,
        half_close: bool = False,
    ) -> None:
        """As ever; but TLS on the listener ends in both directions at once, after what was written."""
        writer = self.transports[connection].writer
        whole = isinstance(writer, asyncio.StreamWriter) and not writer.can_write_eof()
        super().close_connection(connection, half_close and not whole)

    def abort(self) -> None:
        """Drop everything, without another byte."""
        self._unwritten.drop()
        for held in self.transports.values():
            _drop(held, "aborted")

    def abort_upstream(self, *, why: str | None = None, only_for: str | None = None) -> bool:
        """Drop the upstream side, or what is known of it to be for one flow; True when there was one."""
        servers = [
            (conn, held)
            for conn, held in self.transports.items()
            if not isinstance(conn, Client)
            and (only_for is None or self.gate.dialled_by(self.client.id, conn.id) in {None, only_for})
        ]
        for server, held in servers:
            server.error = why or server.error
            _drop(held, why or "aborted")
        return bool(servers)

    @property
    def reading(self) -> asyncio.Event:
        """While it is clear, no more is read of the client or any upstream of it."""
        return self._reading

    def abort_server(self, server: Server) -> None:
        """Drop the transport of one upstream connection."""
        if (held := self.transports.get(server)) is not None:
            _drop(held, "aborted")

    def _is_busy(self) -> bool:
        """True while a request is under way; a WebSocket is under way for as long as something moves on it."""
        under_way = (exchange for _, exchange in self.gate.of_client(self.client.id))
        return any(not (exchange.websocket and exchange.sent) for exchange in under_way)

    def _is_channel(self) -> bool:
        """True when it is a WebSocket's."""
        return any(exchange.upgraded for _, exchange in self.gate.of_client(self.client.id))

    def _connects_late(self, server: Server) -> None:
        """A connection should stand by now, TLS and all."""
        held = self.transports.get(server)
        if held is None or server.timestamp_tls_setup or (held.writer is not None and not server.tls):
            return
        only = self.gate.dialled_by(self.client.id, server.id)
        for flow_id, exchange in self.gate.of_client(self.client.id):
            if only not in {None, flow_id}:
                continue
            if exchange.forward is not None and not exchange.sent and exchange.goes_to(server):
                exchange.clock.cross(Bound.CONNECT)
        _drop(held, "it took too long")

    @override
    def log(
        self, message: str, level: int = logging.INFO, exc_info: Literal[True] | tuple[Any, ...] | None = None
    ) -> None:
        """The core's messages quote what peers sent: only the fact of a crash is kept, and the connection dropped."""
        if exc_info is None:
            logger.debug("%s core message of level %d withheld", human.format_address(self.client.peername), level)
            return
        fault = sys.exc_info()[1] if exc_info is True else exc_info[1]
        logger.error("the proxy core failed and its connection was dropped: %s", describe(fault) if fault else message)
        self.abort()


def _drop(held: ConnectionIO, why: str) -> None:
    """Drop a transport that stands, or the attempt to open one."""
    if isinstance(held.writer, asyncio.StreamWriter):
        held.writer.transport.abort()
    elif held.handler is not None:
        held.handler.cancel(why)
