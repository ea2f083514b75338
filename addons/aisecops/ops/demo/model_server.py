"""A model provider's stand-in: OpenAI's chat completions and Anthropic's messages, whole and streamed.

Knows just enough of both protocols to satisfy the official client libraries. Written without the gateway's own
readers, so that each keeps the other honest.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from aisecops.ops.demo.script import Conversation, Script, Turn, counted, next_turn

_PIECE_CHARS = 12


def model_server(script: Script) -> Starlette:
    """The application; `script` may be changed while it runs."""

    async def chat(request: Request) -> Response:
        if not request.headers.get("authorization"):
            return _error(401, {"error": {"type": "invalid_request_error", "message": "no API key", "code": None}})
        body = await request.json()
        conversation = _conversation(body["messages"])
        turn = next_turn(script, conversation)
        if body.get("stream"):
            asked = (body.get("stream_options") or {}).get("include_usage")
            return _events(_chat_chunks(body["model"], conversation, turn, with_usage=bool(asked)))
        return JSONResponse(_chat_answer(body["model"], conversation, turn))

    async def messages(request: Request) -> Response:
        if not {"x-api-key", "authorization"} & set(request.headers):  # newer clients send the latter
            error = {"type": "authentication_error", "message": "no API key"}
            return _error(401, {"type": "error", "error": error})
        body = await request.json()
        conversation = _conversation(body["messages"], system=body.get("system"))
        turn = next_turn(script, conversation)
        if body.get("stream"):
            return _events(_message_events(body["model"], conversation, turn))
        return JSONResponse(_message(body["model"], conversation, turn))

    async def count_tokens(request: Request) -> Response:
        body = await request.json()
        conversation = _conversation(body["messages"], system=body.get("system"))
        return JSONResponse({"input_tokens": counted(conversation.everything)})

    async def models(_request: Request) -> Response:
        return JSONResponse({"object": "list", "data": [{"id": "gpt-4o", "object": "model", "owned_by": "demo"}]})

    return Starlette(
        routes=[
            Route("/v1/chat/completions", chat, methods=["POST"]),
            Route("/v1/messages", messages, methods=["POST"]),
            Route("/v1/messages/count_tokens", count_tokens, methods=["POST"]),
            Route("/v1/models", models),
        ]
    )


def _error(status: int, body: dict[str, Any]) -> Response:
    return JSONResponse(body, status_code=status)


def _conversation(messages: list[dict[str, Any]], *, system: Any = None) -> Conversation:
    """Both protocols alike: a message of the user's own words starts anew, what follows is turns and tool results."""
    user = result = ""
    turns = 0
    for message in messages:
        if message["role"] == "assistant":
            turns += 1
        elif message["role"] == "tool":
            result = _words(message["content"])
        elif message["role"] == "user":
            results = [block for block in _blocks(message) if block.get("type") == "tool_result"]
            if results:
                result = _words(results[-1].get("content"))
            else:
                user, turns, result = _words(message["content"]), 0, ""
    everything = _words(system) + "".join(json.dumps(message, ensure_ascii=False) for message in messages)
    return Conversation(user=user, turns=turns, tool_result=result, everything=everything)


def _blocks(message: dict[str, Any]) -> list[dict[str, Any]]:
    content = message["content"]
    return content if isinstance(content, list) else []


def _words(content: Any) -> str:
    if isinstance(content, list):
        return "".join(block.get("text", "") for block in content)
    return content or ""


def _weight(turn: Turn) -> int:
    return counted(turn.text) + sum(counted(call.name + json.dumps(call.arguments)) for call in turn.calls)


def _call_id(prefix: str, conversation: Conversation, index: int) -> str:
    return f"{prefix}_{conversation.turns}_{index}"


def _pieces(text: str) -> Iterator[str]:
    for start in range(0, len(text), _PIECE_CHARS):
        yield text[start : start + _PIECE_CHARS]


def _events(chunks: Iterator[tuple[str, dict[str, Any] | str]]) -> Response:
    async def stream() -> Any:
        for name, chunk in chunks:
            data = chunk if isinstance(chunk, str) else json.dumps(chunk, ensure_ascii=False)
            yield (f"event: {name}\n" if name else "") + f"data: {data}\n\n"

    return StreamingResponse(stream(), media_type="text/event-stream")


# Chat completions


