"""One client connection in the lane: its CONNECT, its TLS, its requests one after the other, or the way to the core.

The core takes it over with every byte of what was not judged yet.

Knows the order of things and who must be told of an end. One request is `request.py`'s; which heads are taken,
`heads.py`'s.
"""

from __future__ import annotations

import asyncio
import logging
import time
from typing import Any

from mitmproxy import connection
from mitmproxy.net.http import http1
from mitmproxy.proxy import events, mode_specs

from aisecops.adapters.mitm.bounds import Bound
from aisecops.adapters.mitm.deadlines import ClientClock, Stage
from aisecops.adapters.mitm.exchange import Exchange, Tunnel
from aisecops.adapters.mitm.faults import describe, is_our_own_end
from aisecops.adapters.mitm.gate import Gate, Stopping
from aisecops.adapters.mitm.host_refusals import MAX_HEAD_BYTES
from aisecops.adapters.mitm.judging import judge_connect, misnamed
from aisecops.adapters.mitm.lane.contexts import Shaken
from aisecops.adapters.mitm.lane.handover import HandedOver
from aisecops.adapters.mitm.lane.heads import Head, connect_head, request_head
from aisecops.adapters.mitm.lane.lane import Lane
from aisecops.adapters.mitm.lane.line import Line
from aisecops.adapters.mitm.lane.request import LaneRequest, or_refusal
from aisecops.adapters.mitm.lane.tls_pipe import TlsPipe
from aisecops.adapters.mitm.lane.upstream import Dialler, NotReachedError, Upstream
from aisecops.adapters.mitm.lane.writing import whole
from aisecops.adapters.mitm.lateness import Overdue
from aisecops.adapters.mitm.listener_tls import prove
from aisecops.adapters.mitm.load import Held
from aisecops.adapters.mitm.unread import RequestUnreadHook, Unread
from aisecops.model.outcome import Refuse

logger = logging.getLogger(__name__)

_TLS = 0x16
_ESTABLISHED = b"HTTP/1.1 200 Connection established\r\n\r\n"


async def serve(lane: Lane, reader: Any, writer: Any, mode: mode_specs.ProxyMode) -> HandedOver | None:
    """Serve one connection to its end; or say from where on the core has to."""
    received = bytes(reader._buffer)  # noqa: SLF001 - what came before we did; `open_lane` looked that it is there
    return await LaneConnection(lane, writer, mode).run(received, ended=reader.at_eof())


