"""MCP from outside: a stand-in for a server behind a real installation."""

from __future__ import annotations

import orjson
import pytest

from support.installation import fresh, installed
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
    batched = isinstance(asked, list)
    answers = [
        {"jsonrpc": "2.0", "id": one["id"], "result": {"content": [], "asked": one["method"]}}
        for one in (asked if batched else [asked])
    ]
    document = orjson.dumps(answers if batched else answers[0])
    kind = "application/json"
    if b"streamed" in request or (not batched and asked["method"] == "tools/call"):
        kind, document = "text/event-stream", b"event: message\ndata: " + document + b"\n\n"
    send(f"HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\nContent-Length: {len(document)}\r\n\r\n".encode() + document)


def message(method, *, number=9, **params):
    return {"jsonrpc": "2.0", "id": number, "method": method, "params": params}


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

        marks = [fresh() for _ in range(3)]
        calls = [message("tools/call", number=n, name="close", arguments={"m": mark}) for n, mark in enumerate(marks)]
        calls[1]["params"]["name"] = "open"  # no token is for it
        for streamed in ((), ("streamed",)):
            head = [("AISecOps-Capability", token), *(("X-Way", way) for way in streamed)]
            answered = house.ask(run, "POST", URL, body=calls, headers=head)
            assert answered.status == 200
            assert answered.body.count(b'"asked":"tools/call"') == 2
            assert answered.body.count(b'"code":-32010') == 1
        assert [house.arrived(mark) for mark in marks] == [2, 0, 2]
        assert len(house.events("tool_invoked")) == 5
        assert len(house.events("tool_returned")) >= 5
