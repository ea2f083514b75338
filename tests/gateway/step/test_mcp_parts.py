"""What of a batch is a step of its own."""

import gzip

import orjson
import pytest

from aisecops.gateway.step.mcp_parts import parts_of
from support.asking import request
from support.gateway import rules_of

RULES = rules_of("""
version: 1
agents:
  clerk: {authenticate: {secret: "env:CLERK"}, grants: [{tool: t.*, scope: "**"}]}
tools:
  t.*: {match: {mcp: {host: mcp.internal, path: /mcp}}, effect: write}
""")


def message(method, id_=None):
    return {"jsonrpc": "2.0", "method": method, "params": {}, **({} if id_ is None else {"id": id_})}


CALLS = [message("ping", 1), message("tools/call", 2), message("notifications/x"), message("resources/read", "r")]


def post(body, **headers):
    return request("POST", "https://mcp.internal/mcp", body=body, **headers)


def test_calls_and_reads_stand_alone_and_the_rest_together():
    parts = parts_of(RULES, post(CALLS))
    assert [(part.places, part.ids) for part in parts] == [((1,), (2,)), ((3,), ("r",)), ((0, 2), (1,))]
    assert [orjson.loads(part.request.body) for part in parts] == [CALLS[1], CALLS[3], [CALLS[0], CALLS[2]]]
    for part in parts:
        assert dict(part.request.headers)["Content-Length"] == str(len(part.request.body))


def test_a_compressed_batch_is_taken_apart_and_its_parts_are_plain():
    parts = parts_of(RULES, post(gzip.compress(orjson.dumps(CALLS)), Content_Encoding="gzip"))
    assert len(parts) == 3
    assert all("content-encoding" not in {name.lower() for name, _ in part.request.headers} for part in parts)


@pytest.mark.parametrize(
    "asked",
    [
        post(CALLS[:3]),  # one call, and session traffic: one step
        post(CALLS[1]),
        post(b"[" + orjson.dumps(CALLS[1]) * 2 + b"]"),
        post(CALLS, Content_Encoding="zip"),
        request("POST", "https://mcp.internal/other", body=CALLS),
        request("PUT", "https://mcp.internal/mcp", body=CALLS),
        request("POST", "https://mcp.internal/../mcp", body=CALLS),
    ],
)
def test_everything_else_is_left_to_whoever_reads_it_whole(asked):
    assert parts_of(RULES, asked) == ()
