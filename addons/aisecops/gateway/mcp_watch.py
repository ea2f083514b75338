"""Watching a stream of an MCP server: its messages pass as they come, and are known again as the JSON they are."""

from __future__ import annotations

from aisecops.gateway.watch import StreamWatch
from aisecops.model.errors import WireError
from aisecops.model.exchange import HttpResponse
from aisecops.model.outcome import Refuse
from aisecops.wire.framing import StreamEvent
from aisecops.wire.mcp import MessageId, lists_tools
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
    def content(self) -> HttpResponse:
        """What the stream said, as one JSON array of its messages."""
        body = f"[{','.join(text for text in self._texts if text)}]".encode("utf-8", "surrogatepass")
        return HttpResponse(status=self.status, headers=(("Content-Type", "application/json"),), body=body)

    def refusal(self, refuse: Refuse) -> bytes:
        """The end of a stream that is cut: an error for each message that waits, or a notice to the client."""
        return mcp_events(refuse, self._awaited)
