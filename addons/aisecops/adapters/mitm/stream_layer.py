"""One request and its answer, as the core moves them, with the gate in the one way out.

Adds to the core's layer: no request goes out that the gate would not let out (also when every addon is gone); a
refusal is answered before the body is read; a body is bounded; an upstream that fails is told as a problem
document. Knows no rule; the judging is `addon.py`'s.
"""

from __future__ import annotations

from typing import override

from mitmproxy import flow, http
from mitmproxy.proxy import commands, events, layer
from mitmproxy.proxy.context import Context
from mitmproxy.proxy.layers.http import DropStream, HttpStream, SendHttp
from mitmproxy.proxy.layers.http._events import (
    ErrorCode,
    RequestData,
    RequestEndOfMessage,
    RequestHeaders,
    RequestProtocolError,
    RequestTrailers,
    ResponseData,
    ResponseEndOfMessage,
    ResponseHeaders,
    ResponseProtocolError,
    ResponseTrailers,
)
from mitmproxy.proxy.layers.http._hooks import HttpErrorHook

from aisecops.adapters.mitm.exchange import Exchange
from aisecops.adapters.mitm.failures import NO_ROOM, TOO_LARGE, refused_connection, upstream_failure
from aisecops.adapters.mitm.gate import Gate
from aisecops.adapters.mitm.host_refusals import BODY_TOO_LARGE, BODY_TOO_SLOW, NO_ROOM_FOR_BODY, STREAMED
from aisecops.adapters.mitm.lateness import Overdue
from aisecops.adapters.mitm.unread import RequestUnreadHook, Unread
from aisecops.adapters.mitm.websocket_layer import GovernedWebsocket
from aisecops.adapters.mitm.weighing import StreamWaitsHook, Weighing
from aisecops.model.outcome import Refuse

Commands = layer.CommandGenerator[None]


