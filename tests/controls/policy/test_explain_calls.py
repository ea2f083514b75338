"""Calls that are no plain request: what a model proposes of a local tool, and what is said to an MCP server."""

from __future__ import annotations

import json

import pytest

from aisecops.controls.policy.explain import explain, explain_proposal
from aisecops.model.decision import Verdict
from aisecops.model.ids import AgentId
from aisecops.model.refusals import Code
from support.rules_text import rules

DESK = AgentId("desk")
RULES = rules(
    """
agents:
  desk:
    authenticate: {secret: "env:DESK"}
    grants:
      - {tool: tickets.create, scope: "tickets.*"}
      - {tool: shell.exec, scope: "shell.ls"}
    risk: {approve_above: 1.0, halt_above: 2.0}
  idler:
    authenticate: {secret: "env:IDLER"}
tools:
  tickets.*:
    match: {mcp: {host: mcp.internal, path: /mcp, tool: "*"}}
    base_risk: 0.2
    scope: "tickets.{body.queue}"
  shell.exec:
    match: {model_tool: [bash, shell]}
    base_risk: 0.9
    trust: external
    scope: "shell.{body.command}"
"""
)


def said(method: str, agent: AgentId = DESK, **params: object):
    message = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
    return explain(RULES, agent, method="POST", url="https://mcp.internal/mcp", body=json.dumps(message).encode())


def test_a_call_of_a_family_goes_by_its_own_name_and_its_arguments_make_the_scope():
    found = said("tools/call", name="create", arguments={"queue": "it"})
    assert (found.verdict, found.tool, found.scope) == (Verdict.ALLOW, "tickets.create", "tickets.it")


def test_a_call_that_is_not_granted_is_denied_under_its_own_name():
    found = said("tools/call", name="close", arguments={"queue": "it"})
    assert (found.verdict, found.code, found.tool) == (Verdict.DENY, Code.POLICY_DENIED, "tickets.close")


def test_a_call_without_what_its_scope_needs_cannot_be_read():
    assert said("tools/call", name="create", arguments={}).code is Code.UNREADABLE


@pytest.mark.parametrize("method", ["initialize", "tools/list", "ping"])
def test_what_every_client_says_needs_a_grant_for_some_tool_of_the_server(method):
    assert said(method).verdict is Verdict.ALLOW
    assert said(method, agent=AgentId("idler")).code is Code.POLICY_DENIED


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b'{"id": 1}'])
def test_what_is_no_message_cannot_be_judged(body):
    found = explain(RULES, DESK, method="POST", url="https://mcp.internal/mcp", body=body)
    assert (found.verdict, found.code) == (Verdict.DENY, Code.UNREADABLE)


def test_a_proposal_is_judged_by_its_arguments_and_its_risk():
    found = explain_proposal(RULES, DESK, "bash", {"command": "ls"})
    assert (found.verdict, found.tool, found.scope) == (Verdict.HOLD, "shell.exec", "shell.ls")
    assert found.token is False


def test_a_proposal_outside_the_grant_is_denied():
    assert explain_proposal(RULES, DESK, "shell", {"command": "rm"}).code is Code.POLICY_DENIED


def test_a_tool_that_no_rule_names_is_undeclared_and_the_nearest_is_named():
    found = explain_proposal(RULES, DESK, "bsh", {})
    assert found.code is Code.TOOL_UNDECLARED
    assert "did you mean `bash`" in found.detail
