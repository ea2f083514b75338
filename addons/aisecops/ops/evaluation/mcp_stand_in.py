"""A stand-in MCP server over streamable HTTP: lists the tools that a play describes, and answers every call alike.

Knows one path and JSON answers, alone and in a batch. What is not plain text it says as it stands, whatever was asked.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from aisecops.ops.evaluation.mcp_speech import CALL, LIST

USUAL = "Opening hours are 9 to 5."
_SCHEMA = {"type": "object", "additionalProperties": True}


async def answered(request: Request, described: Mapping[str, str], said: str) -> Response:
    """What the server answers: `described` are its tools by name, `said` is what a call of any of them gives."""
    if request.method != "POST":
        return Response(status_code=405)
    asked = json.loads(await request.body())
    batch = asked if isinstance(asked, list) else [asked]
    answers = [_answer(one, described, said) for one in batch if "id" in one and "method" in one]
    if not answers:
        return Response(status_code=202)
    return JSONResponse(answers if isinstance(asked, list) else answers[0])


def _answer(asked: dict[str, Any], described: Mapping[str, str], said: str) -> dict[str, Any]:
    known: dict[str, dict[str, Any]] = {
        LIST: {
            "tools": [{"name": name, "description": words, "inputSchema": _SCHEMA} for name, words in described.items()]
        },
        CALL: {"content": [{"type": "text", "text": said}], "isError": False},
        "initialize": {
            "protocolVersion": "2025-06-18",
            "capabilities": {"tools": {"listChanged": True}},
            "serverInfo": {"name": "tickets", "version": "1"},
        },
    }
    return {"jsonrpc": "2.0", "id": asked["id"], "result": known.get(str(asked["method"]), {})}
