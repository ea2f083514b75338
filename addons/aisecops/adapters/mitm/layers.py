"""HTTP/1.1 as this gateway speaks it: the proxy core's own layers, asking the gate before the first byte leaves.

Adds four things to them: no request goes out that the gate would not let out (also when every addon is gone);
a refusal is answered before the body is read; bodies and heads are bounded; and what goes wrong is told as a
problem document. Knows no rule; the judging is `addon.py`'s.
"""

from __future__ import annotations

from http import HTTPStatus

from mitmproxy import flow, http
from mitmproxy.net.http.http1 import assemble_response
from mitmproxy.proxy import commands, events, layer, tunnel
from mitmproxy.proxy.context import Context
from mitmproxy.proxy.layers import ClientTLSLayer, ServerTLSLayer
from mitmproxy.proxy.layers.http import DropStream, HttpLayer, HTTPMode, HttpStream, SendHttp
from mitmproxy.proxy.layers.http._base import ReceiveHttp
from mitmproxy.proxy.layers.http._events import (
    ErrorCode,
    HttpEvent,
    RequestData,
    RequestEndOfMessage,
    RequestHeaders,
    RequestProtocolError,
    RequestTrailers,
    ResponseData,
    ResponseEndOfMessage,
    ResponseHeaders,
    ResponseProtocolError,
)
from mitmproxy.proxy.layers.http._hooks import HttpErrorHook
from mitmproxy.proxy.layers.http._http1 import Http1Server
from mitmproxy.proxy.layers.modes import HttpProxy

from aisecops.adapters.mitm.failures import refused_connection, upstream_failure
from aisecops.adapters.mitm.gate import Gate
from aisecops.model.outcome import Refuse
from aisecops.model.refusals import Code

MAX_HEAD_BYTES = 64 * 1024
"""A request line and its headers; longer ones are refused."""

NOT_HTTP = Refuse(code=Code.PROTOCOL_DENIED, detail="this is not a well-formed HTTP/1.1 request; send one")
TRAILERS = Refuse(code=Code.PROTOCOL_DENIED, detail="trailers after a body are not let through; send them as headers")
HEAD_TOO_LARGE = Refuse(
    code=Code.TOO_LARGE, detail=f"the request head is over {MAX_HEAD_BYTES} bytes; send fewer or shorter headers"
)
BODY_TOO_LARGE = Refuse(
    code=Code.TOO_LARGE, detail="the body is larger than the rules allow; send less, or raise `egress.max_body`"
)
STREAMED = Refuse(code=Code.INTERNAL, detail="a request body must be judged whole; do not stream it")

Commands = layer.CommandGenerator[None]


class LayerChoice:
    """An addon that puts our layers in place: HTTP and TLS around it. Nothing else is ever chosen."""

    def __init__(self, gate: Gate, *, name: str = "nextlayer") -> None:
        self.name = name
        self._gate = gate

    def next_layer(self, data: layer.NextLayer) -> None:
        """Choose by the first bytes. What is neither TLS nor HTTP is told so by the HTTP layer, and nothing leaves."""
        context = data.context
        # one byte is enough to tell, so nothing is ever put off for another addon to decide
        wants_tls = data.data_client()[:1] == b"\x16"
        has_tls = isinstance(context.layers[-1], ClientTLSLayer)
        stack = tunnel.LayerStack()
        if len(context.layers) == 1 and isinstance(context.layers[0], HttpProxy):
            if wants_tls:
                stack /= ClientTLSLayer(context)
            stack /= GovernedHttpLayer(context, HTTPMode.regular, self._gate)
        elif has_tls and isinstance(context.layers[-2], HttpProxy):
            stack /= GovernedHttpLayer(context, HTTPMode.regular, self._gate)
        elif wants_tls and not has_tls:
            stack /= ServerTLSLayer(context)
            stack /= ClientTLSLayer(context)
        else:
            stack /= GovernedHttpLayer(context, HTTPMode.transparent, self._gate)
        data.layer = stack[0]


class GovernedHttpLayer(HttpLayer):
    """Makes our streams on our HTTP/1.1 server; no other version is spoken."""

    def __init__(self, context: Context, mode: HTTPMode, gate: Gate) -> None:
        super().__init__(context, mode)
        self._gate = gate

    def _handle_event(self, event: events.Event) -> Commands:
        if isinstance(event, events.Start):
            self.connections[self.context.client] = GovernedHttp1Server(self.context.fork(), self._gate)
        yield from super()._handle_event(event)

    def make_stream(self, stream_id: int) -> Commands:
        self.streams[stream_id] = GovernedStream(self.context.fork(), stream_id, self._gate)
        yield from self.event_to_child(self.streams[stream_id], events.Start())


