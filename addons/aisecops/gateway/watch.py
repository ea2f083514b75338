"""Watching one streamed answer as it passes: whole events at a time, nothing delayed that is whole."""

from __future__ import annotations

from aisecops.model.errors import WireError
from aisecops.model.exchange import HttpResponse
from aisecops.model.outcome import Refuse
from aisecops.wire.dialects import stream_reader
from aisecops.wire.llm import LlmAnswer, StreamReader
from aisecops.wire.problem import sse_error, sse_problem
from aisecops.wire.sse import SseReader

MAX_TEXT = 4_000_000
"""Characters of a tool's stream that are kept until its end."""


class StreamWatch:
    """A tap on one server-sent stream; `dialect` None passes events on without reading them.

    What cannot be read as an event is not passed on: reading raises, and the adapter cuts the stream.
    """

    def __init__(self, *, status: int, dialect: str | None) -> None:
        self.status = status
        self.size = 0
        self._dialect = dialect
        self._parser = SseReader()
        self._reader: StreamReader | None = stream_reader(dialect) if dialect else None
        self._texts: list[str] = []
        self._kept = 0

    def feed(self, data: bytes) -> list[bytes]:
        """The raw bytes of every event that `data` completed. Raises `WireError`."""
        self.size += len(data)
        passed: list[bytes] = []
        for event in self._parser.feed(data):
            if self._reader is not None:
                self._reader.feed(event)
            elif event.data is not None and self._kept < MAX_TEXT:
                self._texts.append(event.data)
                self._kept += len(event.data)
            passed.append(event.raw)
        return passed

    @property
    def content(self) -> HttpResponse | None:
        """What a tool's stream said, as one answer, to be known again; None for a model's."""
        if self._reader is not None:
            return None
        body = "\n".join(self._texts).encode("utf-8", "surrogatepass")
        return HttpResponse(status=self.status, headers=(("Content-Type", "text/plain"),), body=body)

    def end(self) -> list[bytes]:
        """What became whole by the end; an event that never did is dropped, as clients do."""
        return [event.raw for event in self._parser.end()]

    def refusal(self, refuse: Refuse) -> bytes:
        """The event that ends the stream: in the provider's own form, or with a problem document."""
        return sse_error(refuse, self._dialect) if self._dialect else sse_problem(refuse)

    def answer(self) -> LlmAnswer | None:
        """What the stream said, as far as it came."""
        if self._reader is None:
            return None
        try:
            return self._reader.answer()
        except WireError:
            return None
