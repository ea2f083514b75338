"""What goes over the wire to Gemini and back, in Google's own shapes."""

from __future__ import annotations

import json
from typing import Any

from support.wire_samples import WEATHER

PATH = "/v1beta/models/gemini-2.5-flash:generateContent"
STREAM_PATH = "/v1beta/models/gemini-2.5-flash:streamGenerateContent"

REQUEST: dict[str, Any] = {
    "systemInstruction": {"role": "user", "parts": [{"text": "be brief"}]},
    "contents": [
        {
            "role": "user",
            "parts": [
                {"text": "what is the weather there?"},
                {"inlineData": {"mimeType": "image/png", "data": "AAAA"}},
                {"fileData": {"mimeType": "application/pdf", "fileUri": "https://files.example/f1"}},
            ],
        },
        {
            "role": "model",
            "parts": [
                {"text": "hm", "thought": True},
                {"functionCall": {"id": "f1", "name": "weather", "args": {"city": "Oslo"}}, "thoughtSignature": "AAAA"},
            ],
        },
        {
            "role": "user",
            "parts": [{"functionResponse": {"id": "f1", "name": "weather", "response": {"output": "rain", "mm": 3}}}],
        },
    ],
    "tools": [
        {"functionDeclarations": [{"name": "weather", "description": "tells it", "parameters": {
            "type": "OBJECT", "properties": {"city": {"type": "STRING"}}, "required": ["city"]}}]},
        {"googleSearch": {}},
    ],
    "generationConfig": {"maxOutputTokens": 64, "candidateCount": 1, "responseJsonSchema": WEATHER},
    "cachedContent": "cachedContents/c1",
}  # fmt: skip

_USAGE = {"promptTokenCount": 20, "candidatesTokenCount": 5, "thoughtsTokenCount": 2, "cachedContentTokenCount": 4,
          "toolUsePromptTokenCount": 1, "totalTokenCount": 28}  # fmt: skip


def candidate(*parts: dict[str, Any], finish: str | None = None) -> dict[str, Any]:
    """One answer as it comes, whole or in a chunk."""
    said: dict[str, Any] = {"content": {"role": "model", "parts": list(parts)}, "index": 0}
    return said | ({"finishReason": finish} if finish else {})


def answer(*candidates: dict[str, Any], **more: Any) -> dict[str, Any]:
    """A body, or a chunk."""
    return {"candidates": list(candidates), "modelVersion": "gemini-2.5-flash", "responseId": "r1", **more}


def call(name: str, **args: Any) -> dict[str, Any]:
    """A part that proposes a call."""
    return {"functionCall": {"name": name, "args": args}}


_CALL = call("weather", city="Rome")
ANSWER = answer(candidate({"text": "hm", "thought": True}, {"text": "let me look"}, _CALL, finish="STOP"), usageMetadata=_USAGE)  # fmt: skip
CHUNKS = [
    answer(candidate({"text": "hm", "thought": True})),
    answer(candidate({"text": "let me "})),
    answer(candidate({"text": "look"})),
    answer(candidate(_CALL)),
    answer(candidate({"text": ""}, finish="STOP"), usageMetadata=_USAGE),
]


def as_events(chunks: list[dict[str, Any]]) -> bytes:
    """As `alt=sse` sends them."""
    return b"".join(b"data: " + json.dumps(chunk).encode() + b"\r\n\r\n" for chunk in chunks)


def as_list(chunks: list[dict[str, Any]]) -> bytes:
    """As they come without it."""
    return b"[" + b"\n,\r\n".join(json.dumps(chunk, indent=2).encode() for chunk in chunks) + b"\n]\n"
