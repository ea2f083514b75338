"""MCP as a client speaks it: messages to a server, and what its answer says, refuses and lists.

Knows JSON-RPC over streamable HTTP. Written without the gateway's own readers, so that each keeps the other honest.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import orjson

from aisecops.ops.evaluation.line import Heard

PATH = "/mcp"
ROLE = "tickets"
HEADERS = (("Content-Type", "application/json"), ("Accept", "application/json, text/event-stream"))
FAMILIES = {"find_": "finding", "tell_": "telling", "count_": "counting"}
"""How the names of the server's tools begin, and the family of the rules that they are then in."""
CALL, LIST = "tools/call", "tools/list"
_PLAIN = frozenset({"initialize", "ping"})


class Understood(NamedTuple):
    """What an answer says: refusals and errors by their codes, the text of results, the tools that it lists."""

    codes: tuple[str, ...]
    text: str
    listed: frozenset[str]


def is_method(said: str) -> bool:
    """False for the name of a tool, which is called."""
    return "/" in said or said in _PLAIN


def declared_as(tool: str) -> str:
    """The rules' name for a tool of the server, without the prefix; its own where no family has it."""
    family = next((family for start, family in FAMILIES.items() if tool.startswith(start)), "")
    return f"{family}.{tool}" if family else tool


def body_of(said: Sequence[str], params: Sequence[Any]) -> bytes:
    """One message, or a batch of several; `params` are a method's, or the arguments of the tool that is called."""
    messages = [
        {"jsonrpc": "2.0", "id": number, "method": one, "params": given}
        if is_method(one)
        else {"jsonrpc": "2.0", "id": number, "method": CALL, "params": {"name": one, "arguments": given}}
        for number, (one, given) in enumerate(zip(said, params, strict=True), start=1)
    ]
    return orjson.dumps(messages if len(messages) > 1 else messages[0])


def understood(heard: Heard) -> Understood:
    """What `heard` says, alone, in a batch or as events."""
    codes, texts, listed = [], [], set()
    for message in _messages(heard):
        error, result = message.get("error"), message.get("result")
        if isinstance(error, dict):
            data = error.get("data")
            codes.append(str(data.get("code") if isinstance(data, dict) else error.get("code")))
        if isinstance(result, dict):
            texts += [str(part.get("text", "")) for part in result.get("content") or ()]
            listed |= {str(tool.get("name")) for tool in result.get("tools") or ()}
    return Understood(tuple(codes), "\n".join(texts), frozenset(listed))


def problem_in(heard: Heard) -> dict[str, Any]:
    """The refusal of a request: its document, or that in the error which answers the first message; empty for none."""
    errors = (message.get("error") for message in _messages(heard))
    data = next((error.get("data") for error in errors if isinstance(error, dict)), None)
    return heard.problem or (data if isinstance(data, dict) else {})


def _messages(heard: Heard) -> Iterator[dict[str, Any]]:
    streamed = "event-stream" in heard.headers.get("content-type", "")
    lines = (line.removeprefix("data:") for line in heard.text.splitlines() if line.startswith("data:"))
    for document in lines if streamed else (heard.text,):
        try:
            said = json.loads(document)
        except ValueError:
            continue
        yield from (one for one in (said if isinstance(said, list) else [said]) if isinstance(one, dict))