class GovernedStream(HttpStream):
    """One request and its answer."""

    def __init__(self, context: Context, stream_id: int, gate: Gate) -> None:
        super().__init__(context, stream_id)
        self._gate = gate
        self._asks_to_continue = False

    def state_wait_for_request_headers(self, event: RequestHeaders) -> Commands:
        """As ever; but a request refused by its head is answered now, and its body is thrown away as it comes."""
        self._asks_to_continue = "expect" in event.request.headers
        yield from super().state_wait_for_request_headers(event)
        waits_for_body = self.client_state == self.state_consume_request_body and not event.end_stream
        if waits_for_body and self._refused_for_good():
            yield from self._answer_early()

    def state_consume_request_body(self, event: RequestData | RequestTrailers | RequestEndOfMessage) -> Commands:
        """As ever; but no more is kept than may be judged."""
        size = len(self.request_body_buf) + (len(event.data) if isinstance(event, RequestData) else 0)
        if size > self._gate.allowed_body(self.flow):
            self._gate.refuse(self.flow, BODY_TOO_LARGE)
            yield from self._answer_early()
            return
        yield from super().state_consume_request_body(event)

    def start_request_stream(self) -> Commands:
        """A body that streams out cannot be judged first."""
        self._gate.refuse(self.flow, STREAMED)
        yield from self._answer_early()

    def make_server_connection(self) -> layer.CommandGenerator[bool]:
        """The one way out. INVARIANT: returns True only for a request that is as it was admitted, this very moment."""
        if not self._gate.may_leave(self.flow):
            yield from self._refuse_to_send()
            return False
        if not (yield from super().make_server_connection()):
            return False
        if not self._gate.may_leave(self.flow) or self._client_has_gone():
            yield from self._refuse_to_send()
            return False
        self._gate.exchanges[self.flow.id].sent = True
        return True

    def handle_protocol_error(self, event: RequestProtocolError | ResponseProtocolError) -> Commands:
        """As ever; but an upstream that failed before its answer began is told in a problem document."""
        unanswered = self.client_state == self.state_done and self.server_state in (
            self.state_wait_for_response_headers,
            self.state_consume_response_body,
        )
        if not isinstance(event, ResponseProtocolError) or not unanswered:
            yield from super().handle_protocol_error(event)
            return
        self.flow.error = flow.Error(event.message)
        exchange = self._gate.exchanges.get(self.flow.id)
        refuse = self._gate.refused(self.flow) or refused_connection(event, exchange)
        yield HttpErrorHook(self.flow)
        if (yield from self.check_killed(emit_error_hook=False)):
            return
        response = self.flow.response = (
            self._gate.answer(refuse, exchange.request if exchange else None)
            if refuse
            else upstream_failure(event, exchange, self.flow.server_conn)
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
        if self._asks_to_continue:
            # whether its body still comes is the client's to choose, so nothing after this could be read safely
            yield commands.CloseConnection(self.context.client)

    def _refuse_to_send(self) -> Commands:
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


class GovernedHttp1Server(Http1Server):
    """Reads requests, within bounds, and words its own errors as problem documents."""

    def __init__(self, context: Context, gate: Gate) -> None:
        super().__init__(context)
        self._gate = gate
        self._unanswered_bytes = 0

    def _handle_event(self, event: events.Event) -> Commands:
        if isinstance(event, events.DataReceived) and self.state != self.passthrough:
            # The core reads on while a request is judged; without a bound that is the client's to fill.
            self._unanswered_bytes += len(event.data)
            if self._unanswered_bytes > self._gate.bound(self.context.client) + 4 * MAX_HEAD_BYTES:
                self.state = self.done
                yield commands.CloseConnection(self.conn)
                return
        yield from super()._handle_event(event)
        if self.state == self.read_headers and len(self.buf) > MAX_HEAD_BYTES:
            yield from self._refuse_and_close(HEAD_TOO_LARGE)

    def read_headers(self, event: events.ConnectionEvent) -> Commands:
        for command in super().read_headers(event):
            # all that this state ever sends by itself is its complaint about a head that it cannot read
            yield (
                commands.SendData(self.conn, self._document(NOT_HTTP))
                if isinstance(command, commands.SendData)
                else command
            )

    def read_body(self, event: events.Event) -> Commands:
        try:
            yield from super().read_body(event)
        except NotImplementedError:
            # the core cannot read trailers; left to itself it stays silent until the connection times out
            yield from self._refuse_and_close(TRAILERS)
            yield ReceiveHttp(RequestProtocolError(self.stream_id, "trailers", ErrorCode.GENERIC_CLIENT_ERROR))

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
            yield commands.SendData(self.conn, assemble_response(upstream_failure(None, None, None)))
            yield commands.CloseConnection(self.conn)

    def _refuse_and_close(self, refuse: Refuse) -> Commands:
        self.state = self.done
        yield commands.SendData(self.conn, self._document(refuse))
        yield commands.CloseConnection(self.conn)

    def _document(self, refuse: Refuse) -> bytes:
        response = self._gate.answer(refuse)
        response.headers["Connection"] = "close"
        return bytes(assemble_response(response))


__all__ = ["GovernedHttp1Server", "GovernedHttpLayer", "GovernedStream", "LayerChoice"]
