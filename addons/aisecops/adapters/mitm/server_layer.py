"""The side towards the client: reads HTTP/1.1 requests within bounds, and words its own errors as problem documents."""

from __future__ import annotations

import re
import time
from http import HTTPStatus
from typing import override

from mitmproxy.net.http.http1 import assemble_response
from mitmproxy.proxy import commands, events, layer
from mitmproxy.proxy.context import Context
from mitmproxy.proxy.layers.http._base import ReceiveHttp, StreamId
from mitmproxy.proxy.layers.http._events import (
    ErrorCode,
    HttpEvent,
    RequestProtocolError,
    ResponseEndOfMessage,
    ResponseProtocolError,
)
from mitmproxy.proxy.layers.http._http1 import Http1Server

from aisecops.adapters.mitm.failures import upstream_failure
from aisecops.adapters.mitm.gate import Gate
from aisecops.adapters.mitm.host_refusals import (
    BODY_TOO_LARGE,
    HEAD_TOO_LARGE,
    HEAD_TOO_SLOW,
    MAX_HEAD_BYTES,
    NOT_HTTP,
    TRAILERS,
)
from aisecops.adapters.mitm.unread import RequestUnreadHook, Unread
from aisecops.model.outcome import Refuse

Commands = layer.CommandGenerator[None]

_HEAD_END = re.compile(rb"\n\r?\n")


class GovernedHttp1Server(Http1Server):
    """Reads requests, within bounds, and words its own errors as problem documents."""

    def __init__(self, context: Context, gate: Gate) -> None:
        super().__init__(context)
        self._gate = gate
        self._unanswered_bytes = 0
        self._timed_head: StreamId | None = None
        self._has_refused = False

    @override
    def _handle_event(self, event: events.Event) -> Commands:
        if isinstance(event, events.Wakeup):
            if self.state == self.read_headers and self.stream_id == self._timed_head:
                yield from self._refuse_and_close(HEAD_TOO_SLOW)
            return
        if isinstance(event, events.DataReceived) and self.state != self.passthrough:
            # The core reads on while a request is judged; without a bound that is the client's to fill.
            self._unanswered_bytes += len(event.data)
            if self._unanswered_bytes > self._gate.bound(self.context.client) + 4 * MAX_HEAD_BYTES:
                self.state = self.done
                yield commands.CloseConnection(self.conn)
                return
        yield from super()._handle_event(event)
        if self.state == self.wait and len(self.buf) > 2 * MAX_HEAD_BYTES:
            yield commands.CloseConnection(self.conn)  # a body sent before its turn is held by nobody's count
        if self.state == self.read_headers and self.buf:
            yield from self._bound_the_head()

    def _bound_the_head(self) -> Commands:
        """A head that has begun and not ended: it may be neither long nor slow. The core bounds neither."""
        if len(self.buf) > MAX_HEAD_BYTES:
            yield from self._refuse_and_close(HEAD_TOO_LARGE)
        elif self._timed_head != self.stream_id:
            self._timed_head = self.stream_id
            yield commands.RequestWakeup(self._time_for_head())

    def _time_for_head(self) -> float:
        """How long a head may take from its first byte; that of a fresh connection, what is left of that."""
        whole_s = self._gate.load.bounds.head_s
        client = self.context.client
        fresh = self.stream_id == 1 and client.id not in self._gate.tunnels
        age_s = time.time() - client.timestamp_start  # noqa: TID251 - the core's own stamp is by this clock
        return max(0.0, whole_s - age_s) if fresh else whole_s

    @override
    def read_headers(self, event: events.ConnectionEvent) -> Commands:
        if len(self.buf) > MAX_HEAD_BYTES and not _HEAD_END.search(bytes(self.buf)[:MAX_HEAD_BYTES]):
            yield from self._refuse_and_close(HEAD_TOO_LARGE)
            return
        for command in super().read_headers(event):
            # all that this state sends by itself is its complaint about a head; what it leads to sends its own
            if isinstance(command, commands.SendData) and self.state == self.read_headers:
                yield from self._refuse(NOT_HTTP)
            else:
                yield command

    @override
    def read_body(self, event: events.Event) -> Commands:
        try:
            yield from super().read_body(event)
        except NotImplementedError:
            # the core cannot read trailers; left to itself it stays silent until the connection times out
            yield from self._refuse_and_close(TRAILERS)
            yield ReceiveHttp(RequestProtocolError(self.stream_id, "trailers", ErrorCode.GENERIC_CLIENT_ERROR))

    @override
    def send(self, event: HttpEvent) -> Commands:
        if isinstance(event, ResponseProtocolError) and self.response is None:
            yield from self._send_error(event.code)
            return
        yield from super().send(event)
        if isinstance(event, ResponseEndOfMessage):
            self._unanswered_bytes = len(self.buf)

    def _send_error(self, code: ErrorCode) -> Commands:
        status = code.http_status_code()
        if status is None:
            yield commands.CloseConnection(self.conn)
        elif code is ErrorCode.REQUEST_TOO_LARGE:
            yield from self._refuse_and_close(BODY_TOO_LARGE)
        elif status < HTTPStatus.INTERNAL_SERVER_ERROR:
            yield from self._refuse_and_close(NOT_HTTP)
        else:
            yield commands.SendData(self.conn, assemble_response(upstream_failure(None, None)))
            yield commands.CloseConnection(self.conn)

    def _refuse_and_close(self, refuse: Refuse) -> Commands:
        self.state = self.done
        yield from self._refuse(refuse)
        yield commands.CloseConnection(self.conn)

    def _refuse(self, refuse: Refuse) -> Commands:
        if self._has_refused:
            return  # the core tells of what it cannot read twice
        self._has_refused = True
        unread = Unread(self.context.client, refuse)
        yield RequestUnreadHook(unread)
        yield commands.SendData(self.conn, self._document(unread.refuse))

    def _document(self, refuse: Refuse) -> bytes:
        response = self._gate.answer(refuse)
        response.headers["Connection"] = "close"
        return bytes(assemble_response(response))
