"""What really goes over the wire: requests, answers and streams in the providers' own shapes."""

from __future__ import annotations

import json
from typing import Any

from aisecops.model.exchange import HttpRequest
from aisecops.wire.framing import StreamEvent
from aisecops.wire.sse import SseReader


def post(
    body: bytes = b"", *, content_type: str | None = "application/json", path: str = "/", **headers: str
) -> HttpRequest:
    """A POST; underscores in header names become dashes."""
    said = [] if content_type is None else [("Content-Type", content_type)]
    said += [(name.replace("_", "-"), value) for name, value in headers.items()]
    return HttpRequest(
        method="POST", scheme="https", host="api.openai.com", port=443, path=path, headers=tuple(said), body=body
    )


def stream(*chunks: dict[str, Any] | str, named: bool = False) -> bytes:
    """Chunks as a server would send them; `named` with an `event:` line, as Anthropic and the responses API do."""
    said = []
    for chunk in chunks:
        data = chunk if isinstance(chunk, str) else json.dumps(chunk)
        said.append(
            f"event: {chunk['type']}\ndata: {data}\n\n" if named and isinstance(chunk, dict) else f"data: {data}\n\n"
        )
    return "".join(said).encode()


def events(raw: bytes) -> list[StreamEvent]:
    """The events of a whole stream."""
    reader = SseReader()
    return reader.feed(raw) + reader.end()


WEATHER = {
    "type": "object",
    "properties": {"city": {"type": "string"}},
    "required": ["city"],
}

CHAT_REQUEST: dict[str, Any] = {
    "model": "gpt-4o",
    "max_completion_tokens": 64,
    "messages": [
        {"role": "developer", "content": "be brief"},
        {
            "role": "user",
            "name": "ada",
            "content": [
                {"type": "text", "text": "what is this?"},
                {"type": "image_url", "image_url": {"url": "https://pictures.example/cat.png"}},
                {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}},
                {"type": "input_audio", "input_audio": {"data": "AAAA", "format": "wav"}},
                {"type": "file", "file": {"file_id": "file-1"}},
                {"type": "hologram", "light": 1},
            ],
        },
        {
            "role": "assistant",
            "content": None,
            "tool_calls": [
                {"id": "call_1", "type": "function", "function": {"name": "weather", "arguments": '{"city":"Oslo"}'}},
                {"id": "call_2", "type": "custom", "custom": {"name": "sql", "input": "select 1"}},
            ],
        },
        {"role": "tool", "tool_call_id": "call_1", "content": "rain"},
    ],
    "tools": [
        {"type": "function", "function": {"name": "weather", "description": "tells it", "parameters": WEATHER}},
        {"type": "custom", "custom": {"name": "sql"}},
    ],
    "response_format": {"type": "json_schema", "json_schema": {"name": "w", "schema": WEATHER}},
}

CHAT_ANSWER: dict[str, Any] = {
    "id": "chatcmpl-1",
    "object": "chat.completion",
    "created": 1,
    "model": "gpt-4o-2024-08-06",
    "choices": [
        {
            "index": 0,
            "finish_reason": "tool_calls",
            "message": {
                "role": "assistant",
                "content": "let me look",
                "refusal": None,
                "tool_calls": [
                    {
                        "id": "call_9",
                        "type": "function",
                        "function": {"name": "weather", "arguments": '{"city":"Rome"}'},
                    }
                ],
            },
        }
    ],
    "usage": {
        "prompt_tokens": 20,
        "completion_tokens": 7,
        "total_tokens": 27,
        "prompt_tokens_details": {"cached_tokens": 5},
    },
}


def chat_chunk(
    delta: dict[str, Any] | None, *, finish: str | None = None, index: int = 0, **more: Any
) -> dict[str, Any]:
    """One chunk of a streamed chat completion; no delta means no choice in it."""
    choices = [] if delta is None else [{"index": index, "delta": delta, "finish_reason": finish}]
    return {"id": "chatcmpl-1", "object": "chat.completion.chunk", "model": "gpt-4o", "choices": choices, **more}


CHAT_STREAM = stream(
    chat_chunk({"role": "assistant", "content": ""}),
    chat_chunk({"content": "let me "}),
    chat_chunk({"content": "look"}),
    chat_chunk({"tool_calls": [{"index": 0, "id": "call_9", "type": "function", "function": {"name": "weather", "arguments": ""}}]}),
    chat_chunk({"tool_calls": [{"index": 0, "function": {"arguments": '{"city":'}}]}),
    chat_chunk({"tool_calls": [{"index": 0, "function": {"arguments": '"Rome"}'}}]}),
    chat_chunk({}, finish="tool_calls"),
    chat_chunk(None, usage={"prompt_tokens": 20, "completion_tokens": 7, "total_tokens": 27}),
    "[DONE]",
)  # fmt: skip

