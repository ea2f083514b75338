"""A streamed answer of Gemini's, read chunk by chunk: each is an answer of its own, with what is new."""

from __future__ import annotations

from aisecops.wire.assembly import AnswerInPieces
from aisecops.wire.fields import an_object
from aisecops.wire.framing import MAX_EVENT_BYTES, StreamEvent
from aisecops.wire.gemini import calls_in, candidates_in, read_answer, text_in
from aisecops.wire.limits import read_json


class GeminiStream(AnswerInPieces):
    """A streamed answer. A call comes whole, in one chunk."""

    def feed(self, event: StreamEvent) -> None:
        if event.data is None:
            return
        chunk = an_object(read_json(event.data.encode(), max_bytes=MAX_EVENT_BYTES), "")
        if chunk.get("error") is not None:
            self._finish = "error"
        said = read_answer(chunk)
        self._model = said.model or self._model
        self._usage = said.usage or self._usage
        self._texts.reasoning_chars += said.reasoning_chars
        if said.finish:
            self._finish, self._done = said.finish, True
        for index, _, parts in candidates_in(chunk):
            self._texts.add(index, text_in(parts, thought=False))
            for call in calls_in(parts):
                self._calls.add(index, call)
