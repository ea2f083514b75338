"""MCP from outside: a stand-in for a server behind a real installation."""

from __future__ import annotations

import orjson
import pytest

from support.installation import installed
from support.installation_rules import AGENTS

pytestmark = [pytest.mark.slow, pytest.mark.timeout(120)]

URL = "https://db.internal/mcp"
RULES = """
version: 1
agents:
  clerk:
    authenticate: {secret: "env:CLERK_SECRET"}
    grants:
      - {tool: tickets.*, scope: "tickets.**"}
tools:
  tickets.*: {match: {mcp: {host: db.internal, path: /mcp}}, effect: write, base_risk: 0.1}
"""


def speaks_mcp(request, send):
    """Answers a call with a stream, everything else with JSON."""
    asked = orjson.loads(request.partition(b"\r\n\r\n")[2])
    document = orjson.dumps({"jsonrpc": "2.0", "id": asked["id"], "result": {"content": [], "asked": asked["method"]}})
    kind = "application/json"
    if asked["method"] == "tools/call":
        kind, document = "text/event-stream", b"event: message\ndata: " + document + b"\n\n"
    send(f"HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\nContent-Length: {len(document)}\r\n\r\n".encode() + document)


def message(method, **params):
    return {"jsonrpc": "2.0", "id": 9, "method": method, "params": params}


def test_a_session_a_refused_call_and_a_call(tmp_path):
    with installed(tmp_path, rules=RULES) as house:
        house.upstream.answer = speaks_mcp
        run = house.run("clerk")

        listed = house.ask(AGENTS["clerk"], "POST", URL, body=message("tools/list"))
        assert listed.status == 200
        assert orjson.loads(listed.body)["result"]["asked"] == "tools/list"

        call = message("tools/call", name="close", arguments={"id": 4})
        refused = house.ask(run, "POST", URL, body=call)
        assert refused.status == 200
        error = orjson.loads(refused.body)
        assert error["id"] == 9
        assert error["error"]["data"]["code"] == "token_missing"
        assert "aisecops-decision" in {name.lower() for name in dict(refused.headers)}
        assert house.upstream.received.count(b'"tools/call"') == 0

        asked = error["error"]["data"]["request_token"]
        token = house.token(run, asked["tool"], asked["scope"])
        done = house.ask(run, "POST", URL, body=call, headers={"AISecOps-Capability": token})
        assert done.status == 200
        assert b'"asked":"tools/call"' in done.body
        assert house.upstream.received.count(b'"tools/call"') == 1
        assert [event["tool"] for event in house.events("tool_invoked")] == ["tickets.close"]
