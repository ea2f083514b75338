"""Calls that a realtime model proposes over its WebSocket: held until they are whole, and taken out when refused.

Knows the server's events about items and answers. Everything of a call waits from its first event on until its item is
done; everything else passes. A refused call becomes a message of the model's that says why, under the same id, and the
model is told in the place of the call's output. Judges nothing.
"""

from __future__ import annotations

from collections.abc import Mapping

import orjson

from aisecops.model.errors import WireError
from aisecops.model.refusals import Code
from aisecops.wire.fields import JsonObject, maybe_object, maybe_text, objects
from aisecops.wire.llm import ProposedCall
from aisecops.wire.openai_responses import is_proposal, read_proposal

MAX_HELD_BYTES = 16 * 1024 * 1024
"""What may be held back of one channel until its calls are whole."""
MAX_SETTLED = 1_000
"""Calls of one channel that are remembered as weighed; an older one that is told again is weighed again."""

_MADE = frozenset({"response.output_item.done", "response.done"})
"""The events that say that a call was made; others tell of it before, or again."""

_UNNAMED = "-"
"""Stands for the id of an item that has none: what waits under it waits for one that has none either."""

type Key = tuple[str, str, str]
"""A call as it was weighed: id, name and arguments."""


class RealtimeCalls:
    """The calls of one channel."""

    def __init__(self) -> None:
        self._held: dict[str, list[tuple[bytes, JsonObject]]] = {}
        self._held_bytes = 0
        self._settled: dict[Key, str | None] = {}
        self._told: set[str] = set()
        self._theirs: dict[str, None] = {}

    def said(self, event: JsonObject) -> None:
        """The client tells of a call itself: its echo is no call of the model's. Raises WireError."""
        for item in _proposals_in(event):
            self._theirs[maybe_text(item, "call_id", "/item")] = None
        while len(self._theirs) > MAX_SETTLED:
            del self._theirs[next(iter(self._theirs))]

    def unweighed(self, event: JsonObject) -> list[ProposedCall]:
        """The calls that `event` says the model has made, and that nobody has weighed yet. Raises WireError."""
        if event.get("type") not in _MADE:
            return []
        calls = [read_proposal(item, "/item")[1] for item in _proposals_in(event)]
        # without an id, one call cannot be told from the next that says the same
        return [call for call in calls if not call.hosted and (not call.call_id or _key(call) not in self._settled)]

    def weighed(self, calls: Mapping[Key, str | None]) -> None:
        """What became of them: the words in place of each, or None when it stays."""
        self._settled |= calls
        while len(self._settled) > MAX_SETTLED:
            del self._settled[next(iter(self._settled))]

    def passed(self, raw: bytes, event: JsonObject) -> list[bytes]:
        """What goes on to the client after `raw`, which is `event` and whose whole calls were weighed.

        Raises WireError, `too_large` when too much waits.
        """
        name = _item_of(event)
        if self._waits(event) or (name in self._held and event.get("type") != "response.output_item.done"):
            self._held.setdefault(name or _UNNAMED, []).append((raw, event))
            self._held_bytes += len(raw)
            if self._held_bytes > MAX_HELD_BYTES:
                raise WireError(f"proposed calls of over {MAX_HELD_BYTES} bytes wait", Code.TOO_LARGE)
            return []
        before = self._held.pop(name, []) if name else []
        self._held_bytes -= sum(len(one) for one, _ in before)
        why = self._why(maybe_object(event, "item", "")) if name else None
        if name and why is not None:
            return [piece for _, one in (*before, (raw, event)) for piece in _instead(one, name, why)]
        for told in _proposals_in(event):  # of those an answer holds, nothing more comes
            gone = self._held.pop(maybe_text(told, "id", ""), [])
            self._held_bytes -= sum(len(one) for one, _ in gone)
        return [*(one for one, _ in before), self._without(raw, event)]

    def back(self, event: JsonObject) -> list[bytes]:
        """What the model is told of the calls of `event` that were refused: each once, as the call's output."""
        said: list[bytes] = []
        for item in _proposals_in(event) if event.get("type") in _MADE else ():
            link, why = maybe_text(item, "call_id", ""), self._why(item)
            if why is not None and link and link not in self._told:
                self._told.add(link)
                output: JsonObject = {"type": "function_call_output", "call_id": link, "output": why}
                said.append(orjson.dumps({"type": "conversation.item.create", "item": output}))
        return said

    def _waits(self, event: JsonObject) -> bool:
        """True for an event that tells of a call of the model's before anybody has weighed it."""
        kind = maybe_text(event, "type", "")
        if kind.startswith("response.function_call_arguments."):
            return True
        if kind in _MADE:
            return False
        calls = [read_proposal(item, "/item")[1] for item in _proposals_in(event)]
        return any(
            not call.hosted and _key(call) not in self._settled and call.call_id not in self._theirs for call in calls
        )

    def _why(self, item: JsonObject) -> str | None:
        return self._settled.get(_key(read_proposal(item, "/item")[1])) if is_proposal(item) else None

    def _without(self, raw: bytes, event: JsonObject) -> bytes:
        """An event that tells of whole items, without the refused calls."""
        response = maybe_object(event, "response", "")
        told = [item for _, item in objects(response, "output", "/response")]
        if all(self._why(item) is None for item in told):
            item = maybe_object(event, "item", "")
            why = self._why(item) if item else None
            return raw if why is None else orjson.dumps({**event, "item": _message(item, why)})
        output = [item if (why := self._why(item)) is None else _message(item, why) for item in told]
        return orjson.dumps({**event, "response": {**response, "output": output}})


