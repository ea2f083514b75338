"""The side towards the upstream: reads HTTP/1.1 answers within bounds, and only those that can be read in one way.

Adds to the core's reader: interim answers (1xx) are taken off and counted, trailers are left away, a head and a
chunk line have a bound, and what a client could read differently is no answer. Judges no content.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import override

from mitmproxy import http
from mitmproxy.proxy import commands, events, layer
from mitmproxy.proxy.layers import http as core
from mitmproxy.proxy.layers.http._base import ReceiveHttp
from mitmproxy.proxy.layers.http._events import (
    ErrorCode,
    ResponseEndOfMessage,
    ResponseHeaders,
    ResponseProtocolError,
)
from mitmproxy.proxy.layers.http._http1 import Http1Client

from aisecops.adapters.mitm.host_refusals import MAX_HEAD_BYTES

MAX_INTERIM = 16
"""Interim answers before the real one; honest servers send one or two."""

Commands = layer.CommandGenerator[None]

_SWITCHING = 101
_UNCLEAN = frozenset(b"\r\n\0")


class GovernedHttp1Client(Http1Client):
    """Reads answers; whatever it does not like ends the connection, and the agent is told of a bad gateway."""

    _interim = 0

    @override
    def _handle_event(self, event: events.Event) -> Commands:
        yield from super()._handle_event(event)
        # A complete line never stays in the buffer, so what is left there belongs to a line without an end.
        if len(self.buf) > MAX_HEAD_BYTES and self.state in (self.read_headers, self.read_body):
            yield from self._break_off("its head or a chunk's line has no end")

    @override
    def read_headers(self, event: events.ConnectionEvent) -> Commands:
        for command in super().read_headers(event):
            head = _head_of(command)
            if head is None:
                yield command
            elif is_interim(head):
                yield from self._after_interim()
                return
            elif fault := fault_of(head):
                yield from self._break_off(fault)
                return
            else:
                self._interim = 0
                yield command

    @override
    def read_body(self, event: events.Event) -> Commands:
        try:
            yield from super().read_body(event)
        except NotImplementedError:
            # The core cannot read trailers. They may be left away (RFC 9110 6.5.1), and nobody would look into them.
            assert self.stream_id is not None
            yield ReceiveHttp(ResponseEndOfMessage(self.stream_id))
            yield from self.mark_done(response=True)

    def _after_interim(self) -> Commands:
        """Go on reading where the interim answer ended."""
        self._interim += 1
        self.response = None
        if self._interim > MAX_INTERIM:
            yield from self._break_off("it sent interim answers without an end")
        elif self.buf:
            yield from self.read_headers(events.DataReceived(self.conn, b""))

    def _break_off(self, why: str) -> Commands:
        self.state = self.done
        yield commands.CloseConnection(self.conn)
        if self.stream_id is not None:
            yield ReceiveHttp(
                ResponseProtocolError(self.stream_id, f"cannot read the answer: {why}", ErrorCode.GENERIC_SERVER_ERROR)
            )


def use_for_every_upstream() -> None:
    """The core makes its reader of answers by name, in a place where no other can be handed in."""
    core.Http1Client = GovernedHttp1Client  # type: ignore[attr-defined]


def fault_of(head: http.Response) -> str:
    """Why a client might read this head otherwise than we do; empty when it would not."""
    if not 100 <= head.status_code <= 999:  # noqa: PLR2004 - RFC 9112 4: three digits
        return "its status is no status"
    if head.data.http_version not in {b"HTTP/1.1", b"HTTP/1.0"}:
        return "its version is not HTTP/1"
    if any(_UNCLEAN & set(part) for part in _parts(head)):
        return "its head holds a line break or NUL"
    codings = [value.strip().lower() for value in head.headers.get_all("transfer-encoding")]
    if codings and codings != ["chunked"]:
        return "its transfer coding is not `chunked`"
    return ""


def _parts(head: http.Response) -> Iterator[bytes]:
    yield head.data.reason
    for name, value in head.headers.fields:
        yield name
        yield value


def is_interim(head: http.Response) -> bool:
    """True for an answer before the answer (RFC 9110 15.2)."""
    return 100 <= head.status_code < 200 and head.status_code != _SWITCHING  # noqa: PLR2004 - as HTTP has it


def _head_of(command: commands.Command) -> http.Response | None:
    if isinstance(command, ReceiveHttp) and isinstance(command.event, ResponseHeaders):
        return command.event.response
    return None
