"""What goes over the wire to Bedrock's Converse and back, in AWS's own shapes."""

from __future__ import annotations

import json
from typing import Any

from aisecops.wire.aws_frames import frame
from support.wire_samples import WEATHER

MODEL = "anthropic.claude-3-5-sonnet-20240620-v1:0"
PATH = "/model/anthropic.claude-3-5-sonnet-20240620-v1%3A0/converse"
STREAM_PATH = PATH + "-stream"

REQUEST: dict[str, Any] = {
    "system": [{"text": "be brief"}, {"cachePoint": {"type": "default"}}],
    "messages": [
        {
            "role": "user",
            "content": [
                {"text": "what is the weather there?"},
                {"image": {"format": "png", "source": {"bytes": "AAAA"}}},
                {"document": {"format": "pdf", "name": "notes", "source": {"s3Location": {"uri": "s3://b/notes.pdf"}}}},
                {"document": {"format": "txt", "name": "dry", "source": {"text": "dry words"}}},
            ],
        },
        {
            "role": "assistant",
            "content": [
                {"reasoningContent": {"reasoningText": {"text": "hm", "signature": "x"}}},
                {"text": "let me look"},
                {"toolUse": {"toolUseId": "t1", "name": "weather", "input": {"city": "Oslo"}}},
            ],
        },
        {
            "role": "user",
            "content": [
                {"toolResult": {"toolUseId": "t1", "content": [{"json": {"said": "rain"}}, {"text": "rain"}], "status": "success"}},
            ],
        },
    ],
    "inferenceConfig": {"maxTokens": 64, "temperature": 0},
    "toolConfig": {"tools": [{"toolSpec": {"name": "weather", "description": "tells it", "inputSchema": {"json": WEATHER}}}, {"systemTool": {"name": "nova_grounding"}}]},
    "additionalModelRequestFields": {"top_k": 5},
}  # fmt: skip

_USE = {"toolUseId": "t9", "name": "weather", "input": {"city": "Rome"}}
_USAGE = {
    "inputTokens": 12,
    "outputTokens": 7,
    "totalTokens": 27,
    "cacheReadInputTokens": 5,
    "cacheWriteInputTokens": 3,
}

ANSWER: dict[str, Any] = {
    "output": {
        "message": {
            "role": "assistant",
            "content": [
                {"reasoningContent": {"reasoningText": {"text": "hm", "signature": "x"}}},
                {"text": "let me look"},
                {"toolUse": _USE},
            ],
        }
    },
    "stopReason": "tool_use",
    "usage": _USAGE,
    "metrics": {"latencyMs": 5},
}


def said(kind: str, **data: Any) -> bytes:
    """One frame, with the padding that AWS puts into each."""
    headers = {":event-type": kind, ":content-type": "application/json", ":message-type": "event"}
    return frame(headers, json.dumps({**data, "p": "abcdefgh"}).encode())


def text_block(index: int, *pieces: str) -> list[bytes]:
    """A text, which has no frame for its start."""
    pieces_said = [said("contentBlockDelta", contentBlockIndex=index, delta={"text": piece}) for piece in pieces]
    return [*pieces_said, said("contentBlockStop", contentBlockIndex=index)]


def call_block(index: int, name: str, arguments: dict[str, Any]) -> list[bytes]:
    """A call, its arguments in two pieces."""
    whole = json.dumps(arguments)
    pieces = [{"toolUse": {"input": piece}} for piece in (whole[:2], whole[2:])]
    return [
        said("contentBlockStart", contentBlockIndex=index, start={"toolUse": {"toolUseId": f"t{index}", "name": name}}),
        *(said("contentBlockDelta", contentBlockIndex=index, delta=piece) for piece in pieces),
        said("contentBlockStop", contentBlockIndex=index),
    ]


def stream(*blocks: list[bytes], stop: str = "tool_use") -> bytes:
    """A whole streamed answer."""
    end = [said("messageStop", stopReason=stop), said("metadata", usage=_USAGE, metrics={"latencyMs": 5})]
    return b"".join([said("messageStart", role="assistant"), *(one for block in blocks for one in block), *end])


STREAM = stream(text_block(0, "let me ", "look"), call_block(1, "weather", {"city": "Rome"}))
