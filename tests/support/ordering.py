"""A model that does whatever the last text it was given says: it orders on the account that is named there.

In the bytes of two providers, whole and streamed, written down once more so that the gateway's own readers stay honest.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import orjson

TOOL = "place_order"


def answered(request: bytes, send: Callable[[bytes], None]) -> None:
    """Answer one call of chat completions or messages."""
    head, _, body = request.partition(b"\r\n\r\n")
    asked = orjson.loads(body)
    account = re.findall(r"account ([0-9]+-[0-9]+)", orjson.dumps(asked["messages"][-1]).decode())[-1]
    arguments = orjson.dumps({"account": account}).decode()
    chat = b"/chat/completions" in head.splitlines()[0]
    whole = _completion(arguments) if chat else _message(arguments)
    if not asked.get("stream"):
        _sent(send, "application/json", orjson.dumps(whole))
        return
    _sent(send, "text/event-stream", _chunks(whole) if chat else _events(whole))


def _completion(arguments: str) -> dict[str, Any]:
    call = {"id": "call_1", "type": "function", "function": {"name": TOOL, "arguments": arguments}}
    message = {"role": "assistant", "content": None, "tool_calls": [call]}
    return {
        "id": "c1", "object": "chat.completion", "created": 1, "model": "gpt-4o",
        "choices": [{"index": 0, "message": message, "finish_reason": "tool_calls"}],
        "usage": {"prompt_tokens": 9, "completion_tokens": 9, "total_tokens": 18},
    }  # fmt: skip


def _message(arguments: str) -> dict[str, Any]:
    block = {"type": "tool_use", "id": "toolu_1", "name": TOOL, "input": orjson.loads(arguments)}
    return {
        "id": "m1", "type": "message", "role": "assistant", "model": "claude", "content": [block],
        "stop_reason": "tool_use", "stop_sequence": None, "usage": {"input_tokens": 9, "output_tokens": 9},
    }  # fmt: skip


def _chunks(whole: dict[str, Any]) -> bytes:
    call = {"index": 0, **whole["choices"][0]["message"]["tool_calls"][0]}
    base = {"id": "c1", "object": "chat.completion.chunk", "created": 1, "model": "gpt-4o"}
    deltas: tuple[tuple[dict[str, Any], str | None], ...] = (
        ({"role": "assistant", "tool_calls": [call]}, None),
        ({}, "tool_calls"),
    )
    told = [base | {"choices": [{"index": 0, "delta": delta, "finish_reason": end}]} for delta, end in deltas]
    return b"".join(b"data: " + orjson.dumps(one) + b"\n\n" for one in told) + b"data: [DONE]\n\n"


def _events(whole: dict[str, Any]) -> bytes:
    block = whole["content"][0]
    text = orjson.dumps(block["input"]).decode()
    told: list[dict[str, Any]] = [
        {"type": "message_start", "message": whole | {"content": [], "stop_reason": None}},
        {"type": "content_block_start", "index": 0, "content_block": block | {"input": {}}},
        {"type": "content_block_delta", "index": 0, "delta": {"type": "input_json_delta", "partial_json": text}},
        {"type": "content_block_stop", "index": 0},
        {
            "type": "message_delta",
            "delta": {"stop_reason": "tool_use", "stop_sequence": None},
            "usage": {"output_tokens": 9},
        },
        {"type": "message_stop"},
    ]
    return b"".join(b"event: " + one["type"].encode() + b"\ndata: " + orjson.dumps(one) + b"\n\n" for one in told)


def _sent(send: Callable[[bytes], None], kind: str, body: bytes) -> None:
    send(f"HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body)
