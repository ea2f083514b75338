"""The side towards the client in HTTP/2: many requests on one connection, each as the HTTP/1.1 request that it means.

Reads within bounds, answers each refusal on its own stream, and ends the connection only for what cannot be told
apart any more. A body is taken as it comes up to a bound; beyond it the oldest request alone is given more, so
that requests wait for each other and never for nothing. Knows no rule; judging is `addon.py`'s.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from typing import override

import h2.events
from h2.errors import ErrorCodes
from h2.exceptions import ProtocolError
from mitmproxy import http
from mitmproxy.proxy import commands, events, layer
from mitmproxy.proxy.context import Context
from mitmproxy.proxy.layers.http._base import HttpConnection, ReceiveHttp
from mitmproxy.proxy.layers.http._events import (
    ErrorCode,
    HttpEvent,
    RequestData,
    RequestEndOfMessage,
    RequestHeaders,
    RequestProtocolError,
    ResponseData,
    ResponseEndOfMessage,
    ResponseHeaders,
    ResponseProtocolError,
)
from mitmproxy.proxy.layers.http._http2 import normalize_h1_headers

from aisecops.adapters.mitm.failures import upstream_failure
from aisecops.adapters.mitm.gate import Gate, Stopping
from aisecops.adapters.mitm.host_refusals import (
    BODY_TOO_LARGE,
    HEAD_TOO_LARGE,
    MAX_HEAD_BYTES,
    NOT_HTTP2,
    TRAILERS,
    WRONG_LENGTH,
)
from aisecops.adapters.mitm.http2_connection import MAX_STREAMS, BoundedH2Connection
from aisecops.adapters.mitm.http2_head import Fields, declared_length, fault_of, http1_request, size_of
from aisecops.adapters.mitm.http2_meter import FRAMES_FOR_A_PIECE, FRAMES_FOR_AN_ANSWER, FrameMeter
from aisecops.adapters.mitm.unread import RequestUnreadHook, Unread
from aisecops.model.outcome import Refuse

logger = logging.getLogger(__name__)

STALL_S = 60.0
"""How long a client may leave an answer untaken, with its window shut, before the stream is reset."""
PAUSE_FROM_BYTES = 256 * 1024
"""Of an answer that comes in pieces: from so much untaken on, no more of it is read until half of that has gone."""
MAX_UNSENT_BYTES = 8 * 1024 * 1024
"""Of an answer that comes in pieces: what waits for the client's window before the stream is reset."""
LOOK_S = 5.0
"""How often these are looked at, while there is something to look at."""

Commands = layer.CommandGenerator[None]


@dataclass(slots=True)
class _Stream:
    """One request, as far as it came. `owed`: bytes taken that the client has not been given back in its window."""

    declared: int | None
    received: int = 0
    owed: int = 0
    ended: bool = False
    thrown_away: bool = False
    answered: bool = False
    handed: int = 0
    moved_at: float = 0.0
    answered_at: float = 0.0
    moved: int = 0
    paused: bool = False


