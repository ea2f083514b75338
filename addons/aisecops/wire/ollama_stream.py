"""A streamed answer of Ollama's, read line by line."""

from __future__ import annotations

from aisecops.wire.assembly import Texts
from aisecops.wire.fields import an_object
from aisecops.wire.framing import MAX_EVENT_BYTES, StreamEvent
from aisecops.wire.limits import read_json
from aisecops.wire.llm import LlmAnswer, Place, ProposedCall, Usage
from aisecops.wire.ollama import read_answer


class OllamaStream:
    """A streamed answer. A call comes whole, in one line."""

    def __init__(self) -> None:
        self._model = self._finish = ""
        self._usage: Usage | None = None
        self._texts = Texts()
        self._calls: list[ProposedCall] = []
        self._done = False

    @property
    def pending(self) -> bool:
        return False

    @property
    def proposals(self) -> tuple[ProposedCall, ...]:
        return tuple(self._calls)

    @property
    def placed(self) -> tuple[tuple[Place, ProposedCall], ...]:
        return tuple(((0, index), call) for index, call in enumerate(self._calls))

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
        self._calls += said.proposals
        self._done = self._done or said.complete

    def answer(self) -> LlmAnswer:
        return LlmAnswer(
            model=self._model,
            usage=self._usage,
            proposals=self.proposals,
            texts=self._texts.whole,
            reasoning_chars=self._texts.reasoning_chars,
            finish=self._finish,
            complete=self._done,
        )
