"""Which texts of a streamed answer's events are pieces of longer ones, and when those end: in each dialect.

Knows where deltas are. What is done with a text that comes in pieces is not known here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from aisecops.wire.fields import JsonObject
from aisecops.wire.limits import JsonValue

type GrowingPlace = tuple[Any, ...]
"""Names one growing text of one stream."""


class Piece(NamedTuple):
    """The piece of the text at `place` that is `holder[name]`.

    `in_json`: the whole of it is JSON. `more` makes an event that adds to the text and does nothing else.
    """

    place: GrowingPlace
    holder: JsonObject
    name: str
    in_json: bool
    more: Callable[[str], JsonObject]


class Pieces(NamedTuple):
    """The pieces in one event, and whether a text at some place is whole with it."""

    found: list[Piece]
    ends: Callable[[GrowingPlace], bool]


def no_pieces(_event: JsonObject) -> Pieces:
    """Of a stream in which every text is whole."""
    return Pieces([], lambda _: True)


def message_pieces(event: JsonObject) -> Pieces:
    """Of Anthropic's messages: a block ends with its stop."""
    kind, index = event.get("type"), event.get("index")
    found: list[Piece] = []
    delta = event.get("delta")
    if kind == "content_block_delta" and isinstance(delta, dict):
        names = ("text", "thinking", "partial_json")
        found = [_block_piece(index, delta, name) for name in names if isinstance(delta.get(name), str)]
    if kind == "content_block_stop":
        return Pieces(found, lambda place: place[0] == index)
    return Pieces(found, lambda _: kind in {"message_delta", "message_stop"})


def _block_piece(index: JsonValue, delta: JsonObject, name: str) -> Piece:
    sort = delta.get("type")

    def more(text: str) -> JsonObject:
        return {"type": "content_block_delta", "index": index, "delta": {"type": sort, name: text}}

    return Piece((index, name), delta, name, name == "partial_json", more)


def openai_pieces(event: JsonObject) -> Pieces:
    """Of both of OpenAI's ways to answer: the events say which it is."""
    kind = event.get("type")
    return _response_pieces(event, kind) if isinstance(kind, str) else _chat_pieces(event)


def line_pieces(line: JsonObject) -> Pieces:
    """Of Ollama's lines: the last one says that it is done."""
    message = line.get("message")
    holders = [(line, "response"), (line, "thinking")]
    holders += [(message, "content"), (message, "thinking")] if isinstance(message, dict) else []
    found = [_line_piece(line, holder, name) for holder, name in holders if isinstance(holder.get(name), str)]
    return Pieces(found, lambda _: bool(line.get("done")))


def _line_piece(line: JsonObject, holder: JsonObject, name: str) -> Piece:
    like: JsonObject = {key: line[key] for key in ("model", "created_at") if key in line}
    role: JsonObject = {"role": holder["role"]} if "role" in holder else {}

    def more(text: str) -> JsonObject:
        inner: JsonObject = {**role, name: text}
        return {**like, **(inner if holder is line else {"message": inner}), "done": False}

    return Piece((holder is line, name), holder, name, False, more)


def candidate_pieces(chunk: JsonObject) -> Pieces:
    """Of Gemini's chunks: the texts of a candidate end when it says why it finished."""
    candidates = chunk.get("candidates")
    said = [one for one in candidates if isinstance(one, dict)] if isinstance(candidates, list) else []
    found = [piece for one in said for piece in _part_pieces(one)]
    ended = {one.get("index", 0) for one in said if one.get("finishReason") or one.get("finish_reason")}
    return Pieces(found, lambda place: place[0] in ended)


def _part_pieces(candidate: JsonObject) -> Iterator[Piece]:
    index, content = candidate.get("index", 0), candidate.get("content")
    parts = content.get("parts") if isinstance(content, dict) else None
    for part in [one for one in parts if isinstance(one, dict)] if isinstance(parts, list) else []:
        if isinstance(part.get("text"), str):
            thought: JsonObject = {"thought": True} if part.get("thought") else {}

            def more(text: str, thought: JsonObject = thought) -> JsonObject:
                inner: JsonObject = {"role": "model", "parts": [{"text": text, **thought}]}
                return {"candidates": [{"index": index, "content": inner}]}

            yield Piece((index, bool(thought)), part, "text", False, more)


def block_pieces(frame: JsonObject) -> Pieces:
    """Of Converse's frames: a block ends with the one that brings it nothing more."""
    index, delta = frame.get("contentBlockIndex"), frame.get("delta")
    if not isinstance(delta, dict):
        stopped = index is not None and "start" not in frame
        return Pieces([], lambda place: place[0] == index if stopped else "stopReason" in frame)
    inside = [("", delta, "text"), *((name, delta.get(name), end) for name, end in _IN_BLOCKS)]
    found = [
        _in_block(frame, around, holder, name)
        for around, holder, name in inside
        if isinstance(holder, dict) and isinstance(holder.get(name), str)
    ]
    return Pieces(found, lambda _: False)


