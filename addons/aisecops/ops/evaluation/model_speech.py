"""What a stand-in model answers in OpenAI's Responses and in Gemini's dialect, whole and streamed, and in a talk.

Knows just enough of each to satisfy the official client libraries, and of no question more than whether its answer is
to come in pieces. A talk is OpenAI's realtime API over a WebSocket. Written without the gateway's own readers, so that
each keeps the other honest. The two other dialects are those of the demo's model.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Iterator
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import BaseRoute, Route, WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

from aisecops.ops.demo.script import Turn

type _Events = Iterator[tuple[str, dict[str, Any]]]


def model_routes(turn: Callable[[], Turn]) -> list[BaseRoute]:
    """The endpoints of all; `turn` is what the model says now."""

    async def responses(request: Request) -> Response:
        asked = await request.json()
        if asked.get("stream"):
            return _streamed(response_events(turn()))
        return JSONResponse(response(turn()))

    async def generate(request: Request) -> Response:
        await request.body()
        if request.path_params["how"] == "streamGenerateContent":
            return _streamed(gemini_chunks(turn()))
        return JSONResponse(gemini_answer(turn()))

    async def talk(socket: WebSocket) -> None:
        await socket.accept()
        with contextlib.suppress(WebSocketDisconnect):
            while True:
                if json.loads(await socket.receive_text()).get("type") == "response.create":
                    for event in talk_events(turn()):
                        await socket.send_text(json.dumps(event, ensure_ascii=False))

    return [
        Route("/v1/responses", responses, methods=["POST"]),
        Route("/v1beta/models/{model}:{how}", generate, methods=["POST"]),
        WebSocketRoute("/v1/realtime", talk),
    ]


def _streamed(events: _Events) -> Response:
    async def stream() -> Any:
        for name, data in events:
            yield (f"event: {name}\n" if name else "") + f"data: {json.dumps(data, ensure_ascii=False)}\n\n"

    return StreamingResponse(stream(), media_type="text/event-stream")


# Responses


def response(turn: Turn) -> dict[str, Any]:
    """A whole response."""
    usage = {"input_tokens": 20, "output_tokens": 10, "total_tokens": 30}
    details = {"input_tokens_details": {"cached_tokens": 0}, "output_tokens_details": {"reasoning_tokens": 0}}
    return _begun() | {"status": "completed", "output": _items(turn), "usage": usage | details}


def response_events(turn: Turn) -> _Events:
    """The same in pieces."""
    number = 0

    def event(kind: str, **facts: Any) -> tuple[str, dict[str, Any]]:
        nonlocal number
        number += 1
        return kind, {"type": kind, "sequence_number": number, **facts}

    yield event("response.created", response=_begun())
    for index, item in enumerate(_items(turn)):
        at = {"item_id": item["id"], "output_index": index}
        hollow: dict[str, Any] = {"content": []} if item["type"] == "message" else {"arguments": ""}
        yield event("response.output_item.added", output_index=index, item=item | hollow | {"status": "in_progress"})
        if item["type"] == "message":
            text = item["content"][0]["text"]
            part = {"content_index": 0, **at}
            yield event("response.content_part.added", part=item["content"][0] | {"text": ""}, **part)
            yield from (event("response.output_text.delta", delta=piece, **part) for piece in _halves(text))
            yield event("response.output_text.done", text=text, **part)
            yield event("response.content_part.done", part=item["content"][0], **part)
        else:
            text = item["arguments"]
            yield from (event("response.function_call_arguments.delta", delta=piece, **at) for piece in _halves(text))
            yield event("response.function_call_arguments.done", arguments=text, name=item["name"], **at)
        yield event("response.output_item.done", output_index=index, item=item)
    yield event("response.completed", response=response(turn))


def _begun() -> dict[str, Any]:
    fixed = {"parallel_tool_calls": True, "tool_choice": "auto", "tools": [], "error": None}
    named = {"id": "resp_1", "object": "response", "created_at": 0, "model": "gpt-4o"}
    return named | fixed | {"status": "in_progress", "output": []}


def _items(turn: Turn) -> list[dict[str, Any]]:
    part = {"type": "output_text", "text": turn.text, "annotations": []}
    message = {"id": "msg_1", "type": "message", "role": "assistant", "status": "completed", "content": [part]}
    calls = [
        {"id": f"fc_{number}", "type": "function_call", "status": "completed", "call_id": f"call_{number}",
         "name": call.name, "arguments": json.dumps(call.arguments)}
        for number, call in enumerate(turn.calls)
    ]  # fmt: skip
    return [*([message] if turn.text else []), *calls]


def _halves(text: str) -> Iterator[str]:
    middle = len(text) // 2
    yield from (piece for piece in (text[:middle], text[middle:]) if piece)


# a talk


def talk_events(turn: Turn) -> Iterator[dict[str, Any]]:
    """The events of one answer in a talk: those of a response, by the names that they have there."""
    for kind, data in response_events(turn):
        if kind == "response.completed":
            usage = {"input_tokens": 20, "output_tokens": 10, "total_tokens": 30}
            whole = {"object": "realtime.response", "id": "resp_1", "status": "completed"}
            yield {"type": "response.done", "response": whole | {"output": _items(turn), "usage": usage}}
        else:
            yield {"response_id": "resp_1", **data}


# Gemini


def gemini_answer(turn: Turn) -> dict[str, Any]:
    """A whole answer."""
    return _chunk(*_parts(turn), finish="STOP")


def gemini_chunks(turn: Turn) -> _Events:
    """The same in pieces: the words in halves, each call whole, as they come."""
    yield from (("", _chunk({"text": piece})) for piece in _halves(turn.text))
    yield from (("", _chunk(part)) for part in _parts(turn) if "functionCall" in part)
    yield "", _chunk({"text": ""}, finish="STOP")


def _parts(turn: Turn) -> list[dict[str, Any]]:
    calls = [{"functionCall": {"name": call.name, "args": call.arguments}} for call in turn.calls]
    return [*([{"text": turn.text}] if turn.text else []), *calls]


def _chunk(*parts: dict[str, Any], finish: str = "") -> dict[str, Any]:
    said: dict[str, Any] = {"content": {"role": "model", "parts": list(parts)}, "index": 0}
    usage = {"promptTokenCount": 20, "candidatesTokenCount": 10, "totalTokenCount": 30}
    ended: dict[str, Any] = {"usageMetadata": usage} if finish else {}
    candidate = said | ({"finishReason": finish} if finish else {})
    return {"candidates": [candidate], "modelVersion": "gemini-2.5-flash", "responseId": "r1", **ended}
