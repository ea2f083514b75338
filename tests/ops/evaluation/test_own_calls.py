"""A tool of the operator's is called as its rule matches: by host, path, method, and for MCP by name."""

from __future__ import annotations

import json

import pytest

from aisecops.ops.evaluation.own_calls import call_of, granted, reached, read_of
from support.gateway import rules_of

HEAD = "version: 1\nagents: {a: {authenticate: {secret: 'env:A'}, grants: [{tool: 'x.*', scope: 'x.**'}]}}\n"


def called(match, name="x.t", **more):
    told = "".join(f", {key}: {value}" for key, value in more.items())
    rules = rules_of(f"{HEAD}tools:\n  {name}: {{match: {match}{told}}}\n")
    [tool] = rules.tools.values()
    found = [call_of(tool, one, {"to": "{whom}"}, method="POST") for one in reached(tool.match)]
    return rules, tool, found


@pytest.mark.parametrize(
    ("match", "at"),
    [
        ("{host: a.test}", ("POST", "a.test", "/1")),
        ("{host: '*.a.test', method: PUT, path: '/v1/*/x'}", ("PUT", "evaluation.a.test", "/v1/1/x")),
        ("{mcp: {host: '*.a.test', path: /mcp, tool: 'look_*'}}", ("POST", "evaluation.a.test", "/mcp")),
    ],
)
def test_it_is_called_where_its_rule_matches(match, at):
    _, _, [call] = called(match)

    assert (call.method, call.host, call.path) == at


@pytest.mark.parametrize("match", ["{host: 'a.test:8443'}", "{host: a.test, method: WEBSOCKET}", "{model_tool: bash}"])
def test_what_is_reached_in_another_way_is_not_called(match):
    assert called(match)[2] == []


def test_a_call_of_an_mcp_tool_is_a_message_and_one_without_a_body_has_none():
    _, _, [call] = called("{mcp: {host: a.test, tool: 'look_*'}}", name="x.*")

    assert json.loads(call.step().body)["params"] == {"name": "look_evaluation", "arguments": {"to": "{whom}"}}
    assert call.tool == "x.look_evaluation"
    assert called("{host: a.test, method: GET}")[2][0].step(says="hello").body == b""


def test_an_agent_plays_it_that_may_be_given_a_token_for_it():
    rules, tool, [call] = called("{host: a.test}", scope="'x.{query.q}'")
    [agent] = rules.agents.values()

    assert call.path == "/1?q=1"
    assert granted(agent, tool, call)
    assert not granted(agent, tool, call._replace(tool="y.t"))
    assert not granted(agent, tool, call._replace(path="/1"))


def test_a_source_that_is_read_by_get_is_a_page():
    rules = rules_of("version: 1\nsources: [{match: {host: '*.a.test'}}, {match: {host: 'b.test:8080'}}]\n")

    assert [one and (one.method, one.host) for one in map(read_of, rules.sources)] == [
        ("GET", "evaluation.a.test"), None,
    ]  # fmt: skip