_IN_BLOCKS = (("toolUse", "input"), ("reasoningContent", "text"))


def _in_block(frame: JsonObject, around: str, holder: JsonObject, name: str) -> Piece:
    def more(text: str) -> JsonObject:
        inner: JsonObject = {name: text}
        return {**frame, "delta": {around: inner} if around else inner}

    return Piece((frame.get("contentBlockIndex"), around, name), holder, name, around == "toolUse", more)


_AT_THE_END = frozenset({"response.completed", "response.incomplete", "response.failed", "error"})
_WHERE = ("item_id", "output_index", "content_index", "summary_index")


def _response_pieces(event: JsonObject, kind: str) -> Pieces:
    """A text ends when its `.done` comes, at the latest with its item."""
    name, _, last = kind.rpartition(".")
    place = (name, *(event.get(part) for part in _WHERE))
    found: list[Piece] = []
    if last == "delta" and isinstance(event.get("delta"), str):
        like = dict(event)
        found.append(Piece(place, event, "delta", name.endswith("arguments"), lambda text: {**like, "delta": text}))
    if kind == "response.output_item.done":
        return Pieces(found, lambda at: at[2] == event.get("output_index"))
    return Pieces(found, lambda at: kind in _AT_THE_END or (last == "done" and at == place))


def talk_pieces(event: JsonObject) -> Pieces:
    """Of a talk with a realtime model: a text ends when it is done, at the latest with its item or its answer."""
    kind = event.get("type")
    name, _, last = kind.rpartition(".") if isinstance(kind, str) else ("", "", "")
    place = (name, *(event.get(part) for part in ("response_id", *_WHERE)))
    found: list[Piece] = []
    if last == "delta" and isinstance(event.get("delta"), str):
        like: JsonObject = {**event, **({"event_id": f"{event['event_id']}_rest"} if "event_id" in event else {})}
        found.append(Piece(place, event, "delta", name.endswith("arguments"), lambda text: {**like, "delta": text}))
    if kind == "response.output_item.done":
        return Pieces(found, lambda at: (at[1], at[3]) == (event.get("response_id"), event.get("output_index")))
    if kind == "response.done":
        answer = event.get("response")
        return Pieces(found, lambda at: isinstance(answer, dict) and at[1] == answer.get("id"))
    return Pieces(found, lambda at: last in {"done", "completed", "failed"} and at == place)


def _chat_pieces(event: JsonObject) -> Pieces:
    """A text ends when its choice says why it finished."""
    choices = event.get("choices")
    chosen = [choice for choice in choices if isinstance(choice, dict)] if isinstance(choices, list) else []
    like: JsonObject = {name: event[name] for name in ("id", "object", "created", "model") if name in event}
    found = [piece for choice in chosen for piece in _choice_pieces(like, choice)]
    ended = {choice.get("index", 0) for choice in chosen if choice.get("finish_reason")}
    return Pieces(found, lambda place: place[0] in ended)


def _choice_pieces(like: JsonObject, choice: JsonObject) -> Iterator[Piece]:
    index, delta = choice.get("index", 0), choice.get("delta")
    if not isinstance(delta, dict):
        return

    def piece(holder: JsonObject, name: str, at: GrowingPlace, around: Callable[[JsonObject], JsonObject]) -> Piece:
        def more(text: str) -> JsonObject:
            grown: JsonObject = {"index": index, "delta": around({name: text}), "finish_reason": None}
            return {**like, "choices": [grown]}

        return Piece((index, *at, name), holder, name, name == "arguments", more)

    for name in ("content", "refusal", "reasoning_content", "reasoning"):
        if isinstance(delta.get(name), str):
            yield piece(delta, name, (), lambda inner: inner)
    function = delta.get("function_call")
    if isinstance(function, dict) and isinstance(function.get("arguments"), str):
        yield piece(function, "arguments", (), lambda inner: {"function_call": inner})
    calls = delta.get("tool_calls")
    for call in [one for one in calls if isinstance(one, dict)] if isinstance(calls, list) else []:
        for holder, name in (("function", "arguments"), ("custom", "input")):
            inside = call.get(holder)
            if isinstance(inside, dict) and isinstance(inside.get(name), str):
                at = call.get("index", 0)
                yield piece(inside, name, (at,), _in_call(at, holder))


def _in_call(at: JsonValue, holder: str) -> Callable[[JsonObject], JsonObject]:
    return lambda inner: {"tool_calls": [{"index": at, holder: inner}]}
