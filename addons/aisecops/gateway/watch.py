"""Watching one streamed answer as it passes: whole events at a time, nothing delayed that is whole.

A proposed call is held from its first event on until it is whole and was weighed; what a tool says, until it is known
again. An answer to a request that gives a
schema for it is held as a whole: text that breaks the schema cannot be taken back once the agent has it. While it is
held, a comment for each piece that comes keeps the line open.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping

from aisecops.model.errors import WireError
from aisecops.model.exchange import HttpResponse
from aisecops.model.outcome import Refuse
from aisecops.model.provenance import Origin
from aisecops.model.refusals import Code
from aisecops.wire.dialects import event_restorer, stream_editor, stream_reader
from aisecops.wire.framing import Framing, StreamEvent
from aisecops.wire.llm import LlmAnswer, Place, ProposedCall, StreamReader
from aisecops.wire.problem import error_document, sse_problem
from aisecops.wire.restore import Meanings
from aisecops.wire.sse import SseReader
from aisecops.wire.withdraw_stream import StreamEditor

MAX_TEXT = 4_000_000
"""Characters of a tool's stream that are kept until its end."""
MAX_HELD_BYTES = 16 * 1024 * 1024
"""What may be held back of one stream until a call, or an answer with a schema, is whole."""
_STILL_THERE = b":\n\n"
"""A comment, which readers of events pass over."""
_STILL_THERE_FOR = {"gemini": b"\n"}
"""Google's own client takes every line without `data: ` for an error of the server's, but for an empty one."""


