"""A streamed answer of Converse, read frame by frame."""

from __future__ import annotations

from msgspec.structs import replace

from aisecops.model.errors import WireError
from aisecops.wire.assembly import AnswerInPieces
from aisecops.wire.bedrock import read_proposal, read_usage
from aisecops.wire.fields import JsonObject, an_object, as_json, count, maybe_object, maybe_text, text
from aisecops.wire.framing import MAX_EVENT_BYTES, StreamEvent
from aisecops.wire.limits import read_json
from aisecops.wire.llm import LlmAnswer


class ConverseStream(AnswerInPieces):
    """A streamed answer. A call is whole when its block stops."""

    def __init__(self) -> None:
        super().__init__()
        self._open: set[int] = set()
        self._of_provider: set[int] = set()

    def feed(self, event: StreamEvent) -> None:
        if event.event in {"exception", "error"}:
            self._finish = "error"
            return
        if event.data is None:
            return
        data = an_object(read_json(event.data.encode(), max_bytes=MAX_EVENT_BYTES), "")
        match event.event:
            case "contentBlockStart":
                self._begin(count(data, "contentBlockIndex", ""), maybe_object(data, "start", ""))
            case "contentBlockDelta":
                self._add(count(data, "contentBlockIndex", ""), maybe_object(data, "delta", ""))
            case "contentBlockStop":
                self._stop(count(data, "contentBlockIndex", ""))
            case "messageStop":
                self._finish = maybe_text(data, "stopReason", "")
            case "metadata":
                self._usage = read_usage(maybe_object(data, "usage", ""))
                self._done = True

    def _begin(self, index: int, start: JsonObject) -> None:
        use = maybe_object(start, "toolUse", "/start")
        if not use:
            return
        if self._open:
            raise WireError("a block of the stream begins within a call")  # clients add what comes to the last
        call = read_proposal(use, "/start/toolUse")
        if call.hosted:
            self._hosted.append(call)
            self._of_provider.add(index)
        else:
            self._calls.grow(index, 0, call_id=call.call_id, name=call.name)
            self._open.add(index)

    def _add(self, index: int, delta: JsonObject) -> None:
        if use := maybe_object(delta, "toolUse", "/delta"):
            self._grow(index, text(use, "input", "/delta/toolUse"))
        self._texts.add(index, maybe_text(delta, "text", "/delta"))
        if "reasoningContent" in delta:
            self._texts.add_reasoning(as_json(delta["reasoningContent"]))

    def _grow(self, index: int, piece: str) -> None:
        if index in self._open:
            self._calls.grow(index, 0, arguments=piece)
        elif index not in self._of_provider:
            raise WireError("a piece of a proposed call stands outside of it")

    def _stop(self, index: int) -> None:
        self._open.discard(index)
        self._calls.close(index)

    def answer(self) -> LlmAnswer:
        said = super().answer()
        return replace(said, texts=tuple(text for text in said.texts if text))
