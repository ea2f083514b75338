"""What the rules say of one request."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aisecops.controls.policy.explain import explain
from aisecops.model.action import Kind
from aisecops.model.decision import Mode, Verdict
from aisecops.model.ids import AgentId
from aisecops.model.refusals import Code
from support.rules_text import FULL, rules

BOT = AgentId("support-bot")
RULES = rules(
    FULL.replace("tools:", """tools:
  crm.export:
    match: {host: crm.internal, method: POST, path: /export}
    base_risk: 0.9
    scope: "crm.export.{body.what}"
    rows: {request: limit}
    cost: 0.40
  crm.drop:
    match: {host: crm.internal, method: DELETE, path: "/**"}
  crm.costly:
    match: {host: crm.internal, method: PATCH, path: "/**"}
    base_risk: 0.1
    cost: 0.11
  crm.wipe:
    match: {host: crm.internal, method: PURGE, path: "/**"}
    base_risk: 0.5
""", 1).replace("    grants:\n", """    grants:
      - {tool: crm.export, scope: "crm.export.*", constraints: {max_rows: 10, max_cost: 0.50}}
      - {tool: crm.drop, scope: "**"}
      - {tool: crm.wipe, scope: "**"}
      - {tool: crm.costly, scope: "**", constraints: {max_cost: 0.10}}
""", 1).replace("halt_above: 2.0", "halt_above: 1.9")
)  # fmt: skip


def ask(method: str, url: str, body: object = None, agent: AgentId = BOT):
    return explain(RULES, agent, method=method, url=url, body=json.dumps(body).encode() if body is not None else b"")


def test_a_granted_tool_is_allowed_with_a_token():
    found = ask("GET", "https://crm.internal/v1/customers/42?full=1")

    assert (found.verdict, found.kind, found.tool, found.scope) == (
        Verdict.ALLOW,
        Kind.TOOL,
        "crm.read",
        "crm.customers.42",
    )
    assert (found.rule, found.token, found.effect, found.mode) == ("support-bot.grants[4]", True, "read", Mode.ENFORCE)
    assert (found.step_micros, found.approve_micros, found.halt_micros) == (100_000, 1_500_000, 1_900_000)


@pytest.mark.parametrize(
    ("method", "url", "kind", "rule"),
    [
        ("POST", "https://api.openai.com/v1/chat/completions", Kind.MODEL, "models.openai"),
        ("GET", "https://en.wikipedia.org/wiki/X", Kind.SOURCE, "sources[0]"),
    ],
)
def test_models_and_sources_need_no_token(method, url, kind, rule):
    found = ask(method, url)

    assert (found.verdict, found.kind, found.rule, found.token) == (Verdict.ALLOW, kind, rule, False)


@pytest.mark.parametrize(
    ("method", "url", "body", "code"),
    [
        ("GET", "https://evil.test/", None, Code.DESTINATION_DENIED),
        ("GET", "https://crm.internal:8443/v1/customers/1", None, Code.DESTINATION_DENIED),
        ("GET", "https://crm.internal/v1/%2e%2e/customers/1", None, Code.PROTOCOL_DENIED),
        ("GET", "https://crm.internal/v1/customers", None, Code.UNREADABLE),
        ("POST", "https://mail.example/send", {"cc": "x"}, Code.UNREADABLE),
        ("PUT", "https://crm.internal/v1/customers/1", None, Code.TOOL_UNDECLARED),
        ("POST", "https://en.wikipedia.org/wiki/X", None, Code.TOOL_UNDECLARED),
        ("POST", "https://crm.internal/export", {"what": "all", "limit": 11}, Code.SCOPE_VIOLATION),
        ("PURGE", "https://crm.internal/x", None, None),
        ("PATCH", "https://crm.internal/x", None, Code.SCOPE_VIOLATION),
        ("DELETE", "https://crm.internal/x", None, Code.RISK_HALTED),
        ("POST", "https://crm.internal/export", {"what": "all", "limit": 10}, Code.HUMAN_APPROVAL_REQUIRED),
        ("POST", "https://mail.example/send", {"to": "x", "pad": "x" * (10 * 1024 * 1024)}, Code.TOO_LARGE),
    ],
)
def test_each_no_has_its_code(method, url, body, code):
    found = ask(method, url, body)

    assert found.code == code
    assert found.detail
    held = code is Code.HUMAN_APPROVAL_REQUIRED
    assert found.verdict is (Verdict.HOLD if held else Verdict.DENY if code else Verdict.ALLOW)


def test_a_tool_without_a_grant_is_denied_with_what_was_found():
    bare = rules(
        FULL.replace(
            '      - {tool: mail.send, scope: "mail.contacts.*", constraints: {max_cost: 0.50, uses: 1}}\n', ""
        )
    )

    found = explain(bare, BOT, method="POST", url="https://mail.example/send", body=b'{"to": "bob"}')

    assert (found.verdict, found.code) == (Verdict.DENY, Code.POLICY_DENIED)
    assert (found.tool, found.scope, found.token) == ("mail.send", "mail.contacts.bob", True)
    assert "the nearest is support-bot.grants[0]" in found.detail


def test_an_unknown_agent_is_nobody():
    found = ask("GET", "https://crm.internal/v1/customers/42", agent=AgentId("suport-bot"))

    assert (found.verdict, found.code) == (Verdict.DENY, Code.IDENTITY_REQUIRED)
    assert "did you mean `support-bot`?" in found.detail


@pytest.mark.parametrize(
    "url", ["", "crm.internal/x", "ftp://crm.internal/", "https:///x", "https://u:p@crm.internal/", "https://h:x/"]
)
def test_what_is_no_url_is_refused(url):
    with pytest.raises(ValueError, match=r".+"):
        ask("GET", url)


def test_a_body_that_is_no_json_has_nothing_to_fill_a_scope_with():
    found = explain(RULES, BOT, method="POST", url="https://mail.example/send", body=b"to=bob")

    assert found.code is Code.UNREADABLE


@given(st.text(max_size=40).map(lambda tail: "https://crm.internal/" + tail), st.binary(max_size=20))
def test_any_url_and_body_get_an_answer_or_are_refused(url, body):
    try:
        found = explain(RULES, BOT, method="GET", url=url, body=body)
    except ValueError:
        return
    assert found.verdict in Verdict
