"""Watching a stream of an MCP server: its messages pass as they come, and are known again as the JSON they are.

One that answers a batch begins with the errors of what of it was refused.
"""

from __future__ import annotations

from aisecops.gateway.watch import StreamWatch
from aisecops.model.errors import WireError
from aisecops.model.exchange import HttpResponse
from aisecops.model.outcome import Refuse
from aisecops.wire.framing import StreamEvent
from aisecops.wire.limits import JsonBounds
from aisecops.wire.mcp import MessageId, MessageKind, lists_tools
from aisecops.wire.mcp_batch import pieces_of
from aisecops.wire.mcp_problem import mcp_events
from aisecops.wire.restore import Meanings


class McpWatch(StreamWatch):
    """A tap on one stream in which the messages `awaited` are to be answered; none, for a server's own stream."""

    def __init__(self, *, status: int, awaited: tuple[MessageId, ...], restores: Meanings | None = None) -> None:
        super().__init__(status=status, dialect=None, restores=restores)
        self._awaited = awaited

    def _read(self, event: StreamEvent) -> None:
        if event.data and lists_tools(event.data):
            # the answer to the request for one is held until its tools were compared (`servers.py`)
            raise WireError("a list of tools came in a stream that is not the answer to the request for it")
        super()._read(event)

    @property
    def said(self) -> list[bytes]:
        """The data of each event that passed."""
        return [text.encode("utf-8", "surrogatepass") for text in self._texts if text]

    @property
    def content(self) -> HttpResponse:
        """What the stream said, as one JSON array of its messages."""
        body = b"[" + b",".join(self.said) + b"]"
        return HttpResponse(status=self.status, headers=(("Content-Type", "application/json"),), body=body)

    def refusal(self, refuse: Refuse) -> bytes:
        """The end of a stream that is cut: an error for each message that waits, or a notice to the client."""
        return mcp_events(refuse, self._awaited)


class BatchWatch(McpWatch):
    """A tap on the stream that answers what of a batch was forwarded; `first` goes before it, for `refused` ids."""

    def __init__(
        self,
        *,
        status: int,
        awaited: tuple[MessageId, ...],
        refused: frozenset[str],
        first: bytes,
        restores: Meanings | None = None,
    ) -> None:
        super().__init__(status=status, awaited=awaited, restores=restores)
        self._refused = refused
        self._first = first

    def feed(self, data: bytes) -> list[bytes]:
        return [*self._opening(), *super().feed(data)]

    def end(self) -> list[bytes]:
        return [*self._opening(), *super().end()]

    def refusal(self, refuse: Refuse) -> bytes:
        return b"".join(self._opening()) + super().refusal(refuse)

    def _opening(self) -> list[bytes]:
        first, self._first = self._first, b""
        return [first] if first else []

    def _read(self, event: StreamEvent) -> None:
        if event.data and self._refused:
            try:
                pieces = pieces_of(event.data.encode("utf-8", "surrogatepass"), bounds=JsonBounds())
            except WireError:
                pieces = []  # no message, so no answer to anything
            if any(one.message.kind is MessageKind.RESPONSE and str(one.message.id) in self._refused for one in pieces):
                raise WireError("the server answers a call of the batch that never reached it")
        super()._read(event)
