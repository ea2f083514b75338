"""A streamed response, read event by event."""

from __future__ import annotations

from aisecops.wire.assembly import Texts
from aisecops.wire.fields import JsonObject, an_object, count, maybe_object, maybe_text, text
from aisecops.wire.framing import MAX_EVENT_BYTES, StreamEvent
from aisecops.wire.limits import read_json
from aisecops.wire.llm import LlmAnswer, Place, ProposedCall
from aisecops.wire.openai_responses import is_proposal, read_answer, read_proposal

_LAST_EVENTS = frozenset({"response.completed", "response.incomplete", "response.failed"})
_REASONING_DELTAS = frozenset({"response.reasoning_text.delta", "response.reasoning_summary_text.delta"})

_AT_THE_END = -1
"""Stands for the place of a call that only the last event tells of."""


class ResponseStream:
    """A streamed response. A call is whole when its item is done; the last event holds the whole response again."""

    def __init__(self) -> None:
        self._open: set[int] = set()
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
        if kind.startswith("response.output_item."):
            self._take_item(kind, count(data, "output_index", ""), maybe_object(data, "item", ""))
        elif kind.endswith(".delta"):
            self._take_text(kind, data)
        elif kind in _LAST_EVENTS:
            self._last = read_answer(maybe_object(data, "response", ""))
            for proposed in self._last.proposals:
                self._propose(proposed, _AT_THE_END)
            self._open.clear()
        elif kind == "response.created":
            model = maybe_text(maybe_object(data, "response", ""), "model", "/response")
            self._last = LlmAnswer(model=model, usage=None, complete=False)
        elif kind == "error":
            self._last = LlmAnswer(model=self._last.model, usage=None, finish="error", complete=False)

    def _take_item(self, kind: str, index: int, item: JsonObject) -> None:
        done = kind == "response.output_item.done"
        if is_proposal(item):
            _, proposed = read_proposal(item, "/item")
            if done:
                self._propose(proposed, index)
            elif not proposed.hosted:
                self._open.add(index)
        if done:
            self._open.discard(index)

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
        )
