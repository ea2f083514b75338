"""A streamed chat completion, read chunk by chunk."""

from __future__ import annotations

from aisecops.model.errors import WireError
from aisecops.wire.assembly import AnswerInPieces
from aisecops.wire.fields import JsonObject, an_object, count, maybe_object, maybe_text, objects
from aisecops.wire.framing import MAX_EVENT_BYTES, StreamEvent
from aisecops.wire.limits import read_json
from aisecops.wire.openai_chat import is_custom, read_usage, reasoning_in


class ChatStream(AnswerInPieces):
    """A streamed chat completion. Calls are whole when their choice says why it finished."""

    def __init__(self) -> None:
        super().__init__()
        self._begun: dict[int, list[int]] = {}

    def feed(self, event: StreamEvent) -> None:
        if event.data is None:
            return
        if event.data.startswith("[DONE]"):
            self._done = True
            self._calls.close_all()
            return
        chunk = an_object(read_json(event.data.encode(), max_bytes=MAX_EVENT_BYTES), "")
        if maybe_text(chunk, "type", "").startswith("response."):
            raise WireError("a stream is a chat completion and a response at once")
        if chunk.get("error") is not None:
            self._finish = "error"
        self._model = maybe_text(chunk, "model", "") or self._model
        self._usage = read_usage(maybe_object(chunk, "usage", "")) or self._usage
        for at, choice in objects(chunk, "choices", ""):
            self._take(choice, at)

    def _take(self, choice: JsonObject, at: str) -> None:
        index = count(choice, "index", at)
        delta, place = maybe_object(choice, "delta", at), f"{at}/delta"
        self._texts.add(index, maybe_text(delta, "content", place) + maybe_text(choice, "text", at))
        self._texts.add_refusal(maybe_text(delta, "refusal", place))
        self._texts.add_reasoning(reasoning_in(delta, place))
        for call_at, call in objects(delta, "tool_calls", place):
            self._grow(index, self._placed_at(index, count(call, "index", call_at)), call, call_at)
        if function := maybe_object(delta, "function_call", place):
            self._grow(index, -1, {"function": function}, place)
        whole = maybe_object(choice, "message", at)
        if whole.get("tool_calls") or whole.get("function_call"):
            raise WireError(f"{at}/message has calls, which a stream says piece by piece")
        if finish := maybe_text(choice, "finish_reason", at):
            self._finish = self._finish or finish
            self._calls.close(index)

    def _placed_at(self, choice: int, index: int) -> int:
        """`index`, at which a call begins or goes on. Raises WireError where it is another place to some clients.

        Some take the call at that place in the order in which calls began, whatever their numbers are.
        """
        begun = self._begun.setdefault(choice, [])
        if index not in begun:
            if begun and index < begun[-1]:
                raise WireError("the proposed calls of the stream are not in order")
            begun.append(index)
        elif index != begun[-1] and begun.index(index) != index:
            raise WireError("the proposed calls of the stream are not numbered from 0")
        return index

    def _grow(self, choice: int, index: int, call: JsonObject, at: str) -> None:
        custom = is_custom(call, at)
        inner = maybe_object(call, "custom" if custom else "function", at)
        self._calls.grow(
            choice,
            index,
            call_id=maybe_text(call, "id", at),
            name=maybe_text(inner, "name", at),
            arguments=maybe_text(inner, "input" if custom else "arguments", at),
        )