class GovernedHttp2Server(HttpConnection):
    """Reads requests and writes answers. `under_way` counts the requests that the layer above has not finished."""

    def __init__(self, context: Context, gate: Gate, *, under_way: Callable[[], int]) -> None:
        super().__init__(context, context.client)
        self._gate = gate
        self._under_way = under_way
        self._h2 = BoundedH2Connection()
        self._meter = FrameMeter(now=time.monotonic())
        self._streams: dict[int, _Stream] = {}
        self._over = False
        self._stopping = False
        self._looking = False

    @override
    def _handle_event(self, event: events.Event) -> Commands:
        if self._over:
            return
        if isinstance(event, events.Start):
            self._h2.initiate_connection()
        elif isinstance(event, HttpEvent):
            yield from self._send(event)
        elif isinstance(event, events.DataReceived):
            yield from self._receive(event.data)
        elif isinstance(event, events.ConnectionClosed):
            yield from self._end(None, "the client has gone")
        elif isinstance(event, events.Wakeup):
            self._looking = False
            yield from self._look()
        elif isinstance(event, Stopping):
            self._stopping = True
        if not self._over:
            self._tidy()
            yield from self._flush()
            yield from self._look_later()
            # not before: many clients take this word for the end of what is under way too
            if self._stopping and not self._streams:
                yield from self._end(ErrorCodes.NO_ERROR, "the gateway is stopping")

    def _flush(self) -> Commands:
        if data := self._h2.data_to_send():
            yield commands.SendData(self.conn, data)

    # what the client says

    def _receive(self, data: bytes) -> Commands:
        if fault := self._meter.fault(data, now=time.monotonic()):
            yield from self._end(ErrorCodes.ENHANCE_YOUR_CALM, fault)
            return
        try:
            received = self._h2.receive_data(data)
        except (ProtocolError, ValueError, IndexError) as broken:
            yield from self._end(getattr(broken, "error_code", ErrorCodes.PROTOCOL_ERROR), type(broken).__name__)
            return
        for event in received:
            yield from self._one(event)
            if self._over:
                return
        self._give_back()
        for stream_id in [number for number, stream in self._streams.items() if stream.paused]:
            self._look_at_unsent(stream_id)

    def _one(self, event: h2.events.Event) -> Commands:
        match event:
            case h2.events.RequestReceived(stream_id=stream_id, headers=fields):
                yield from self._head(stream_id, [*fields], ended=event.stream_ended is not None)
            case h2.events.DataReceived(stream_id=stream_id):
                yield from self._body(stream_id, bytes(event.data), event.flow_controlled_length)
            case h2.events.TrailersReceived(stream_id=stream_id):
                yield from self._refuse(stream_id, TRAILERS)
            case h2.events.StreamEnded(stream_id=stream_id):
                yield from self._body_ended(stream_id)
            case h2.events.StreamReset(stream_id=stream_id):
                if not event.remote_reset and not self._meter.resets.spend(1, now=time.monotonic()):
                    yield from self._end(ErrorCodes.ENHANCE_YOUR_CALM, "too many streams had to be reset")
                    return
                yield from self._drop(stream_id, "the client gave it up")
            case h2.events.ConnectionTerminated():
                yield from self._end(None, "the client ended the connection")
            case _:
                pass  # settings, windows, pings and priorities are the state machine's; unknown frames are nobody's

    def _head(self, stream_id: int, fields: Fields, *, ended: bool) -> Commands:
        if self._under_way() >= MAX_STREAMS:
            yield from self._reset(stream_id, ErrorCodes.REFUSED_STREAM)
            return
        self._streams[stream_id] = _Stream(declared=declared_length(fields))
        if size_of(fields) > MAX_HEAD_BYTES:
            yield from self._refuse(stream_id, HEAD_TOO_LARGE)
        elif fault_of(fields):
            yield from self._refuse(stream_id, NOT_HTTP2)
        elif ended and self._streams[stream_id].declared:
            yield from self._refuse(stream_id, WRONG_LENGTH)
        else:
            request = http1_request(fields)
            yield ReceiveHttp(RequestHeaders(stream_id, request, end_stream=ended))

    def _body(self, stream_id: int, data: bytes, size: int) -> Commands:
        stream = self._streams.get(stream_id)
        if stream is None:
            self._h2.acknowledge_received_data(size, stream_id)
            return
        stream.received += len(data)
        stream.owed += size
        if stream.thrown_away:
            if stream.received > self._gate.bound(self.context.client):
                yield from self._reset(stream_id, ErrorCodes.NO_ERROR)
        elif stream.declared is not None and stream.received > stream.declared:
            yield from self._refuse(stream_id, WRONG_LENGTH)
        elif data:
            yield ReceiveHttp(RequestData(stream_id, data))

    def _body_ended(self, stream_id: int) -> Commands:
        stream = self._streams.get(stream_id)
        if stream is None:
            return
        stream.ended = True
        if stream.thrown_away:
            return
        if stream.declared not in {None, stream.received}:
            yield from self._refuse(stream_id, WRONG_LENGTH)
        else:
            yield ReceiveHttp(RequestEndOfMessage(stream_id))

    def _give_back(self) -> None:
        """Open windows again: of every stream while little is kept, else of the oldest that still sends."""
        kept = sum(s.received for s in self._streams.values() if not s.thrown_away and not s.answered)
        room = kept <= self._gate.bound(self.context.client)
        for stream_id, stream in self._streams.items():
            oldest = not stream.ended and not stream.thrown_away
            if stream.owed and (room or oldest or stream.ended or stream.thrown_away):
                self._h2.acknowledge_received_data(stream.owed, stream_id)
                stream.owed = 0
            if oldest and not room:
                return

    # what the client is told

    def _send(self, event: HttpEvent) -> Commands:
        stream = self._streams.get(event.stream_id)
        if stream is None or not self._h2.takes_more(event.stream_id):
            return
        match event:
            case ResponseHeaders(response=response):
                self._send_head(event.stream_id, response, ended=event.end_stream)
            case ResponseData(data=data) if data:
                if self._h2.unsent(event.stream_id) > MAX_UNSENT_BYTES:
                    yield from self._reset(event.stream_id, ErrorCodes.ENHANCE_YOUR_CALM)
                    yield from self._drop(event.stream_id, "the client does not take its answer")
                else:
                    self._send_piece(event.stream_id, data)
                    self._look_at_unsent(event.stream_id)
            case ResponseEndOfMessage():
                self._h2.end_stream(event.stream_id)
                self._has_answer(stream)
            case ResponseProtocolError(code=code):
                yield from self._send_error(event.stream_id, code)
            case _:
                pass  # trailers of an upstream do not come so far

    def _send_head(self, stream_id: int, response: http.Response, *, ended: bool) -> None:
        fields = [(b":status", b"%d" % response.status_code), *response.headers.fields]
        self._h2.send_headers(stream_id, normalize_h1_headers(fields, is_client=False), end_stream=ended)
        if ended:
            self._has_answer(self._streams[stream_id])

    def _send_piece(self, stream_id: int, data: bytes) -> None:
        self._streams[stream_id].handed += len(data)
        self._meter.frames.earn(FRAMES_FOR_A_PIECE * (1 + len(data) // 16384))
        self._h2.send_data(stream_id, data)

    def _look_at_unsent(self, stream_id: int) -> None:
        """Have no more of an answer read while its client leaves much of it; and again when it does not."""
        stream = self._streams[stream_id]
        unsent = self._h2.unsent(stream_id)
        much = unsent > (PAUSE_FROM_BYTES if not stream.paused else PAUSE_FROM_BYTES // 2)
        if much != stream.paused:
            stream.paused = much
            self._gate.untaken(self.context.client, stream_id, much=much)

    def _has_answer(self, stream: _Stream) -> None:
        """What the client still sends of its request is taken and thrown away."""
        if not stream.answered:
            self._meter.frames.earn(FRAMES_FOR_AN_ANSWER)
            stream.answered_at = time.monotonic()
        stream.answered = True
        stream.thrown_away = stream.thrown_away or not stream.ended

    def _send_error(self, stream_id: int, code: ErrorCode) -> Commands:
        status = code.http_status_code()
        has_head = self._h2.streams[stream_id].state_machine.headers_sent
        if status is None or has_head:
            yield from self._reset(stream_id, ErrorCodes.INTERNAL_ERROR if has_head else ErrorCodes.CANCEL)
        elif code is ErrorCode.REQUEST_TOO_LARGE:
            yield from self._refuse(stream_id, BODY_TOO_LARGE)
        elif status < HTTPStatus.INTERNAL_SERVER_ERROR:
            yield from self._refuse(stream_id, NOT_HTTP2)
        else:
            self._send_document(stream_id, upstream_failure(None, None))

    def _refuse(self, stream_id: int, refuse: Refuse) -> Commands:
        """Answer on this stream alone; whoever worked on its request is told to stop."""
        stream = self._streams.get(stream_id)
        if stream is None or stream.thrown_away:
            return
        stream.thrown_away = True
        yield ReceiveHttp(RequestProtocolError(stream_id, "refused unread", ErrorCode.GENERIC_CLIENT_ERROR))
        unread = Unread(self.context.client, refuse)
        yield RequestUnreadHook(unread)
        if self._h2.takes_more(stream_id):
            self._send_document(stream_id, self._gate.answer(unread.refuse))

    def _send_document(self, stream_id: int, response: http.Response) -> None:
        body = response.raw_content or b""
        self._send_head(stream_id, response, ended=not body)
        if body:
            self._send_piece(stream_id, body)
            self._h2.end_stream(stream_id)
            self._has_answer(self._streams[stream_id])

    # ends

    def _reset(self, stream_id: int, code: ErrorCodes) -> Commands:
        self._streams.pop(stream_id, None)
        if not self._h2.is_over(stream_id):
            self._h2.reset_stream(stream_id, code)
        yield from ()

    def _drop(self, stream_id: int, why: str) -> Commands:
        """This stream is over; whoever worked on its request is told."""
        self._streams.pop(stream_id, None)
        yield ReceiveHttp(RequestProtocolError(stream_id, why, ErrorCode.CANCEL))

    def _end(self, code: ErrorCodes | int | None, why: str) -> Commands:
        """End the connection, with a reason for the client when it broke a rule."""
        self._over = True
        if code is not None:
            logger.info("an HTTP/2 connection was ended: %s", why)
            self._h2.clear_outbound_data_buffer()
            self._h2.close_connection(code)
            yield from self._flush()
        yield commands.CloseConnection(self.conn)
        streams, self._streams = self._streams, {}
        for stream_id in streams:
            yield ReceiveHttp(
                RequestProtocolError(stream_id, "the connection has ended", ErrorCode.CLIENT_DISCONNECTED)
            )

    def _tidy(self) -> None:
        """Forget the streams that both sides are done with."""
        for stream_id in [s for s, stream in self._streams.items() if stream.answered and self._h2.is_over(s)]:
            del self._streams[stream_id]

    # time

    def _look_later(self) -> Commands:
        unfinished = self._h2.stream_buffers or any(stream.answered for stream in self._streams.values())
        if not self._looking and (self._meter.head_since is not None or unfinished):
            self._looking = True
            yield commands.RequestWakeup(LOOK_S)

    def _look(self) -> Commands:
        """A head that does not end ends the connection; an answer that is not taken ends its stream.

        So does a body that still comes long after its answer.
        """
        now = time.monotonic()
        if self._meter.head_since is not None and now - self._meter.head_since > self._gate.load.bounds.head_s:
            yield from self._end(ErrorCodes.ENHANCE_YOUR_CALM, "a head did not come in time")
            return
        for stream_id, stream in list(self._streams.items()):
            unsent = self._h2.unsent(stream_id)
            if stream.answered and not unsent and now - stream.answered_at > self._gate.load.bounds.body_s:
                yield from self._reset(stream_id, ErrorCodes.NO_ERROR)
                continue
            moved = stream.handed - unsent
            if not unsent or moved != stream.moved or not stream.moved_at:
                stream.moved, stream.moved_at = moved, now if unsent else 0.0
            elif now - stream.moved_at > STALL_S:
                yield from self._reset(stream_id, ErrorCodes.CANCEL)
                yield from self._drop(stream_id, "the client does not take its answer")