class GovernedStream(HttpStream):
    """One request and its answer."""

    def __init__(self, context: Context, stream_id: int, gate: Gate) -> None:
        super().__init__(context, stream_id)
        self._gate = gate
        self._asks_to_continue = False

    @override
    def state_wait_for_request_headers(self, event: RequestHeaders) -> Commands:
        """As ever; but a request refused by its head is answered now, and its body is thrown away as it comes."""
        self._asks_to_continue = "expect" in event.request.headers
        yield from super().state_wait_for_request_headers(event)
        waits_for_body = self.client_state == self.state_consume_request_body and not event.end_stream
        if waits_for_body and self._refused_for_good():
            yield from self._answer_early()

    @override
    def state_consume_request_body(self, event: RequestData | RequestTrailers | RequestEndOfMessage) -> Commands:
        """As ever; but no more is kept than may be judged."""
        size = len(self.request_body_buf) + (len(event.data) if isinstance(event, RequestData) else 0)
        if size > self._gate.allowed_body(self.flow):
            yield from self._refuse_unread(BODY_TOO_LARGE)
            return
        exchange = self._gate.exchanges.get(self.flow.id)
        if exchange is not None and isinstance(event, RequestData):
            exchange.clock.got_body(len(event.data))
            if not exchange.held.take(len(event.data)):
                yield from self._refuse_unread(NO_ROOM_FOR_BODY)
                return
        yield from super().state_consume_request_body(event)

    @override
    def _handle_event(self, event: events.Event) -> Commands:
        if isinstance(event, Overdue):
            if self.client_state == self.state_consume_request_body and event.flow_id == self.flow.id:
                yield from self._refuse_unread(BODY_TOO_SLOW)
                if self.context.client.alpn != b"h2":
                    yield commands.CloseConnection(self.context.client)
            return
        if isinstance(event, (ResponseHeaders, ResponseData)):
            exchange = self._gate.exchanges.get(self.flow.id)
            if exchange is not None:
                exchange.clock.moved()
        yield from super()._handle_event(event)

    def _refuse_unread(self, refuse: Refuse) -> Commands:
        unread = Unread(self.context.client, refuse, self.flow.id)
        yield RequestUnreadHook(unread)
        self._gate.refuse(self.flow, unread.refuse)
        yield from self._answer_early()

    @override
    def start_request_stream(self) -> Commands:
        """A body that streams out cannot be judged first."""
        self._gate.refuse(self.flow, STREAMED)
        yield from self._answer_early()

    @override
    def handle_connect_upstream(self) -> Commands:
        """A CONNECT inside a tunnel, or where there is no proxy: refused by now, and answered like any other."""
        yield from self.handle_connect_regular()

    @override
    def make_server_connection(self) -> layer.CommandGenerator[bool]:
        """The one way out. INVARIANT: returns True only for a request that is as it was admitted, this very moment."""
        if not self._gate.may_leave(self.flow):
            yield from self._refuse_to_send()
            return False
        self._gate.exchanges[self.flow.id].clock.dials()
        if not (yield from super().make_server_connection()):
            return False
        if not self._gate.may_leave(self.flow) or self._client_has_gone():
            yield from self._refuse_to_send()
            return False
        exchange = self._gate.exchanges[self.flow.id]
        exchange.sent, exchange.server = True, self.flow.server_conn
        exchange.stream_id = self.stream_id
        exchange.asked_bytes = exchange.held.size_bytes
        exchange.clock.sent()
        return True

    @override
    def state_stream_response_body(self, event: ResponseData | ResponseTrailers | ResponseEndOfMessage) -> Commands:
        """As ever; but of an answer that was cut nothing passes any more, and its end says why."""
        exchange = self._gate.exchanges.get(self.flow.id)
        if exchange is None or exchange.cut is None:
            if exchange is not None and isinstance(event, ResponseEndOfMessage):
                yield from self._relay_end(exchange)
            yield from super().state_stream_response_body(event)
            if exchange is not None and isinstance(event, ResponseData):
                yield from self._weigh(exchange)
        elif isinstance(event, ResponseEndOfMessage):
            yield from self._end_cut_stream(exchange)

    def _relay_end(self, exchange: Exchange) -> Commands:
        """What became whole by the end of a stream, before the core closes it."""
        if exchange.stream is not None:
            for piece in exchange.stream(b""):
                yield SendHttp(ResponseData(self.stream_id, piece), self.context.client)
            yield from self._weigh(exchange)

    def _weigh(self, exchange: Exchange) -> Commands:
        """Wait, this stream alone, until what it holds back is judged."""
        stream = exchange.stream
        if stream is None or stream.dead or not stream.tap.waiting:
            return
        weighing = Weighing(exchange)
        yield StreamWaitsHook(weighing)
        for piece in weighing.pieces:
            yield SendHttp(ResponseData(self.stream_id, piece), self.context.client)

    @override
    def state_consume_response_body(self, event: ResponseData | ResponseTrailers | ResponseEndOfMessage) -> Commands:
        """As ever; but half an answer is none, also where the upstream's framing cannot tell."""
        exchange = self._gate.exchanges.get(self.flow.id)
        was_ended = exchange is not None and (exchange.cut is not None or exchange.clock.passed is not None)
        if was_ended and isinstance(event, ResponseEndOfMessage):
            yield from self.handle_protocol_error(
                ResponseProtocolError(self.stream_id, "cut", ErrorCode.GENERIC_SERVER_ERROR)
            )
            return
        if exchange is not None and isinstance(event, ResponseData) and not exchange.held.take(len(event.data)):
            yield from self._refuse_answer(NO_ROOM)
            return
        yield from super().state_consume_response_body(event)

    @override
    def send_response(self, already_streamed: bool = False) -> Commands:
        """As ever; but a stream whose tap is dead never looks whole."""
        exchange = self._gate.exchanges.get(self.flow.id)
        if already_streamed and exchange is not None and exchange.stream is not None and exchange.stream.dead:
            yield from self.handle_protocol_error(
                ResponseProtocolError(self.stream_id, "cut", ErrorCode.GENERIC_SERVER_ERROR)
            )
            return
        yield from super().send_response(already_streamed)

    @override
    def flow_done(self) -> Commands:
        """As ever; but a WebSocket goes on in a layer of ours."""
        exchange = self._gate.exchanges.get(self.flow.id)
        if self.flow.websocket is None or exchange is None or not exchange.upgraded:
            yield from super().flow_done()
            self._let_bodies_go()
            return
        self.child_layer = GovernedWebsocket(self.context, self.flow, self._gate, exchange)
        self._handle_event = self.passthrough  # type: ignore[method-assign]  # as the core does it
        yield from self.child_layer.handle_event(events.Start())
        yield SendHttp(ResponseEndOfMessage(self.stream_id), self.context.client)

    def _end_cut_stream(self, exchange: Exchange) -> Commands:
        """The protocol's own error as the last thing of the stream, then its proper end; else an end that is none."""
        self.flow.error = flow.Error("cut")
        yield HttpErrorHook(self.flow)
        if (yield from self.check_killed(emit_error_hook=False)):
            return
        if exchange.stream is not None and exchange.cut is not None and exchange.stream.tap.has_words:
            last = exchange.stream.tap.refusal(exchange.cut)
            yield SendHttp(ResponseData(self.stream_id, last), self.context.client)
            yield SendHttp(ResponseEndOfMessage(self.stream_id), self.context.client)
        else:
            cut = ResponseProtocolError(self.stream_id, "cut", ErrorCode.GENERIC_SERVER_ERROR)
            yield SendHttp(cut, self.context.client)
        self.server_state = self.state_errored
        self.flow.live = False
        yield DropStream(self.stream_id)

    def _let_bodies_go(self) -> None:
        """What the core keeps of a flow waits for the cycle collector, and bodies are large."""
        for message in (self.flow.request, self.flow.response):
            if message is not None:
                message.data.content = None

    @override
    def handle_protocol_error(self, event: RequestProtocolError | ResponseProtocolError) -> Commands:
        """As ever; but an upstream that failed before its answer began is told in a problem document."""
        unanswered = self.client_state == self.state_done and self.server_state in (
            self.state_wait_for_response_headers,
            self.state_consume_response_body,
        )
        exchange = self._gate.exchanges.get(self.flow.id)
        cut = exchange.cut if exchange else None
        streams = self.server_state == self.state_stream_response_body
        if exchange is not None and cut is not None and streams and isinstance(event, ResponseProtocolError):
            yield from self._end_cut_stream(exchange)
            return
        if not isinstance(event, ResponseProtocolError) or not unanswered:
            yield from super().handle_protocol_error(event)
            return
        self.flow.error = flow.Error(event.message)
        refuse = self._gate.refused(self.flow) or cut or refused_connection(event, exchange)
        yield HttpErrorHook(self.flow)
        if (yield from self.check_killed(emit_error_hook=False)):
            return
        response = self.flow.response = (
            self._gate.answer(refuse, exchange.request if exchange else None)
            if refuse
            else upstream_failure(event, exchange)
        )
        # the core keeps the failure with the connection, and would repeat it for every later request
        response.headers["Connection"] = "close"
        yield from self._send(response)
        self.server_state = self.state_errored
        self.flow.live = False
        yield DropStream(self.stream_id)

    def _refused_for_good(self) -> bool:
        return self._gate.refused(self.flow) is not None and not self._gate.unjudged(self.flow)

    def _client_has_gone(self) -> bool:
        return any(isinstance(event, RequestProtocolError) for event in self._paused_event_queue)

    def _answer_early(self) -> Commands:
        """Answer before the body has come. What still comes of it is read and dropped; then the connection closes."""
        response = self.flow.response
        self.client_state = self.server_state = self.state_errored
        self.request_body_buf.clear()
        self.flow.live = False
        self._gate.forget(self.flow)
        if response is not None:
            response.headers["Connection"] = "close"
            yield from self._send(response)
        yield DropStream(self.stream_id)
        if self._asks_to_continue and self.context.client.alpn != b"h2":
            # whether its body still comes is the client's to choose, so nothing after this could be read safely
            yield commands.CloseConnection(self.context.client)
        elif self.context.client.alpn != b"h2":
            self._gate.end_within(self.context.client, self._gate.load.bounds.body_s)

    @override
    def check_killed(self, emit_error_hook: bool) -> layer.CommandGenerator[bool]:
        """As ever; and what was killed is under way no more."""
        return (yield from self._drop_if((yield from super().check_killed(emit_error_hook))))

    @override
    def check_invalid(self, request: bool) -> layer.CommandGenerator[bool]:
        """As ever; and what is invalid is under way no more."""
        return (yield from self._drop_if((yield from super().check_invalid(request))))

    @override
    def check_body_size(self, request: bool) -> layer.CommandGenerator[bool]:
        """As ever for requests; an answer that is read whole may be as large as was set, and is told when it is not.

        One that is passed on in pieces may say any size; if it is read whole after all, it is counted as it comes.
        """
        if request:
            return (yield from self._drop_if((yield from super().check_body_size(request))))
        exchange, size = self._gate.exchanges.get(self.flow.id), len(self.response_body_buf)
        if not size and not (exchange and exchange.forward and exchange.forward.any_size):
            said = self.flow.response.headers.get("content-length", "") if self.flow.response else ""
            size = int(said) if said.isdecimal() else 0
        if size <= self._gate.load.bounds.answer_bytes:
            return False
        yield from self._refuse_answer(TOO_LARGE)
        return True

    def _refuse_answer(self, why: str) -> Commands:
        """Read no more of an answer that is not delivered, and say so in its place."""
        yield commands.CloseConnection(self.flow.server_conn)
        failed = ResponseProtocolError(self.stream_id, why, ErrorCode.GENERIC_SERVER_ERROR)
        yield from self.handle_protocol_error(failed)

    def _drop_if(self, over: bool) -> layer.CommandGenerator[bool]:
        if over:
            yield DropStream(self.stream_id)
        return over

    def _refuse_to_send(self) -> Commands:
        exchange = self._gate.exchanges.get(self.flow.id)
        if exchange is not None and exchange.cut is not None:
            self._gate.refuse(self.flow, exchange.cut)
        if self._gate.refused(self.flow) is None:
            self._gate.refuse_changed(self.flow)
        yield from self.handle_protocol_error(
            ResponseProtocolError(self.stream_id, "refused before sending", ErrorCode.CONNECT_FAILED)
        )

    def _send(self, response: http.Response) -> Commands:
        content = response.raw_content or b""
        body = b"" if self.flow.request.method.upper() == "HEAD" else content
        yield SendHttp(ResponseHeaders(self.stream_id, response, not body), self.context.client)
        if body:
            yield SendHttp(ResponseData(self.stream_id, body), self.context.client)
        yield SendHttp(ResponseEndOfMessage(self.stream_id), self.context.client)