RESPONSES_REQUEST: dict[str, Any] = {
    "model": "gpt-4o",
    "instructions": "be brief",
    "max_output_tokens": 64,
    "previous_response_id": "resp_0",
    "input": [
        {"role": "user", "content": "what is the weather?"},
        {
            "type": "message",
            "role": "user",
            "content": [
                {"type": "input_text", "text": "and this?"},
                {"type": "input_image", "image_url": "https://pictures.example/cat.png"},
                {"type": "input_file", "filename": "a.txt", "file_data": "data:text/plain;base64,AAAA"},
            ],
        },
        {"type": "function_call", "call_id": "call_1", "name": "weather", "arguments": '{"city":"Oslo"}'},
        {"type": "function_call_output", "call_id": "call_1", "output": "rain"},
        {"type": "local_shell_call", "call_id": "call_2", "action": {"type": "exec", "command": ["ls"]}},
        {"type": "reasoning", "summary": []},
    ],
    "tools": [
        {"type": "function", "name": "weather", "parameters": WEATHER},
        {"type": "local_shell"},
        {"type": "web_search"},
        {"type": "mcp", "server_label": "tickets", "server_url": "https://mcp.example"},
    ],
    "text": {"format": {"type": "json_schema", "name": "w", "schema": WEATHER}},
}

_FUNCTION_CALL = {
    "type": "function_call",
    "id": "fc_1",
    "call_id": "call_9",
    "name": "weather",
    "arguments": '{"city":"Rome"}',
}

RESPONSES_ANSWER: dict[str, Any] = {
    "id": "resp_1",
    "object": "response",
    "model": "gpt-4o",
    "status": "completed",
    "output": [
        {
            "type": "message",
            "id": "msg_1",
            "role": "assistant",
            "content": [{"type": "output_text", "text": "let me look"}],
        },
        _FUNCTION_CALL,
        {"type": "local_shell_call", "call_id": "call_8", "action": {"type": "exec", "command": ["ls"]}},
        {"type": "web_search_call", "id": "ws_1", "action": {"type": "search", "query": "rome"}},
    ],
    "usage": {"input_tokens": 20, "output_tokens": 7, "input_tokens_details": {"cached_tokens": 5}},
}

RESPONSES_STREAM = stream(
    {"type": "response.created", "response": {"model": "gpt-4o", "output": []}},
    {"type": "response.output_item.added", "output_index": 0, "item": {"type": "message", "content": []}},
    {"type": "response.output_text.delta", "output_index": 0, "delta": "let me "},
    {"type": "response.output_text.delta", "output_index": 0, "delta": "look"},
    {"type": "response.output_item.done", "output_index": 0, "item": RESPONSES_ANSWER["output"][0]},
    {"type": "response.output_item.added", "output_index": 1, "item": {**_FUNCTION_CALL, "arguments": ""}},
    {"type": "response.function_call_arguments.delta", "output_index": 1, "delta": '{"city":"Rome"}'},
    {"type": "response.output_item.done", "output_index": 1, "item": _FUNCTION_CALL},
    {"type": "response.completed", "response": {**RESPONSES_ANSWER, "output": RESPONSES_ANSWER["output"][:2]}},
    named=True,
)

MESSAGES_REQUEST: dict[str, Any] = {
    "model": "claude-sonnet-4-5",
    "max_tokens": 64,
    "system": [{"type": "text", "text": "be brief", "cache_control": {"type": "ephemeral"}}],
    "messages": [
        {"role": "user", "content": "what is the weather?"},
        {
            "role": "assistant",
            "content": [
                {"type": "thinking", "thinking": "hm", "signature": "x"},
                {"type": "text", "text": "let me look"},
                {"type": "tool_use", "id": "toolu_1", "name": "weather", "input": {"city": "Oslo"}},
            ],
        },
        {
            "role": "user",
            "content": [
                {
                    "type": "tool_result",
                    "tool_use_id": "toolu_1",
                    "content": [
                        {"type": "text", "text": "rain"},
                        {"type": "image", "source": {"type": "url", "url": "https://pictures.example/rain.png"}},
                    ],
                },
                {
                    "type": "document",
                    "title": "notes",
                    "source": {"type": "text", "media_type": "text/plain", "data": "dry"},
                },
                {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "AAAA"}},
            ],
        },
    ],
    "tools": [
        {"name": "weather", "description": "tells it", "input_schema": WEATHER},
        {"type": "bash_20250124", "name": "bash"},
        {"type": "web_search_20250305", "name": "web_search"},
    ],
    "mcp_servers": [{"type": "url", "name": "tickets", "url": "https://mcp.example"}],
    "output_config": {"format": {"type": "json_schema", "schema": WEATHER}},
}

