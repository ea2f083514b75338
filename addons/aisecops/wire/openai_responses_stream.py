"""A streamed response, read event by event."""

from __future__ import annotations

from msgspec.structs import replace

from aisecops.model.errors import WireError
from aisecops.model.refusals import Code
from aisecops.wire.assembly import MAX_ANSWER_CHARS, Texts
from aisecops.wire.fields import JsonObject, an_object, count, maybe_object, maybe_text, text
from aisecops.wire.framing import MAX_EVENT_BYTES, StreamEvent
from aisecops.wire.limits import read_json
from aisecops.wire.llm import LlmAnswer, Place, ProposedCall
from aisecops.wire.openai_responses import is_proposal, read_answer, read_proposal

_LAST_EVENTS = frozenset({"response.completed", "response.incomplete", "response.failed"})
_REASONING_DELTAS = frozenset({"response.reasoning_text.delta", "response.reasoning_summary_text.delta"})

_BEGINNINGS = frozenset({"response.created", "response.queued", "response.in_progress"})
_ARGUMENTS = frozenset({"response.function_call_arguments", "response.custom_tool_call_input"})
_SAID = frozenset({"/arguments", "/input"})
"""Where an item has the very text that comes in pieces too."""
NOTHING_YET = "{}"
_AT_THE_END = -1
"""Stands for the place of a call that only the last event tells of."""


class ResponseStream:
    """A streamed response. A call is whole when its item is done; the last event holds the whole response again.

    Clients read a call from whichever event says it, so all of them have to say the same: else WireError.
    """

    def __init__(self) -> None:
        self._open: dict[int, ProposedCall] = {}
        self._grown: dict[int, list[str]] = {}
        self._ids: dict[str, int] = {}
        self._room = MAX_ANSWER_CHARS
        self._whole: dict[tuple[str, str, str], ProposedCall] = {}
        self._places: dict[tuple[str, str, str], Place] = {}
        self._texts = Texts()
        self._last = LlmAnswer(model="", usage=None, complete=False)

    @property
    def pending(self) -> bool:
        return bool(self._open)

    @property
    def proposals(self) -> tuple[ProposedCall, ...]:
        return tuple(self._whole.values())

    @property
    def placed(self) -> tuple[tuple[Place, ProposedCall], ...]:
        own = ((place, self._whole[key]) for key, place in self._places.items())
        return tuple((place, call) for place, call in own if not call.hosted)

    def feed(self, event: StreamEvent) -> None:
        if event.data is None or event.data.startswith("[DONE]"):
            return
        data = an_object(read_json(event.data.encode(), max_bytes=MAX_EVENT_BYTES), "")
        kind = maybe_text(data, "type", "")
        if "choices" in data:
            raise WireError("a stream is a response and a chat completion at once")
        if kind.startswith("response.output_item."):
            self._take_item(kind, count(data, "output_index", ""), maybe_object(data, "item", ""))
        elif kind.rpartition(".")[0] in _ARGUMENTS:
            self._grow(kind, data)
        elif kind.endswith(".delta"):
            self._take_text(kind, data)
        elif kind in _LAST_EVENTS:
            self._last = read_answer(maybe_object(data, "response", ""))
            self._end()
        elif kind in _BEGINNINGS:
            begun = read_answer(maybe_object(data, "response", ""))
            if not all(call.hosted for call in begun.proposals):
                raise WireError("the beginning of a response holds a call, which a stream says item by item")
            self._last = LlmAnswer(model=begun.model, usage=None, complete=False, kept_as=begun.kept_as)
        elif kind == "error":
            self._last = replace(self._last, usage=None, finish="error", complete=False)

    def _take_item(self, kind: str, index: int, item: JsonObject) -> None:
        done = kind == "response.output_item.done"
        self._same_place(maybe_text(item, "id", "/item"), index, begins=True)
        if is_proposal(item):
            place, proposed = read_proposal(item, "/item")
            if done:
                self._agreed(index, proposed)
                self._propose(proposed, index)
            elif not proposed.hosted:
                said = proposed.arguments if place in _SAID and proposed.arguments != NOTHING_YET else ""
                self._open[index] = ProposedCall(name=proposed.name, call_id=proposed.call_id, arguments=said)
        if done:
            self._open.pop(index, None)

    def _grow(self, kind: str, data: JsonObject) -> None:
        """A piece of a call's arguments, or all of them."""
        index, piecewise = count(data, "output_index", ""), kind.endswith(".delta")
        self._same_place(maybe_text(data, "item_id", ""), index)
        if (name := maybe_text(data, "name", "")) and (begun := self._open.get(index)) is not None:
            _agree(name, begun.name)
        piece = text(data, "delta" if piecewise else "arguments" if "arguments" in data else "input", "")
        self._room -= len(piece)
        if self._room < 0:
            raise WireError(f"the streamed answer is over {MAX_ANSWER_CHARS} characters", Code.TOO_LARGE)
        if piecewise:
            self._grown.setdefault(index, []).append(piece)
        else:
            _agree(piece, "".join(self._grown.get(index, ())))
            self._grown[index] = [piece]

    def _same_place(self, item_id: str, index: int, *, begins: bool = False) -> None:
        """Clients go by an item's id or by its place: one id may not be of two places."""
        known = self._ids.setdefault(item_id, index) if begins and item_id else self._ids.get(item_id, index)
        if known != index:
            raise WireError("an item of the stream is at two places")

    def _agreed(self, index: int, whole: ProposedCall) -> None:
        _agree(whole.arguments, "".join(self._grown.pop(index, ())))
        if (begun := self._open.get(index)) is not None:
            _agree(whole.arguments, begun.arguments)
            _agree(whole.name, begun.name)

    def _end(self) -> None:
        last = {call.call_id: call for call in self._last.proposals}
        for index, begun in self._open.items():
            if begun.call_id not in last:
                raise WireError("a proposed call of the stream was begun and never done")
            self._agreed(index, last[begun.call_id])
        for proposed in self._last.proposals:
            self._propose(proposed, _AT_THE_END)
        self._open.clear()

    def _take_text(self, kind: str, data: JsonObject) -> None:
        if kind == "response.output_text.delta":
            self._texts.add(count(data, "output_index", ""), text(data, "delta", ""))
        elif kind == "response.refusal.delta":
            self._texts.add_refusal(text(data, "delta", ""))
        elif kind in _REASONING_DELTAS:
            self._texts.add_reasoning(text(data, "delta", ""))

    def _propose(self, call: ProposedCall, index: int) -> None:
        key = call.call_id, call.name, call.arguments
        self._whole.setdefault(key, call)
        self._places.setdefault(key, (index, len(self._places) if index == _AT_THE_END else 0))

    def answer(self) -> LlmAnswer:
        last = self._last
        return LlmAnswer(
            model=last.model,
            usage=last.usage,
            proposals=self.proposals,
            texts=last.texts or self._texts.whole,
            reasoning_chars=last.reasoning_chars or self._texts.reasoning_chars,
            refusal_chars=last.refusal_chars or self._texts.refusal_chars,
            finish=last.finish,
            complete=last.complete,
            kept_as=last.kept_as,
        )


def _agree(whole: str, before: str) -> None:
    """What was said of a call before it was whole, if anything was, is what it is."""
    if before and whole != before:
        raise WireError("a proposed call is told in two ways within the stream")