class StreamWatch:
    """A tap on one streamed answer; `dialect` None passes events on without reading them.

    `framing` cuts it into events; `judged`: proposed calls must be weighed. `shaped`: so must the answer as a whole.
    `origin` is where what a tool's stream says came from, as its first words are known; None before.
    `restores`: what in it stands for real values; it is put back before anything else is done.

    What cannot be read as an event is not passed on: reading raises, and the adapter cuts the stream with a refusal.
    """

    def __init__(
        self,
        *,
        status: int,
        dialect: str | None,
        judged: bool = False,
        shaped: bool = False,
        framing: Framing | None = None,
        restores: Meanings | None = None,
    ) -> None:
        self.status = status
        self.size = 0
        self.refused: Code | None = None
        self.origin: Origin | None = None
        self._dialect = dialect
        self._framing = framing or SseReader()
        self._begun = False
        self._reader: StreamReader | None = stream_reader(dialect) if dialect else None
        self._texts: list[str] = []
        self._unknown: list[str] = []
        self._kept = 0
        self._editor: StreamEditor | None = stream_editor(dialect) if dialect and judged else None
        self._shaped = shaped and self._editor is not None
        self._edits = False
        self._restorer = event_restorer(dialect, restores) if restores is not None else None
        self._coming: deque[StreamEvent] = deque()
        self._held: list[StreamEvent] = []
        self._held_bytes = 0
        self._waiting: tuple[tuple[Place, ProposedCall], ...] = ()
        self._whole: LlmAnswer | None = None
        self._seen = 0
        self._told: set[Place] = set()

    def feed(self, data: bytes) -> list[bytes]:
        """What may be passed on of the events that `data` completed. Raises `WireError`."""
        self.size += len(data)
        self._take(self._framing.feed(data))
        passed = self._going(self._passed())
        if passed or not (self._shaped and isinstance(self._framing, SseReader)):
            return passed
        return [_STILL_THERE_FOR.get(self._dialect or "", _STILL_THERE)]

    @property
    def waiting(self) -> tuple[ProposedCall | LlmAnswer | str, ...]:
        """What holds everything after it back: calls until they are weighed, and the whole answer if it does.

        Of a tool's stream what it says, until it is known again.
        """
        return self.unknown or self.unweighed

    @property
    def unknown(self) -> tuple[str, ...]:
        """What a tool has said and nobody knows again."""
        return tuple(self._unknown)

    def known(self) -> list[bytes]:
        """What a tool has said is known again, and goes on."""
        held, self._held, self._unknown = self._held, [], []
        return self._going([event.raw for event in held])

    @property
    def unweighed(self) -> tuple[ProposedCall | LlmAnswer, ...]:
        """The calls that wait, and the whole answer if it does."""
        calls = tuple(call for _, call in self._waiting)
        return calls if self._whole is None else (*calls, self._whole)

    def weighed(self, refused: Mapping[int, str]) -> list[bytes]:
        """What waits was weighed, and `refused` has the words in place of the calls that go. Raises `WireError`."""
        if self._editor is not None:
            self._editor.weighed({placed: refused.get(number) for number, placed in enumerate(self._waiting)})
        self._edits = self._edits or bool(refused)
        self._waiting = ()
        self._whole = None
        return self._going(self._released() + self._passed())

    def _going(self, pieces: list[bytes]) -> list[bytes]:
        self._begun = self._begun or any(pieces)
        return pieces

    def stopped(self, refuse: Refuse) -> list[bytes]:
        """Nothing that is held passes: the stream ends with `refuse`."""
        self.refused, self._waiting, self._whole, self._held = refuse.code, (), None, []
        return [self.refusal(refuse)]

    def _take(self, events: Iterable[StreamEvent]) -> None:
        for event in events:
            self._coming += [event] if self._restorer is None else self._restorer.restored(event)

    def _passed(self) -> list[bytes]:
        """Take what has come, up to the first call that must be weighed."""
        passed: list[bytes] = []
        while self._coming and not self.unweighed:
            event = self._coming.popleft()
            self._read(event)
            if self._reader is None:
                passed += self._held_until_known(event)
            else:
                passed += [event.raw] if self._editor is None else self._held_back(event)
        return passed

    def _held_until_known(self, event: StreamEvent) -> list[bytes]:
        if event.data is not None and event.data.strip():
            self._unknown.append(event.data)
        if not self._unknown:
            return [event.raw]
        self._held.append(event)
        return []

    def _read(self, event: StreamEvent) -> None:
        """Read or keep what is about to pass. Raises `WireError` for what must not."""
        if self._reader is not None:
            self._reader.feed(event)
        elif event.data is not None and self._kept < MAX_TEXT:
            self._texts.append(event.data)
            self._kept += len(event.data)

    def _held_back(self, event: StreamEvent) -> list[bytes]:
        """What goes on after `event`: itself at once, or nothing as long as a call is not whole."""
        if event.data is None and not self._held:
            return [event.raw]  # it only keeps the line open
        reader = self._reader
        fresh = reader.placed[self._seen :] if reader else ()
        self._held.append(event)
        self._held_bytes += len(event.raw)
        if self._held_bytes > MAX_HELD_BYTES:
            raise WireError(f"a proposed call of the stream is over {MAX_HELD_BYTES} bytes", Code.TOO_LARGE)
        if self._shaped or (reader and reader.pending):
            return []
        if fresh:
            self._wait_for(fresh)
            return []
        return self._released()

    def _wait_for(self, fresh: tuple[tuple[Place, ProposedCall], ...]) -> None:
        self._told_once(fresh)
        self._waiting = fresh
        self._seen += len(fresh)

    def _told_once(self, fresh: tuple[tuple[Place, ProposedCall], ...]) -> None:
        """A call that goes on growing after it was whole would be put together to another one than was weighed."""
        places = {place for place, _ in fresh}
        if len(places) != len(fresh) or not self._told.isdisjoint(places):
            raise WireError("a proposed call of the stream is told twice, and not alike")
        self._told |= places

    def _released(self) -> list[bytes]:
        held, self._held, self._held_bytes = self._held, [], 0
        if not self._edits or self._editor is None:
            return [event.raw for event in held]
        return [self._editor.edit(event) for event in held]

    @property
    def content(self) -> HttpResponse:
        """What the stream said, as one answer, to be known again where a tool said it."""
        answer = self.answer()
        body = "\n".join(self._texts if answer is None else answer.texts).encode("utf-8", "surrogatepass")
        return HttpResponse(status=self.status, headers=(("Content-Type", "text/plain"),), body=body)

    as_it_came = False  # calls may be withdrawn from it
    has_words = True

    def end(self) -> list[bytes]:
        """What became whole by the end; an event that never did is dropped, as clients do."""
        self._take(self._framing.end())
        if self._restorer is not None:
            self._coming += self._restorer.end()
        passed = self._passed()
        if self._shaped and self._reader is not None and not self._reader.pending:
            self._wait_for(self._reader.placed)
            self._whole = self._reader.answer()
        return passed

    def refusal(self, refuse: Refuse) -> bytes:
        """The event that ends the stream: in the provider's own form, or with a problem document."""
        if self._dialect is None:
            return sse_problem(refuse)
        return self._framing.closing(error_document(refuse, self._dialect), begun=self._begun)

    def answer(self) -> LlmAnswer | None:
        """What the stream said, as far as it came."""
        if self._reader is None:
            return None
        try:
            return self._reader.answer()
        except WireError:
            return None
