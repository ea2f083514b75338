"""A streamed message, read event by event."""

from __future__ import annotations

from aisecops.model.errors import WireError
from aisecops.wire.anthropic import is_proposal, read_proposal, read_usage
from aisecops.wire.assembly import AnswerInPieces
from aisecops.wire.fields import JsonObject, an_object, count, maybe_object, maybe_text, objects, text
from aisecops.wire.framing import MAX_EVENT_BYTES, StreamEvent
from aisecops.wire.limits import read_json
from aisecops.wire.llm import ProposedCall

NO_INPUT = "{}"
_IN_A_FRAME = ""
"""The name of an event that came in one of Bedrock's frames, where it has none."""


class MessageStream(AnswerInPieces):
    """A streamed message. A call is whole when its block stops."""

    def __init__(self) -> None:
        super().__init__()
        self._of_provider: set[int] = set()
        self._begun: dict[int, ProposedCall] = {}
        self._blocks = 0

    def feed(self, event: StreamEvent) -> None:
        if event.data is None:
            return
        data = an_object(read_json(event.data.encode(), max_bytes=MAX_EVENT_BYTES), "")
        match _kind(event, data):
            case "message_start":
                message = maybe_object(data, "message", "")
                self._model = maybe_text(message, "model", "/message")
                if objects(message, "content", "/message"):
                    raise WireError("the start of a message holds a block, which a stream says one by one")
                self._usage = read_usage(maybe_object(message, "usage", "/message"), self._usage)
            case "content_block_start":
                self._begin(count(data, "index", ""), maybe_object(data, "content_block", ""))
            case "content_block_delta":
                self._add(count(data, "index", ""), maybe_object(data, "delta", ""))
            case "content_block_stop":
                self._stop(count(data, "index", ""))
            case "message_delta":
                self._finish = maybe_text(maybe_object(data, "delta", ""), "stop_reason", "/delta") or self._finish
                self._usage = read_usage(maybe_object(data, "usage", ""), self._usage)
            case "message_stop":
                self._done = True
            case "error":
                self._finish = "error"

    def _begin(self, index: int, block: JsonObject) -> None:
        # clients put a block behind the last, whatever its number, and add to one by its number, or to the last
        if index != self._blocks or self._begun:
            raise WireError("the blocks of the stream are not told one after the other")
        self._blocks += 1
        if is_proposal(block):
            call = read_proposal(block, "/content_block")
            if call.hosted:
                self._hosted.append(call)
                self._of_provider.add(index)
            else:
                self._begun[index] = call
                self._calls.grow(index, 0, call_id=call.call_id, name=call.name)
        elif block.get("type") == "text":
            self._texts.add(index, maybe_text(block, "text", "/content_block"))

    def _add(self, index: int, delta: JsonObject) -> None:
        match maybe_text(delta, "type", "/delta"):
            case "text_delta":
                self._texts.add(index, text(delta, "text", "/delta"))
            case "thinking_delta":
                self._texts.add_reasoning(text(delta, "thinking", "/delta"))
            case "input_json_delta" if index in self._begun:
                piece = text(delta, "partial_json", "/delta")
                if piece and self._begun[index].arguments != NO_INPUT:
                    raise WireError("a proposed call has an input at its start, and another in pieces")
                self._calls.grow(index, 0, arguments=piece)
            case "input_json_delta" if index not in self._of_provider:
                raise WireError("a piece of a proposed call stands outside of it")

    def _stop(self, index: int) -> None:
        begun = self._begun.pop(index, None)
        if begun is None:
            return
        if not self._calls.grown(index, 0):  # nothing came after the start: it held the whole input
            self._calls.grow(index, 0, arguments=begun.arguments)
        self._calls.close(index)


def _kind(event: StreamEvent, data: JsonObject) -> str:
    """What an event says. Raises WireError where its name is another: clients skip events by their names."""
    kind = maybe_text(data, "type", "")
    if event.event not in {kind, _IN_A_FRAME}:
        raise WireError("an event of the stream has another name than what it says")
    return kind
