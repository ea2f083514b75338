"""Take proposed calls out of a streamed answer: the events of a refused call are replaced by events of a text.

An editor is told what became of each call and handed every event from the first held one on; it gives the bytes that go
on. An event that needs no change keeps its bytes. Which call is refused, and why, is not known here.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from typing import Protocol

import orjson

from aisecops.model.errors import WireError
from aisecops.wire import openai_responses
from aisecops.wire.fields import JsonObject, an_object, count, maybe_object, maybe_text, objects
from aisecops.wire.framing import MAX_EVENT_BYTES, StreamEvent, with_data
from aisecops.wire.limits import JsonValue, read_json
from aisecops.wire.llm import Place, ProposedCall
from aisecops.wire.withdraw import TO_CALL, Way, message_id, message_item

type Weighed = Mapping[tuple[Place, ProposedCall], str | None]
"""For each call that became whole: why it is withdrawn, or None when it stays."""


class StreamEditor(Protocol):
    """Changes one stream. Nothing has to be handed to it before the first call is refused."""

    def weighed(self, calls: Weighed) -> None:
        """What became of these calls; before their events are edited."""
        ...

    def edit(self, event: StreamEvent) -> bytes:
        """What goes on in place of `event`; perhaps nothing."""
        ...


class WholeCalls:
    """Events in which calls stand whole: each is changed as a whole answer is, by the `way` of its dialect."""

    def __init__(self, way: Way) -> None:
        self._way = way
        self._told: deque[str | None] = deque()

    def weighed(self, calls: Weighed) -> None:
        self._told = deque(calls.values())  # what came before needed no change, or was changed by now

    def edit(self, event: StreamEvent) -> bytes:
        data = _json(event)
        if data is None:
            return event.raw
        told = tuple(self._told)
        self._way(data, self._words)
        gone = any(why is not None for why in told[: len(told) - len(self._told)])
        return with_data(event, orjson.dumps(data).decode()) if gone else event.raw

    def _words(self) -> str | None:
        if not self._told:
            raise WireError("a proposed call of the stream was not weighed")
        return self._told.popleft()


class OpenAiEditor:
    """Of whichever sort the stream is: the events say it themselves."""

    def __init__(self) -> None:
        self._chat, self._responses = ChatEditor(), ResponseEditor()

    def weighed(self, calls: Weighed) -> None:
        self._chat.weighed(calls)
        self._responses.weighed(calls)

    def edit(self, event: StreamEvent) -> bytes:
        data = _json(event)
        if data is None:
            return event.raw
        of_a_response = maybe_text(data, "type", "").startswith("response.")
        return (self._responses if of_a_response else self._chat).changed(event, data)


class ChatEditor:
    """Chunks of a chat completion: words in place of the first piece of a call, nothing in place of the others.

    The calls that stay are numbered anew, for clients put them together by their number.
    """

    def __init__(self) -> None:
        self._refused: dict[Place, str] = {}
        self._kept: set[Place] = set()
        self._said: set[Place] = set()

    def weighed(self, calls: Weighed) -> None:
        for (place, _), why in calls.items():
            if why is None:
                self._kept.add(place)
            else:
                self._refused[place] = why

    def changed(self, event: StreamEvent, chunk: JsonObject) -> bytes:
        """What goes on in place of `event`, which holds `chunk`."""
        changes = [self._change(choice, at) for at, choice in objects(chunk, "choices", "")]
        return _event(chunk) if any(changes) else event.raw

    def _change(self, choice: JsonObject, at: str) -> bool:
        index = count(choice, "index", at)
        gone = {place for place in self._refused if place[0] == index}
        if not gone:
            return False
        delta, said = maybe_object(choice, "delta", at), ""
        kept: list[JsonValue] = []
        for call_at, call in objects(delta, "tool_calls", f"{at}/delta"):
            place = index, count(call, "index", call_at)
            if place in gone:
                said += self._words(place)
            else:
                kept.append({**call, "index": place[1] - sum(0 <= other[1] < place[1] for other in gone)})
        if "tool_calls" in delta:
            delta["tool_calls"] = kept
            if not kept:
                del delta["tool_calls"]
        if delta.get("function_call") and (index, -1) in gone:
            said += self._words((index, -1))
            del delta["function_call"]
        if said:
            delta["content"] = maybe_text(delta, "content", at) + said
        if choice.get("finish_reason") in TO_CALL and not any(place[0] == index for place in self._kept):
            choice["finish_reason"] = "stop"
        return True

    def _words(self, place: Place) -> str:
        if place in self._said:
            return ""
        self._said.add(place)
        return f"\n\n{self._refused[place]}"


class BlockEditor:
    """Knows which blocks of a message hold a refused call, by index, and whether any call stays."""

    def __init__(self) -> None:
        self._refused: dict[int, str] = {}
        self._kept = False

    def weighed(self, calls: Weighed) -> None:
        for (place, _), why in calls.items():
            if why is None:
                self._kept = True
            else:
                self._refused[place[0]] = why


class MessageEditor(BlockEditor):
    """Events of an Anthropic message: the block of a call becomes a block of text, at the same index.

    `written` makes an event of what it says.
    """

    def __init__(self, written: Callable[[JsonObject], bytes] | None = None) -> None:
        super().__init__()
        self._written = written or _named

    def edit(self, event: StreamEvent) -> bytes:
        data = _json(event)
        if data is None:
            return event.raw
        kind = maybe_text(data, "type", "")
        if kind == "message_delta":
            delta = maybe_object(data, "delta", "")
            last = bool(self._refused) and not self._kept and delta.get("stop_reason") == "tool_use"
            return self._written({**data, "delta": {**delta, "stop_reason": "end_turn"}}) if last else event.raw
        index = count(data, "index", "")
        if index not in self._refused or not kind.startswith("content_block_"):
            return event.raw
        return self._instead(event, kind, index, data)

    def _instead(self, event: StreamEvent, kind: str, index: int, data: JsonObject) -> bytes:
        if kind == "content_block_start":
            return self._written({**data, "content_block": {"type": "text", "text": ""}})
        if kind == "content_block_stop":
            delta: JsonObject = {"type": "text_delta", "text": self._refused[index]}
            return self._written({"type": "content_block_delta", "index": index, "delta": delta}) + event.raw
        return b""


class ResponseEditor:
    """Events of a response: the item of a call becomes a message, at the same index, there and in the last event.

    As there are more or fewer events than there were, all later ones are numbered anew.
    """

    def __init__(self) -> None:
        self._refused: dict[int, str] = {}
        self._calls: dict[tuple[str, str, str], str] = {}
        self._shift = 0

    def weighed(self, calls: Weighed) -> None:
        for (place, call), why in calls.items():
            if why is not None:
                self._refused[place[0]] = why
                self._calls[call.call_id, call.name, call.arguments] = why

    def changed(self, event: StreamEvent, data: JsonObject) -> bytes:
        """What goes on in place of `event`, which holds `data`."""
        kind = maybe_text(data, "type", "")
        index = count(data, "output_index", "") if "output_index" in data else None
        if index is not None and index in self._refused:
            return self._instead(kind, index, data)
        response = maybe_object(data, "response", "")
        if response.get("output"):
            response["output"] = [self._item(item) for _, item in objects(response, "output", "/response")]
        elif not self._shift:
            return event.raw
        return self._numbered(data, data)

    def _item(self, item: JsonObject) -> JsonObject:
        if not openai_responses.is_proposal(item):
            return item
        _, call = openai_responses.read_proposal(item, "")
        why = self._calls.get((call.call_id, call.name, call.arguments))
        return item if why is None else message_item(item, why)

    def _instead(self, kind: str, index: int, data: JsonObject) -> bytes:
        item, why = maybe_object(data, "item", ""), self._refused[index]
        whole = message_item(item, why)
        at: JsonObject = {"item_id": message_id(item), "output_index": index, "content_index": 0}
        part: JsonObject = {"type": "output_text", "text": why, "annotations": [], "logprobs": []}
        match kind:
            case "response.output_item.added":
                begun: JsonObject = {**whole, "status": "in_progress", "content": []}
                events: list[JsonObject] = [
                    {**data, "item": begun},
                    {"type": "response.content_part.added", **at, "part": {**part, "text": ""}},
                ]
            case "response.output_item.done":
                events = [
                    {"type": "response.output_text.delta", **at, "delta": why, "logprobs": []},
                    {"type": "response.output_text.done", **at, "text": why, "logprobs": []},
                    {"type": "response.content_part.done", **at, "part": part},
                    {**data, "item": whole},
                ]
            case _:
                events = []
        said = b""
        for one in events:
            said += self._numbered(one, data)
            self._shift += 1
        self._shift -= 1
        return said

    def _numbered(self, event: JsonObject, instead: JsonObject) -> bytes:
        if "sequence_number" in instead:
            event = {**event, "sequence_number": count(instead, "sequence_number", "") + self._shift}
        return _named(event)


def _json(event: StreamEvent) -> JsonObject | None:
    """The event's object; None for what is none."""
    if event.data is None or event.data.startswith("[DONE]"):
        return None
    return an_object(read_json(event.data.encode(), max_bytes=MAX_EVENT_BYTES), "")


def _event(data: JsonObject) -> bytes:
    return b"data: " + orjson.dumps(data) + b"\n\n"


def _named(data: JsonObject) -> bytes:
    return b"event: " + str(data["type"]).encode() + b"\n" + _event(data)
