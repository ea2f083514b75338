"""A streamed answer of Gemini's, read chunk by chunk: each is an answer of its own, with what is new."""

from __future__ import annotations

from aisecops.wire.assembly import Texts
from aisecops.wire.fields import an_object
from aisecops.wire.framing import MAX_EVENT_BYTES, StreamEvent
from aisecops.wire.gemini import calls_in, candidates_in, read_answer, text_in
from aisecops.wire.limits import read_json
from aisecops.wire.llm import LlmAnswer, Place, ProposedCall, Usage


class GeminiStream:
    """A streamed answer. A call comes whole, in one chunk."""

    def __init__(self) -> None:
        self._model = self._finish = ""
        self._usage: Usage | None = None
        self._texts = Texts()
        self._placed: list[tuple[Place, ProposedCall]] = []
        self._done = False

    @property
    def pending(self) -> bool:
        return False

    @property
    def proposals(self) -> tuple[ProposedCall, ...]:
        return tuple(call for _, call in self._placed)

    @property
    def placed(self) -> tuple[tuple[Place, ProposedCall], ...]:
        return tuple(self._placed)

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
                self._placed.append(((index, len(self._placed)), call))

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
