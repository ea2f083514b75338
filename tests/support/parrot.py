"""A model for tests that says what it was told: calls a tool with the addresses it read, then repeats them.

Speaks chat completions, responses and messages, whole or streamed in pieces of a few characters. Everything it was sent
is in `heard`, so that a test can see what a provider would have seen.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import orjson

Send = Callable[[bytes], None]
_MAIL = re.compile(r"[A-Za-z0-9._-]+@[A-Za-z0-9.-]*[A-Za-z0-9]")
_CARD = re.compile(r"\d{4} \d{4} \d{4} \d{4}")
PIECE = 3
TOOL = "send_email"


class Parrot:
    """Answers like a model. `says` makes its last words of the addresses and cards that it read."""

    def __init__(self) -> None:
        self.heard: list[dict[str, Any]] = []
        self.says: Callable[[list[str], list[str]], str] = lambda mails, cards: f"told {' '.join(mails + cards)}, well."

    def __call__(self, request: bytes, send: Send) -> None:
        head, _, body = request.partition(b"\r\n\r\n")
        asked = orjson.loads(body)
        self.heard.append(asked)
        text = body.decode()
        mails = list(dict.fromkeys(_MAIL.findall(text)))
        cards = list(dict.fromkeys(_CARD.findall(text)))
        calls = bool(asked.get("tools")) and not any(
            word in text for word in ("tool_call_id", "_output", "tool_use_id")
        )
        arguments = orjson.dumps({"to": mails[0] if mails else "", "text": f'Dear "{" ".join(mails)}"'}).decode()
        words = self.says(mails, cards)
        path = head.split(b" ", 2)[1]
        speak = chat if path.endswith(b"completions") else responses if path.endswith(b"responses") else message
        whole, events = speak(arguments if calls else "", words)
        if not asked.get("stream"):
            data = orjson.dumps(whole)
            send(_head("application/json") + b"Content-Length: %d\r\n\r\n" % len(data) + data)
            return
        send(_head("text/event-stream") + b"Transfer-Encoding: chunked\r\n\r\n")
        for event in events:
            send(b"%x\r\n%s\r\n" % (len(event), event))
        send(b"0\r\n\r\n")


def _head(kind: str) -> bytes:
    return f"HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\n".encode()


def _pieces(text: str) -> list[str]:
    return [text[at : at + PIECE] for at in range(0, len(text), PIECE)]


def _event(data: dict[str, Any]) -> bytes:
    name = f"event: {data['type']}\n" if "type" in data else ""
    return name.encode() + b"data: " + orjson.dumps(data) + b"\n\n"


def chat(arguments: str, words: str) -> tuple[dict[str, Any], list[bytes]]:
    like = {"id": "c1", "created": 1, "model": "gpt-4o"}
    usage = {"prompt_tokens": 9, "completion_tokens": 9, "total_tokens": 18}
    call = {"id": "call_1", "type": "function", "function": {"name": TOOL, "arguments": arguments}}
    spoken = {"content": None, "tool_calls": [call]} if arguments else {"content": words}
    finish = "tool_calls" if arguments else "stop"
    choice = {"index": 0, "message": {"role": "assistant", **spoken}, "finish_reason": finish}

    def chunk(delta: dict[str, Any], finish: str | None = None) -> bytes:
        chunked = [{"index": 0, "delta": delta, "finish_reason": finish}]
        return _event({**like, "object": "chat.completion.chunk", "choices": chunked})

    begun = {**call, "index": 0, "function": {"name": TOOL, "arguments": ""}}
    events = [chunk({"role": "assistant", "content": ""} | ({"tool_calls": [begun]} if arguments else {}))]
    if arguments:
        events += [chunk({"tool_calls": [{"index": 0, "function": {"arguments": p}}]}) for p in _pieces(arguments)]
    else:
        events += [chunk({"content": piece}) for piece in _pieces(words)]
    last = _event({**like, "object": "chat.completion.chunk", "choices": [], "usage": usage})
    whole = {**like, "object": "chat.completion", "choices": [choice], "usage": usage}
    return whole, [*events, chunk({}, finish), last, b"data: [DONE]\n\n"]


def message(arguments: str, words: str) -> tuple[dict[str, Any], list[bytes]]:
    tool = {"type": "tool_use", "id": "toolu_1", "name": TOOL}
    block = {**tool, "input": orjson.loads(arguments)} if arguments else {"type": "text", "text": words}
    stop = "tool_use" if arguments else "end_turn"
    usage = {"input_tokens": 9, "output_tokens": 9}
    like = {"id": "msg_1", "type": "message", "role": "assistant", "model": "claude", "stop_sequence": None}
    whole = {**like, "content": [block], "stop_reason": stop, "usage": usage}
    empty = {**tool, "input": {}} if arguments else {"type": "text", "text": ""}
    sort, name = ("input_json_delta", "partial_json") if arguments else ("text_delta", "text")
    deltas = [{"type": sort, name: piece} for piece in _pieces(arguments or words)]
    events = [
        {"type": "message_start", "message": {**like, "content": [], "stop_reason": None, "usage": usage}},
        {"type": "content_block_start", "index": 0, "content_block": empty},
        *({"type": "content_block_delta", "index": 0, "delta": delta} for delta in deltas),
        {"type": "content_block_stop", "index": 0},
        {"type": "message_delta", "delta": {"stop_reason": stop, "stop_sequence": None}, "usage": {"output_tokens": 9}},
        {"type": "message_stop"},
    ]
    return whole, [_event(event) for event in events]


def responses(arguments: str, words: str) -> tuple[dict[str, Any], list[bytes]]:
    like = {"id": "resp_1", "object": "response", "created_at": 1, "model": "gpt-4o", "parallel_tool_calls": True,
            "tool_choice": "auto", "tools": []}  # fmt: skip
    usage = {"input_tokens": 9, "output_tokens": 9, "total_tokens": 18, "input_tokens_details": {"cached_tokens": 0},
             "output_tokens_details": {"reasoning_tokens": 0}}  # fmt: skip
    at = {"output_index": 0, "item_id": "it_1"}
    part = {"type": "output_text", "text": words, "annotations": []}
    if arguments:
        item = {"type": "function_call", "id": "it_1", "call_id": "call_1", "name": TOOL, "arguments": arguments}
        begun = {**item, "arguments": "", "status": "in_progress"}
        name, last = "response.function_call_arguments", {"name": TOOL, "arguments": arguments}
        inside: list[dict[str, Any]] = []
    else:
        item = {"type": "message", "id": "it_1", "role": "assistant", "content": [part]}
        begun = {**item, "content": [], "status": "in_progress"}
        at["content_index"] = 0
        name, last = "response.output_text", {"text": words, "logprobs": []}
        inside = [{"type": "response.content_part.added", **at, "part": {**part, "text": ""}}]
    item["status"] = "completed"
    whole = {**like, "status": "completed", "output": [item], "usage": usage}
    more = {} if arguments else {"logprobs": []}
    events = [
        {"type": "response.created", "response": {**like, "status": "in_progress", "output": []}},
        {"type": "response.output_item.added", "output_index": 0, "item": begun},
        *inside,
        *({"type": f"{name}.delta", **at, "delta": piece, **more} for piece in _pieces(arguments or words)),
        {"type": f"{name}.done", **at, **last},
        *([] if arguments else [{"type": "response.content_part.done", **at, "part": part}]),
        {"type": "response.output_item.done", "output_index": 0, "item": item},
        {"type": "response.completed", "response": whole},
    ]
    return whole, [_event({**event, "sequence_number": number}) for number, event in enumerate(events)]