def _key(call: ProposedCall) -> Key:
    return call.call_id, call.name, call.arguments


def _proposals_in(event: JsonObject) -> list[JsonObject]:
    item = maybe_object(event, "item", "")
    told = [one for _, one in objects(maybe_object(event, "response", ""), "output", "/response")]
    return [one for one in (item, *told) if is_proposal(one)]


def _item_of(event: JsonObject) -> str:
    """The id of the one item that `event` is about; empty for all others."""
    item = maybe_object(event, "item", "")
    if is_proposal(item):
        call = read_proposal(item, "/item")[1]
        return "" if call.hosted else maybe_text(item, "id", "/item") or call.call_id or _UNNAMED
    return maybe_text(event, "item_id", "") or maybe_text(event, "call_id", "")


def _message(item: JsonObject, why: str) -> JsonObject:
    kept: JsonObject = {name: item[name] for name in ("id", "object") if name in item}
    content: JsonObject = {"type": "output_text", "text": why}
    return {**kept, "type": "message", "status": "completed", "role": "assistant", "content": [content]}


def _instead(event: JsonObject, name: str, why: str) -> list[bytes]:
    """What goes on in place of an event about a refused call."""
    kind, item = maybe_text(event, "type", ""), maybe_object(event, "item", "")
    whole = _message({"id": name, "object": "realtime.item", **item}, why)
    at: JsonObject = {
        **{field: event[field] for field in ("response_id", "output_index") if field in event},
        "item_id": name,
        "content_index": 0,
    }
    part: JsonObject = {"type": "text", "text": why}
    match kind:
        case "response.output_item.added":
            events: list[JsonObject] = [
                {**event, "item": {**whole, "status": "in_progress", "content": []}},
                {"type": "response.content_part.added", **at, "part": {**part, "text": ""}},
            ]
        case "response.output_item.done":
            events = [
                {"type": "response.output_text.delta", **at, "delta": why},
                {"type": "response.output_text.done", **at, "text": why},
                {"type": "response.content_part.done", **at, "part": part},
                {**event, "item": whole},
            ]
        case _ if item:
            events = [{**event, "item": whole}]
        case _:
            events = []
    of = maybe_text(event, "event_id", "") or "event"
    return [orjson.dumps({"event_id": f"{of}_{number}", **one}) for number, one in enumerate(events)]
