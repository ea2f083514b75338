"""What an agent says to an MCP server is read by the gateway as it is meant, and what comes back is understood."""

from __future__ import annotations

import json

import pytest
from starlette.applications import Starlette
from starlette.routing import Route
from starlette.testclient import TestClient

from aisecops.ops.evaluation.line import Heard
from aisecops.ops.evaluation.mcp_speech import PATH, body_of, declared_as, understood
from aisecops.ops.evaluation.mcp_stand_in import answered
from aisecops.wire.mcp import called, read_sent


def client(described, said):
    async def mcp(request):
        return await answered(request, described, said)

    return TestClient(Starlette(routes=[Route(PATH, mcp, methods=["GET", "POST"])]))


def told(said, params, **server):
    came = client(**{"described": {}, "said": "Hello.", **server}).post(PATH, content=body_of(said, params))
    return Heard(came.status_code, dict(came.headers), came.content)


def test_methods_and_calls_are_what_the_gateway_reads_in_them():
    sent = read_sent(json.loads(body_of(["tools/list", "find_x"], [{}, {"q": "hours"}])))

    assert sent.batched
    assert [one.method for one in sent.messages] == ["tools/list", "tools/call"]
    assert called(sent.messages[1]) == ("find_x", {"q": "hours"})
    assert not read_sent(json.loads(body_of(["ping"], [{}]))).batched


def test_a_tool_is_known_to_the_rules_by_how_its_name_begins():
    assert [declared_as(name) for name in ("find_x", "tell_x", "wipe_x")] == [
        "finding.find_x", "telling.tell_x", "wipe_x",
    ]  # fmt: skip


def test_what_is_listed_and_what_a_call_gives_is_understood_alone_and_in_a_batch():
    described = {"find_x": "Finds.", "tell_x": "Tells."}

    assert understood(told(["tools/list"], [{}], described=described)).listed == {"find_x", "tell_x"}
    assert understood(told(["find_x"], [{}])).text == "Hello."
    both = understood(told(["find_x", "ping", "tell_x"], [{}] * 3))
    assert (both.codes, both.text) == ((), "Hello.\nHello.")


@pytest.mark.parametrize("streamed", [False, True])
def test_a_refused_message_is_known_by_its_code_beside_the_others(streamed):
    refused = {"jsonrpc": "2.0", "id": 1, "error": {"code": -32010, "data": {"code": "token_missing"}}}
    strange = {"jsonrpc": "2.0", "id": 2, "error": {"code": -32601, "message": "no such method"}}
    passed = {"jsonrpc": "2.0", "id": 3, "result": {"content": [{"type": "text", "text": "yes"}]}}
    document = json.dumps([refused, strange, passed]).encode()
    kind = "text/event-stream" if streamed else "application/json"
    body = b"event: message\ndata: " + document + b"\n\n" if streamed else document

    assert understood(Heard(200, {"content-type": kind}, body))[:2] == (("token_missing", "-32601"), "yes")


def test_what_is_no_answer_says_nothing_and_a_stream_is_not_opened():
    assert understood(Heard(403, {}, b"<html>")) == ((), "", frozenset())
    assert client({}, "").get(PATH).status_code == 405
    notice = b'{"jsonrpc": "2.0", "method": "notifications/initialized"}'
    assert client({}, "").post(PATH, content=notice).status_code == 202
