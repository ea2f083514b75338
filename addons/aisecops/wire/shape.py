"""What has the shape of a call to a model, whoever it is sent to: by where it goes and by what stands in it.

Knows the outlines of the dialects and no more; what has one is read by its dialect, or not at all. A call that hides
behind a rule for something else is so a call all the same.
"""

from __future__ import annotations

import re

from aisecops.wire.dialects import read_call
from aisecops.wire.fields import JsonObject
from aisecops.wire.limits import JsonValue
from aisecops.wire.llm import LlmCall

_OWN_PATHS = re.compile(r"/(chat/completions|[^/]+:(generateContent|streamGenerateContent)|converse(-stream)?)\Z")
"""Paths that belong to calls and to nothing else; others are also names of other things."""
_SPEAKERS = frozenset({"system", "developer", "user", "assistant", "model", "tool", "function"})
_OF_ANTHROPIC = frozenset({"tool_use", "tool_result", "thinking", "document", "image"})
_OF_BEDROCK = frozenset({"text", "image", "document", "toolUse", "toolResult"})
_OF_RESPONSES = frozenset({"instructions", "previous_response_id", "max_output_tokens", "tools", "conversation"})
_OF_COMPLETIONS = frozenset({"max_tokens", "temperature", "top_p", "stop", "stream", "logprobs", "echo", "best_of"})
_OF_OLLAMA = frozenset({"options", "template", "raw", "keep_alive", "system", "context", "num_predict"})


def call_in(path: str, body: JsonValue) -> LlmCall | None:
    """The call that a request of any method to `path` makes by its shape; None for what has none.

    Raises WireError for what has the shape of a call and cannot be read as one.
    """
    if not isinstance(body, dict):
        return None
    outline = _outline(body)
    if outline is None and _OWN_PATHS.search(path.rstrip("/")) is None:
        return None
    by_path = read_call("openai", "POST", path, body)
    if outline is None or (by_path is not None and by_path.segments):
        return by_path
    streams = "/stream" in path.lower() or ":stream" in path.lower() or path.endswith("-stream")
    return read_call("openai", "POST", _STREAMED.get(outline, outline) if streams else outline, body)


_CHAT, _RESPONSES, _COMPLETIONS, _MESSAGES = "/chat/completions", "/responses", "/completions", "/messages"
_GENERATE, _CONVERSE, _PROMPT, _OLLAMA = "/models/-:generateContent", "/model/-/converse", "/api/generate", "/api/chat"
_STREAMED = {_GENERATE: "/models/-:streamGenerateContent", _CONVERSE: "/model/-/converse-stream"}


def _outline(body: JsonObject) -> str | None:
    """The path that a body of this shape would go to at its own provider."""
    if _are_turns(body.get("contents"), "parts"):
        return _GENERATE
    if _are_turns(body.get("messages"), "role"):
        return _of_messages(body)
    if _is_input(body):
        return _RESPONSES
    prompt = body.get("prompt")
    if isinstance(prompt, str) or (isinstance(prompt, list) and prompt):
        if body.keys() & _OF_OLLAMA:
            return _PROMPT
        return _COMPLETIONS if body.keys() & _OF_COMPLETIONS else None
    return None


def _are_turns(value: JsonValue, needed: str) -> bool:
    """True where a turn of a conversation stands in a list, or in the place of one."""
    turns = [value] if isinstance(value, dict) else value
    return isinstance(turns, list) and any(
        isinstance(turn, dict) and needed in turn and (turn.get("role") is None or _word(turn, "role") in _SPEAKERS)
        for turn in turns
    )


def _word(holder: JsonObject, name: str) -> str:
    value = holder.get(name)
    return value if isinstance(value, str) else ""


def _of_messages(body: JsonObject) -> str:
    messages = body.get("messages")
    turns = [turn for turn in messages if isinstance(turn, dict)] if isinstance(messages, list) else []
    blocks = [block for turn in turns for block in _blocks(turn)]
    if "inferenceConfig" in body or "toolConfig" in body or any(_is_bare(block) for block in blocks):
        return _CONVERSE
    if "system" in body or any(_word(block, "type") in _OF_ANTHROPIC for block in blocks):
        return _MESSAGES
    if any("images" in turn or "tool_name" in turn for turn in turns) or body.keys() & (_OF_OLLAMA - {"system"}):
        return _OLLAMA
    return _CHAT


def _blocks(turn: JsonObject) -> list[JsonObject]:
    content = turn.get("content")
    return [block for block in content if isinstance(block, dict)] if isinstance(content, list) else []


def _is_bare(block: JsonObject) -> bool:
    return "type" not in block and bool(block.keys() & _OF_BEDROCK)


def _is_input(body: JsonObject) -> bool:
    said = body.get("input")
    if isinstance(said, str):
        return bool(body.keys() & _OF_RESPONSES)
    return isinstance(said, list) and any(
        isinstance(item, dict) and (_word(item, "role") in _SPEAKERS or "call_id" in item) for item in said
    )