def _chat_usage(conversation: Conversation, turn: Turn) -> dict[str, int]:
    prompt, answer = counted(conversation.everything), _weight(turn)
    return {"prompt_tokens": prompt, "completion_tokens": answer, "total_tokens": prompt + answer}


def _chat_finish(turn: Turn) -> str:
    return "tool_calls" if turn.calls else "stop"


def _chat_answer(model: str, conversation: Conversation, turn: Turn) -> dict[str, Any]:
    message: dict[str, Any] = {"role": "assistant", "content": turn.text or None, "refusal": None}
    if turn.calls:
        message["tool_calls"] = [
            {
                "id": _call_id("call", conversation, index),
                "type": "function",
                "function": {"name": call.name, "arguments": json.dumps(call.arguments)},
            }
            for index, call in enumerate(turn.calls)
        ]
    return {
        "id": "chatcmpl-demo",
        "object": "chat.completion",
        "created": 0,
        "model": model,
        "choices": [{"index": 0, "message": message, "finish_reason": _chat_finish(turn), "logprobs": None}],
        "usage": _chat_usage(conversation, turn),
    }


def _chat_chunks(
    model: str, conversation: Conversation, turn: Turn, *, with_usage: bool
) -> Iterator[tuple[str, dict[str, Any] | str]]:
    def chunk(delta: dict[str, Any], finish: str | None = None) -> tuple[str, dict[str, Any]]:
        choices = [{"index": 0, "delta": delta, "finish_reason": finish, "logprobs": None}]
        return "", {**head, "choices": choices}

    head = {"id": "chatcmpl-demo", "object": "chat.completion.chunk", "created": 0, "model": model}
    yield chunk({"role": "assistant", "content": ""})
    for piece in _pieces(turn.text):
        yield chunk({"content": piece})
    for index, call in enumerate(turn.calls):
        function: dict[str, Any] = {"name": call.name, "arguments": ""}
        started = {"index": index, "id": _call_id("call", conversation, index), "type": "function"}
        yield chunk({"tool_calls": [{**started, "function": function}]})
        for piece in _pieces(json.dumps(call.arguments)):
            yield chunk({"tool_calls": [{"index": index, "function": {"arguments": piece}}]})
    yield chunk({}, _chat_finish(turn))
    if with_usage:
        yield "", {**head, "choices": [], "usage": _chat_usage(conversation, turn)}
    yield "", "[DONE]"


# Messages


def _message(model: str, conversation: Conversation, turn: Turn) -> dict[str, Any]:
    content: list[dict[str, Any]] = [{"type": "text", "text": turn.text}] if turn.text else []
    content += [
        {"type": "tool_use", "id": _call_id("toolu", conversation, index), "name": call.name, "input": call.arguments}
        for index, call in enumerate(turn.calls)
    ]
    return {
        "id": "msg_demo",
        "type": "message",
        "role": "assistant",
        "model": model,
        "content": content,
        "stop_reason": "tool_use" if turn.calls else "end_turn",
        "stop_sequence": None,
        "usage": {"input_tokens": counted(conversation.everything), "output_tokens": _weight(turn)},
    }


def _message_events(model: str, conversation: Conversation, turn: Turn) -> Iterator[tuple[str, dict[str, Any] | str]]:
    def event(name: str, **facts: Any) -> tuple[str, dict[str, Any]]:
        return name, {"type": name, **facts}

    whole = _message(model, conversation, turn)
    begun = {**whole["usage"], "output_tokens": 1}
    yield event("message_start", message={**whole, "content": [], "stop_reason": None, "usage": begun})
    yield event("ping")
    for index, block in enumerate(whole["content"]):
        if block["type"] == "text":
            yield event("content_block_start", index=index, content_block={"type": "text", "text": ""})
            deltas = [{"type": "text_delta", "text": piece} for piece in _pieces(block["text"])]
        else:
            yield event("content_block_start", index=index, content_block={**block, "input": {}})
            pieces = _pieces(json.dumps(block["input"]))
            deltas = [{"type": "input_json_delta", "partial_json": piece} for piece in pieces]
        for delta in deltas:
            yield event("content_block_delta", index=index, delta=delta)
        yield event("content_block_stop", index=index)
    ended = {"stop_reason": whole["stop_reason"], "stop_sequence": None}
    yield event("message_delta", delta=ended, usage={"output_tokens": whole["usage"]["output_tokens"]})
    yield event("message_stop")
