"""A streamed answer of Ollama's, read line by line."""

from __future__ import annotations

from aisecops.wire.assembly import AnswerInPieces
from aisecops.wire.fields import an_object
from aisecops.wire.framing import MAX_EVENT_BYTES, StreamEvent
from aisecops.wire.limits import read_json
from aisecops.wire.ollama import read_answer


class OllamaStream(AnswerInPieces):
    """A streamed answer. A call comes whole, in one line."""

    def feed(self, event: StreamEvent) -> None:
        if event.data is None:
            return
        line = an_object(read_json(event.data.encode(), max_bytes=MAX_EVENT_BYTES), "")
        if line.get("error") is not None:
            self._finish = "error"
        said = read_answer(line)
        self._model = said.model or self._model
        self._finish = said.finish or self._finish
        self._usage = said.usage or self._usage
        for text in said.texts:
            self._texts.add(0, text)
        self._texts.reasoning_chars += said.reasoning_chars
        for call in said.proposals:
            self._calls.add(0, call)
        self._done = self._done or said.complete
