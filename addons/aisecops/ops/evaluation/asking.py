"""A question to a model in its own dialect, and which tools its answer calls.

Knows two dialects, as their SDKs speak them. What is asked comes filled in.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

import orjson

from aisecops.ops.evaluation.line import Heard

_TOKENS = 200


class Question(NamedTuple):
    """What is asked. `before` are turns of the user and the model; `heard` are results of a tool `look`."""

    user: str
    system: str = ""
    before: Sequence[str] = ()
    heard: Sequence[str] = ()
    tool: str = ""
    schema: Any = None
    stream: bool = False


class Dialect(NamedTuple):
    """How a model is spoken to: which stand-in it is, the path, the headers, the body, the tools that it proposes."""

    role: str
    path: str
    headers: tuple[tuple[str, str], ...]
    body: Callable[[Question], dict[str, Any]]
    proposed: Callable[[dict[str, Any]], Iterator[str]]


def encoded(dialect: Dialect, asked: Question) -> bytes:
    """The body of a request."""
    return orjson.dumps(dialect.body(asked) | ({"stream": True} if asked.stream else {}))


def proposals(dialect: Dialect, heard: Heard) -> set[str]:
    """The tools that an answer calls, whole or streamed."""
    streamed = "event-stream" in heard.headers.get("content-type", "")
    pieces = [line.removeprefix("data: ") for line in heard.text.splitlines()] if streamed else [heard.text]
    return {name for piece in pieces if isinstance(said := _json(piece), dict) for name in dialect.proposed(said)}


def _openai(asked: Question) -> dict[str, Any]:
    messages: list[dict[str, Any]] = [{"role": "system", "content": asked.system}] if asked.system else []
    messages += _turns(asked)
    for number, result in enumerate(asked.heard):
        call = {"id": f"call_{number}", "type": "function", "function": {"name": "look", "arguments": "{}"}}
        messages.append({"role": "assistant", "content": None, "tool_calls": [call]})
        messages.append({"role": "tool", "tool_call_id": call["id"], "content": result})
    body: dict[str, Any] = {"model": "gpt-4o", "max_tokens": _TOKENS, "messages": messages}
    if asked.tool:
        body["tools"] = [{"type": "function", "function": {"name": asked.tool, "parameters": asked.schema}}]
    return body


def _anthropic(asked: Question) -> dict[str, Any]:
    messages = _turns(asked)
    for number, result in enumerate(asked.heard):
        use = {"type": "tool_use", "id": f"toolu_{number}", "name": "look", "input": {}}
        messages.append({"role": "assistant", "content": [use]})
        told = {"type": "tool_result", "tool_use_id": use["id"], "content": result}
        messages.append({"role": "user", "content": [told]})
    body: dict[str, Any] = {"model": "claude-sonnet-4", "max_tokens": _TOKENS, "messages": messages}
    if asked.system:
        body["system"] = asked.system
    if asked.tool:
        body["tools"] = [{"name": asked.tool, "input_schema": asked.schema}]
    return body


def _turns(asked: Question) -> list[dict[str, Any]]:
    before = [{"role": ("user", "assistant")[number % 2], "content": said} for number, said in enumerate(asked.before)]
    return [*before, {"role": "user", "content": asked.user}]


def _openai_calls(said: dict[str, Any]) -> Iterator[str]:
    for choice in said.get("choices", ()):
        told = choice.get("message") or choice.get("delta") or {}
        names = (call.get("function", {}).get("name") for call in told.get("tool_calls") or ())
        yield from (str(name) for name in names if name)  # a stream says it once


def _anthropic_calls(said: dict[str, Any]) -> Iterator[str]:
    for block in (*said.get("content", ()), said.get("content_block") or {}):
        if isinstance(block, dict) and block.get("type") == "tool_use":
            yield str(block.get("name"))


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return None


DIALECTS: dict[str, Dialect] = {
    "openai": Dialect(
        "model", "/v1/chat/completions", (("Authorization", "Bearer sk-stand-in"),), _openai, _openai_calls
    ),
    "anthropic": Dialect(
        "claude",
        "/v1/messages",
        (("x-api-key", "sk-stand-in"), ("anthropic-version", "2023-06-01")),
        _anthropic,
        _anthropic_calls,
    ),
}