MESSAGES_ANSWER: dict[str, Any] = {
    "id": "msg_1",
    "type": "message",
    "role": "assistant",
    "model": "claude-sonnet-4-5",
    "stop_reason": "tool_use",
    "content": [
        {"type": "thinking", "thinking": "hm", "signature": "x"},
        {"type": "text", "text": "let me look"},
        {"type": "tool_use", "id": "toolu_9", "name": "weather", "input": {"city": "Rome"}},
        {"type": "server_tool_use", "id": "srvtoolu_1", "name": "web_search", "input": {"query": "rome"}},
    ],
    "usage": {"input_tokens": 10, "cache_read_input_tokens": 5, "cache_creation_input_tokens": 5, "output_tokens": 7},
}

MESSAGES_STREAM = stream(
    {"type": "message_start", "message": {"model": "claude-sonnet-4-5", "content": [], "usage": {"input_tokens": 10, "cache_read_input_tokens": 5, "cache_creation_input_tokens": 5, "output_tokens": 1}}},
    {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
    {"type": "ping"},
    {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "let me "}},
    {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "look"}},
    {"type": "content_block_stop", "index": 0},
    {"type": "content_block_start", "index": 1, "content_block": {"type": "tool_use", "id": "toolu_9", "name": "weather", "input": {}}},
    {"type": "content_block_delta", "index": 1, "delta": {"type": "input_json_delta", "partial_json": ""}},
    {"type": "content_block_delta", "index": 1, "delta": {"type": "input_json_delta", "partial_json": '{"city":'}},
    {"type": "content_block_delta", "index": 1, "delta": {"type": "input_json_delta", "partial_json": '"Rome"}'}},
    {"type": "content_block_stop", "index": 1},
    {"type": "message_delta", "delta": {"stop_reason": "tool_use"}, "usage": {"output_tokens": 7}},
    {"type": "message_stop"},
    named=True,
)  # fmt: skip

OLLAMA_REQUEST: dict[str, Any] = {
    "model": "llama3.2-vision",
    "messages": [
        {"role": "system", "content": "be brief"},
        {"role": "user", "content": "what is the weather there?", "images": ["AAAA"]},
        {
            "role": "assistant",
            "content": "",
            "thinking": "hm",
            "tool_calls": [{"function": {"name": "weather", "arguments": {"city": "Oslo"}}}],
        },
        {"role": "tool", "content": "rain", "tool_name": "weather"},
    ],
    "tools": [{"type": "function", "function": {"name": "weather", "description": "tells it", "parameters": WEATHER}}],
    "format": WEATHER,
    "options": {"num_predict": 64, "temperature": 0},
    "keep_alive": "5m",
}

_OLLAMA_CALL = {"function": {"name": "weather", "arguments": {"city": "Rome"}}}
_OLLAMA_END = {"done": True, "done_reason": "stop", "prompt_eval_count": 20, "eval_count": 7, "total_duration": 5}

OLLAMA_ANSWER: dict[str, Any] = {
    "model": "llama3.2-vision",
    "created_at": "2026-01-01T00:00:00Z",
    "message": {"role": "assistant", "content": "let me look", "thinking": "hm", "tool_calls": [_OLLAMA_CALL]},
    **_OLLAMA_END,
}


def _ollama_line(message: dict[str, Any], **more: Any) -> str:
    head = {"model": "llama3.2-vision", "created_at": "2026-01-01T00:00:00Z"}
    return json.dumps({**head, "message": {"role": "assistant", **message}, "done": False, **more}) + "\n"


OLLAMA_STREAM = "".join(
    [
        _ollama_line({"content": "", "thinking": "hm"}),
        _ollama_line({"content": "let me "}),
        _ollama_line({"content": "look"}),
        _ollama_line({"content": "", "tool_calls": [_OLLAMA_CALL]}),
        _ollama_line({"content": ""}, **_OLLAMA_END),
    ]
).encode()
