"""Take proposed calls out of an answer of Converse, whole or streamed: the block of a call becomes a block of text."""

from __future__ import annotations

import orjson

from aisecops.wire.aws_frames import frame
from aisecops.wire.bedrock import read_proposal
from aisecops.wire.fields import JsonObject, an_object, count, maybe_object
from aisecops.wire.framing import MAX_EVENT_BYTES, StreamEvent
from aisecops.wire.limits import JsonValue, read_json
from aisecops.wire.withdraw import Words, objects_in
from aisecops.wire.withdraw_stream import BlockEditor

_TO_CALL, _ENDED = "tool_use", "end_turn"


def from_bedrock(answer: JsonObject, words: Words) -> None:
    """The `Way` of Converse."""
    message = maybe_object(maybe_object(answer, "output", ""), "message", "/output")
    blocks: list[JsonValue] = []
    kept = gone = 0
    for block in objects_in(message["content"]):
        use = maybe_object(block, "toolUse", "")
        if not use or read_proposal(use, "").hosted:
            blocks.append(block)
            continue
        why = words()
        kept, gone = kept + (why is None), gone + (why is not None)
        blocks.append(block if why is None else {"text": why})
    message["content"] = blocks
    if gone and not kept and answer.get("stopReason") == _TO_CALL:
        answer["stopReason"] = _ENDED


class ConverseEditor(BlockEditor):
    """Frames of Converse: the pieces of a refused call go, and its block ends with the words in their place."""

    def edit(self, event: StreamEvent) -> bytes:
        if event.data is None or not event.event.startswith(("contentBlock", "messageStop")):
            return event.raw
        data = an_object(read_json(event.data.encode(), max_bytes=MAX_EVENT_BYTES), "")
        if event.event == "messageStop":
            last = bool(self._refused) and not self._kept and data.get("stopReason") == _TO_CALL
            return _event("messageStop", {**data, "stopReason": _ENDED}) if last else event.raw
        index = count(data, "contentBlockIndex", "")
        if index not in self._refused:
            return event.raw
        if event.event != "contentBlockStop":
            return b""
        said: JsonObject = {"contentBlockIndex": index, "delta": {"text": self._refused[index]}}
        return _event("contentBlockDelta", said) + event.raw


def _event(kind: str, data: JsonObject) -> bytes:
    headers = {":event-type": kind, ":content-type": "application/json", ":message-type": "event"}
    return frame(headers, orjson.dumps(data))
