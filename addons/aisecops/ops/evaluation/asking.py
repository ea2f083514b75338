"""A question to a model in its own dialect, and which tools its answer calls.

Knows the dialects as their SDKs speak them. What is asked comes filled in; what models answer is `model_speech.py`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

import orjson

from aisecops.ops.evaluation.line import Heard

_TOKENS = 200
_GEMINI = "/v1beta/models/gemini-2.5-flash"


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
    """How a model is spoken to: which stand-in it is, the path, the headers, the body, the tools that it proposes.

    `streams_at` is the path of a streamed answer where the body does not ask for one.
    """

    role: str
    path: str
    headers: tuple[tuple[str, str], ...]
    body: Callable[[Question], dict[str, Any]]
    proposed: Callable[[dict[str, Any]], Iterator[str]]
    streams_at: str = ""

    def target(self, asked: Question) -> str:
        """The path with its query."""
        return self.streams_at if asked.stream and self.streams_at else self.path


def encoded(dialect: Dialect, asked: Question) -> bytes:
    """The body of a request."""
    streams = {"stream": True} if asked.stream and not dialect.streams_at else {}
    return orjson.dumps(dialect.body(asked) | streams)


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
        body["tools"] = [{"type": "function", "function": _function(asked, "parameters")}]
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
        body["tools"] = [_function(asked, "input_schema")]
    return body


def _responses(asked: Question) -> dict[str, Any]:
    items = _turns(asked)
    for number, result in enumerate(asked.heard):
        link = f"call_{number}"
        items.append({"type": "function_call", "call_id": link, "name": "look", "arguments": "{}"})
        items.append({"type": "function_call_output", "call_id": link, "output": result})
    body: dict[str, Any] = {"model": "gpt-4o", "max_output_tokens": _TOKENS, "input": items}
    if asked.system:
        body["instructions"] = asked.system
    if asked.tool:
        body["tools"] = [{"type": "function", **_function(asked, "parameters")}]
    return body


def _gemini(asked: Question) -> dict[str, Any]:
    roles = {"user": "user", "assistant": "model"}
    contents = [{"role": roles[turn["role"]], "parts": [{"text": turn["content"]}]} for turn in _turns(asked)]
    for result in asked.heard:
        contents.append({"role": "model", "parts": [{"functionCall": {"name": "look", "args": {}}}]})
        told = {"functionResponse": {"name": "look", "response": {"output": result}}}
        contents.append({"role": "user", "parts": [told]})
    body: dict[str, Any] = {"contents": contents, "generationConfig": {"maxOutputTokens": _TOKENS}}
    if asked.system:
        body["systemInstruction"] = {"parts": [{"text": asked.system}]}
    if asked.tool:
        body["tools"] = [{"functionDeclarations": [_function(asked, "parametersJsonSchema")]}]
    return body


def _function(asked: Question, schema: str) -> dict[str, Any]:
    """The tool that is offered; `schema` is what the dialect calls that of its arguments."""
    return {"name": asked.tool, schema: asked.schema}


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


def _responses_calls(said: dict[str, Any]) -> Iterator[str]:
    response = said.get("response") or said
    for item in (*(response.get("output") or ()), said.get("item") or {}):
        if item.get("type") == "function_call":
            yield str(item.get("name"))


def _gemini_calls(said: dict[str, Any]) -> Iterator[str]:
    for candidate in said.get("candidates") or ():
        for part in (candidate.get("content") or {}).get("parts") or ():
            if "functionCall" in part:
                yield str(part["functionCall"].get("name"))


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
    "responses": Dialect(
        "model", "/v1/responses", (("Authorization", "Bearer sk-stand-in"),), _responses, _responses_calls
    ),
    "gemini": Dialect(
        "gemini",
        f"{_GEMINI}:generateContent",
        (("x-goog-api-key", "sk-stand-in"),),
        _gemini,
        _gemini_calls,
        f"{_GEMINI}:streamGenerateContent?alt=sse",
    ),
}

REALTIME = "realtime"
TALK = Dialect(
    "model",
    "/v1/realtime?model=gpt-4o",
    (("Authorization", "Bearer sk-stand-in"),),
    lambda asked: {"type": "session.update", "session": _session(asked)},
    _responses_calls,
)
"""A talk over a WebSocket: `body` opens it, `told_in_talk` is what is said on it."""
SPOKEN = (*DIALECTS, REALTIME)


def told_in_talk(asked: Question) -> Iterator[str]:
    """The events that an agent sends on the WebSocket, the last of which asks for an answer."""
    yield orjson.dumps(TALK.body(asked)).decode()
    for turn in _turns(asked):
        kind = "input_text" if turn["role"] == "user" else "output_text"
        yield _item(type="message", role=turn["role"], content=[{"type": kind, "text": turn["content"]}])
    for number, result in enumerate(asked.heard):
        link = f"call_{number}"
        yield _item(type="function_call", call_id=link, name="look", arguments="{}")
        yield _item(type="function_call_output", call_id=link, output=result)
    yield orjson.dumps({"type": "response.create"}).decode()


def _item(**item: Any) -> str:
    return orjson.dumps({"type": "conversation.item.create", "item": item}).decode()


def _session(asked: Question) -> dict[str, Any]:
    session: dict[str, Any] = {"type": "realtime", "output_modalities": ["text"]}
    if asked.system:
        session["instructions"] = asked.system
    if asked.tool:
        session["tools"] = [{"type": "function", **_function(asked, "parameters")}]
    return session