class LaneConnection:
    """One client connection. Is what the gate knows of a client that is connected."""

    def __init__(self, lane: Lane, writer: asyncio.StreamWriter, mode: mode_specs.ProxyMode) -> None:
        self.gate: Gate = lane.gate
        self.client = connection.Client(
            peername=writer.get_extra_info("peername"),
            sockname=writer.get_extra_info("sockname"),
            timestamp_start=time.time(),  # noqa: TID251 - the core's own stamps are by this clock
            proxy_mode=mode,
            state=connection.ConnectionState.OPEN,
        )
        self.line = Line(on_end=self._client_ended, on_more=self._client_moved, most=2 * MAX_HEAD_BYTES)
        self.reading = asyncio.Event()
        self.reading.set()
        self.manager = lane.manager
        self._lane = lane
        self._writer = writer
        self._clock = ClientClock(self.gate.load.bounds, busy=lambda: self._request is not None, late=self._late)
        self._stands_s = min(self.gate.load.bounds.idle_s, self.gate.load.bounds.keepalive_s)
        self._stage, self._since = Stage.OPENED, asyncio.get_running_loop().time()
        self._tunnel: Tunnel | None = None
        self._pipe: TlsPipe | None = None
        self._request: LaneRequest | None = None
        self._has_asked = False
        self._upstream: Upstream | None = None
        self._dialler: Dialler | None = None
        self._looks: asyncio.Future[None] | None = None

    async def run(self, received: bytes, *, ended: bool) -> HandedOver | None:
        """Serve it to its end; or say from where on the core does. `received` was read of it before."""
        gate, client = self.gate, self.client
        if not prove(gate, client.id, self._writer):
            self._writer.transport.abort()
            return None
        transport = self._writer.transport
        assert isinstance(transport, asyncio.Transport)
        self.line.connection_made(transport)
        transport.set_protocol(self.line)
        if received:
            self.line.data_received(received)
        if ended:
            self.line.eof_received()
        gate.connected[client.id] = self
        watch = asyncio.get_running_loop().create_task(self._clock.watch())
        handed_over = None
        try:
            handed_over = await self._served()
            if handed_over is None:
                self.line.close()
        except BaseException as fault:
            self.abort()
            if is_our_own_end(fault):
                raise
            logger.error("a connection of the lane failed and was dropped: %s", describe(fault))  # noqa: TRY400
        finally:
            watch.cancel()
            self.abort_upstream()
            for kept in (gate.connected, gate.tunnels, gate.names, gate.dials):
                kept.pop(client.id, None)
            if handed_over is None:
                await self._gone()
        return handed_over

    async def _served(self) -> HandedOver | None:
        while self._tunnel is None:
            if not await self._comes():
                return None
            head = connect_head(bytes(self.line.buf))
            if head is None:
                return self._hand_over()
            await self._connected(head)
        if not await self._comes():
            return None
        if bytes(self.line.buf)[0] != _TLS or not self._begin_tls():
            return self._hand_over()
        if not await self._shaken():
            return None
        self.reaches(Stage.SPEAKS)
        return self._hand_over() if self.client.alpn == b"h2" else await self._requests()

    async def _requests(self) -> HandedOver | None:
        while await self._comes():
            head = request_head(bytes(self.line.buf))
            if head is None:
                return self._hand_over()
            if not await self._requested(head) or (self.gate.is_leaving and self._is_idle):
                break
        return None

    @property
    def _is_idle(self) -> bool:
        """True after a request, with nothing of the next."""
        return self._has_asked and self._request is None and not self.line.buf

    async def _comes(self) -> bool:
        """Wait until there is something to read; False when the client has gone."""
        return (bool(self.line.buf) or await self.line.more()) and self.line.is_open

    async def _connected(self, head: Head) -> None:
        """Judge a CONNECT and answer it. One that was refused may be tried again, with credentials perhaps."""
        self.line.take(head.head_bytes)
        outcome = await or_refusal(self.manager, judge_connect(self.gate, head.request, self.client))
        if isinstance(outcome, Refuse):
            self.line.write(whole(self.gate.answer(outcome), without_body=False))
            self.reaches(Stage.SPEAKS)
            if http1.connection_close("HTTP/1.1", head.request.headers):
                self.line.close()
        else:
            self._tunnel = self.gate.tunnels[self.client.id] = outcome
            self.line.write(_ESTABLISHED)
            self.reaches(Stage.IN_TUNNEL)

    def _begin_tls(self) -> bool:
        """Begin TLS with the client; False when there is no context for its host."""
        assert self._tunnel is not None  # or there is nothing to begin it in
        context = self._lane.leaves.context(self._tunnel.place.host)
        if context is None:
            return False
        raw, received = self.line.transport, self.line.take(len(self.line.buf))
        self._pipe = TlsPipe(raw, self.line, context, server_side=True)
        self.line.transport = self._pipe
        self._pipe.begin(received)
        return True

    async def _shaken(self) -> bool:
        assert self._pipe is not None
        assert self._tunnel is not None
        tls = self._pipe.tls
        assert isinstance(tls, Shaken)
        try:
            await self._pipe.shaken
        except OSError:
            if tls.is_misnamed:
                await misnamed(self.gate, self._tunnel)
            return False
        self.client.tls = True
        self.client.sni = tls.named
        self.client.tls_version = tls.version()  # type: ignore[assignment] # one of those that it knows
        self.client.alpn = (tls.selected_alpn_protocol() or "").encode() or None
        self.client.timestamp_tls_setup = time.time()  # noqa: TID251 - as above
        return True

    async def _requested(self, head: Head) -> bool:
        self.line.take(head.head_bytes)
        assert self._tunnel is not None
        place = self._tunnel.place
        request, self._has_asked = LaneRequest(self, head), True
        self._request = request
        head.request.data.host, head.request.data.port, head.request.data.scheme = place.host, place.port, b"https"
        try:
            return await request.run() and not self.has_gone
        finally:
            self._request = None
            await self.taken()
            self._clock.register_activity()

    def _hand_over(self) -> HandedOver:
        received = bytes(self.line.buf)
        self.line.transport.pause_reading()
        return HandedOver(
            transport=self.line.transport,
            received=received,
            ended=self.line.ended,
            began=self.client.timestamp_start,
            since=self._since,
            stage=self._stage,
            tunnel=self._tunnel,
            tls=self.client if self.client.tls else None,
        )

    # what a request needs

    @property
    def has_gone(self) -> bool:
        """True when the client sends no more: then it wants no answer either."""
        return self.line.ended

    async def upstream(self, bearer: tuple[str, str], exchange: Exchange) -> Upstream:
        """The connection that a request of `bearer` goes out on. Raises NotReachedError."""
        if self._upstream is not None and self._upstream.serves(bearer):
            return self._upstream
        self.abort_upstream()
        assert self._tunnel is not None
        dialler = self._dialler = Dialler(
            self.gate, self.manager, self.client, self._tunnel.place, self._lane.upstream_tls
        )
        try:
            self._upstream = await dialler.dial(bearer)
        except NotReachedError:
            if dialler.is_late:
                exchange.clock.cross(Bound.CONNECT)
            raise
        self._upstream.line.on_end = self._upstream_ended
        return self._upstream

    async def done_or_gone(self, task: asyncio.Task[Any]) -> None:
        """Return when `task` is done, or the client has gone; then the task goes on by itself."""
        if task.done():
            return
        task.add_done_callback(self._look)
        self._lane.tasks.add(task)
        task.add_done_callback(self._lane.tasks.discard)
        while not task.done() and not self.has_gone:
            self._looks = asyncio.get_running_loop().create_future()
            await self._looks

    def _look(self, _task: object = None) -> None:
        if self._looks is not None and not self._looks.done():
            self._looks.set_result(None)

    async def taken(self) -> None:
        """Return when the client has taken most of what was written; one that takes nothing is dropped in time."""
        if not self.line.is_full:
            return
        held = Held(self.gate.load.room)
        try:
            while self.line.is_full:
                before = self.line.unwritten
                held.be(before)
                await self.line.room(self._stands_s)
                if self.line.unwritten >= before:
                    self.abort()
        finally:
            held.be(0)

    async def tell_unread(self, unread: Unread) -> None:
        """A request is refused unread: have it counted, and recorded where it may be."""
        await self.manager.handle_lifecycle(RequestUnreadHook(unread))

    async def drop_what_comes(self, size_bytes: int) -> None:
        """Read and drop what is left of a body, for as long as a body may take and no more than one may be."""
        loop, bounds = asyncio.get_running_loop(), self.gate.load.bounds
        ends = loop.call_later(bounds.body_s, self.abort)
        most = self.gate.max_body_bytes + 4 * MAX_HEAD_BYTES
        try:
            while size_bytes > 0:
                piece = self.line.take(size_bytes)
                size_bytes -= len(piece)
                most -= len(piece)
                if most < 0:
                    self.abort()
                if not piece and not await self.line.more():
                    return
        finally:
            ends.cancel()

    # what the gate knows of a client that is connected

    def abort(self) -> None:
        """Drop everything, without another byte."""
        self.line.abort()
        self.abort_upstream()

    def abort_upstream(self, *, only_for: str | None = None) -> bool:
        """Drop the upstream side; True when there was one."""
        if only_for is not None and (self._request is None or self._request.flow_id != only_for):
            return False
        dialled = self._dialler is not None and self._dialler.abort()
        upstream, self._upstream = self._upstream, None
        if upstream is not None:
            upstream.line.abort()
        return dialled or upstream is not None

    def abort_server(self, server: connection.Server) -> None:
        """Drop one upstream connection."""
        if self._upstream is not None and self._upstream.server is server:
            self.abort_upstream()
        elif self._dialler is not None and self._dialler.server is server:
            self._dialler.abort()

    def reaches(self, stage: Stage) -> None:
        """The client has come so far."""
        if stage is not self._stage:
            self._stage, self._since = stage, asyncio.get_running_loop().time()
        self._clock.reaches(stage)

    def tell(self, event: events.Event) -> None:
        """Of what layers are told, the lane has use for two: a body did not come in time, and this process leaves."""
        if isinstance(event, Overdue) and self._request is not None and self._request.flow_id == event.flow_id:
            self._request.is_overdue = True
            self.line.wake()
        elif isinstance(event, Stopping) and self._is_idle and self.gate.is_leaving:
            self.line.close()  # who comes again finds the process that stays

    def end_within(self, seconds: float) -> None:
        """Drop everything after `seconds`."""
        asyncio.get_running_loop().call_later(seconds, self.abort)

    def close_connection(self, conn: connection.Connection, half_close: bool = False) -> None:  # noqa: ARG002 - the gate's shape
        """Close the client's side after what was written, or an upstream."""
        if isinstance(conn, connection.Client):
            conn.state = connection.ConnectionState.CLOSED
            self.line.close()
        else:
            self.abort_upstream()

    def unwritten(self) -> int:
        """Bytes that have not left yet."""
        return self.line.unwritten

    def _client_ended(self) -> None:
        request = self._request
        if request is not None and request.exchange is not None:
            request.exchange.gone = True
        self._look()
        self.abort_upstream()

    def _upstream_ended(self) -> None:
        if self._request is None:
            self.abort_upstream()  # whose answer it would be is over

    def _client_moved(self) -> None:
        self._clock.register_activity()
        # between requests everything is read; what comes during one is bounded, as nobody counts it
        if self._request is not None and self._request.is_whole and len(self.line.buf) > 2 * MAX_HEAD_BYTES:
            self.abort()

    async def _late(self) -> None:
        self.line.close()
        self.line.eof_received()

    async def _gone(self) -> None:
        """Return when the last byte has left, or none leaves any more."""
        held = Held(self.gate.load.room)
        try:
            while not self.line.lost:
                before = self.line.unwritten
                held.be(before)
                if not await self.line.gone(self._stands_s) and self.line.unwritten >= before:
                    self.abort()
        finally:
            held.be(0)
