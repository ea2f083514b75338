"""Take proposed calls out of an answer of Ollama's, or a line of one; their words stand in the message's text."""

from __future__ import annotations

from aisecops.wire.fields import JsonObject, maybe_text
from aisecops.wire.limits import JsonValue
from aisecops.wire.withdraw import Words, objects_in


def from_ollama(answer: JsonObject, words: Words) -> None:
    """The `Way` of Ollama's chat."""
    message = answer.get("message")
    if not isinstance(message, dict) or not message.get("tool_calls"):
        return
    kept: list[JsonValue] = []
    said: list[str] = []
    for call in objects_in(message["tool_calls"]):
        why = words()
        if why is None:
            kept.append(call)
        else:
            said.append(why)
    if not said:
        return
    before = [content] if (content := maybe_text(message, "content", "/message")) else []
    message["content"] = "\n\n".join([*before, *said])
    if kept:
        message["tool_calls"] = kept
    else:
        del message["tool_calls"]
