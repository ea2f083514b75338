"""From requests to rules."""

from __future__ import annotations

from decimal import Decimal

import pytest

from aisecops.controls.policy.match import (
    destination_known,
    find_mcp_tool,
    find_model,
    find_model_tool,
    find_source,
    find_tool,
    meant_elsewhere,
    measure,
    only_one_reading,
    scope_of,
    tool_name,
)
from aisecops.controls.policy.target import normal_path
from aisecops.model.errors import WireError
from aisecops.model.refusals import Code
from aisecops.model.rules import Measure
from support.rules_text import FULL, rules


def where(method: str, host: str, path: str = "/", port: int = 443) -> dict:
    return {"method": method, "host": host, "port": port, "path_segments": normal_path(path)[0]}


def name_of(found: object) -> str | None:
    return getattr(found, "name", None)


SPECIFIC = rules(
    """
    tools:
      any: {match: {host: "*.shop.test"}}
      below: {match: {host: "*.eu.shop.test"}}
      host: {match: {host: api.shop.test}}
      port: {match: {host: "api.shop.test:8443"}}
      orders: {match: {host: api.shop.test, path: "/orders/**"}}
      order: {match: {host: api.shop.test, path: "/orders/*"}}
      refund: {match: {host: api.shop.test, path: "/orders/*/refund"}}
      get: {match: {host: api.shop.test, path: "/orders/*", method: GET}}
    """
)


@pytest.mark.parametrize("path", ["/orders/1/refund;x=1", "/orders;/1", "/orders/1/refund%3b"])
def test_a_path_that_other_servers_would_take_for_another_rules_is_refused(path):
    with pytest.raises(WireError, match="another rule would speak") as caught:
        only_one_reading(SPECIFIC, **where("GET", "api.shop.test", path))
    assert caught.value.code is Code.PROTOCOL_DENIED


@pytest.mark.parametrize(("host", "path"), [("api.shop.test", "/orders/1;x=1"), ("x.shop.test", "/wiki/Steins;Gate")])
def test_a_semicolon_alone_is_no_second_reading(host, path):
    only_one_reading(SPECIFIC, **where("GET", host, path))


@pytest.mark.parametrize(
    ("request_", "tool"),
    [
        (where("GET", "x.shop.test"), "any"),
        (where("GET", "x.eu.shop.test"), "below"),
        (where("GET", "api.shop.test", "/x"), "host"),
        (where("GET", "API.shop.test", "/x"), "host"),
        (where("GET", "api.shop.test", "/x", 80), "host"),
        (where("GET", "api.shop.test", "/orders/1", 8443), "port"),
        (where("GET", "api.shop.test", "/orders"), "orders"),
        (where("POST", "api.shop.test", "/orders/1"), "order"),
        (where("GET", "api.shop.test", "/orders/1"), "get"),
        (where("GET", "api.shop.test", "/orders/1/refund"), "refund"),
        (where("GET", "shop.test"), None),
        (where("GET", "x.shop.test", "/", 8080), None),
        (where("GET", "api.shop.test.", "/x"), None),
        (where("GET", "api.shop.test.evil.test", "/x"), None),
    ],
)
def test_the_most_specific_match_is_the_tool(request_, tool):
    assert name_of(find_tool(SPECIFIC, **request_)) == tool


def test_a_method_that_is_not_named_is_no_match():
    found = rules(FULL)

    assert find_tool(found, **where("POST", "crm.internal", "/v1/customers/42")) is None
    assert find_tool(found, **where("get", "crm.internal", "/v1/customers/42")) is None


BOTH = rules(
    """
    tools:
      files: {match: {host: llm.test, path: "/v1/files/**"}}
      wide: {match: {host: "*.wide.test"}}
      same: {match: {host: same.test}}
    models:
      llm: {match: {host: llm.test}, dialect: openai}
      exact: {match: {host: llm.wide.test}, dialect: openai}
      same: {match: {host: same.test}, dialect: openai}
    sources:
      - {match: {host: llm.test, path: "/v1/files/public/**"}}
    """
)


@pytest.mark.parametrize(
    ("request_", "tool", "model"),
    [
        (where("POST", "llm.test", "/v1/chat"), None, "llm"),
        (where("POST", "llm.test", "/v1/files/1"), "files", None),
        (where("POST", "llm.wide.test", "/v1/chat"), None, "exact"),
        (where("POST", "x.wide.test", "/v1/chat"), "wide", None),
        (where("POST", "same.test", "/"), "same", None),
        (where("POST", "other.test", "/"), None, None),
    ],
)
def test_between_a_tool_and_a_model_exactly_one_answers(request_, tool, model):
    assert name_of(find_tool(BOTH, **request_)) == tool
    assert name_of(find_model(BOTH, **request_)) == model


def test_a_tool_goes_before_a_source_however_specific_the_source():
    assert name_of(find_tool(BOTH, **where("GET", "llm.test", "/v1/files/public/a"))) == "files"


@pytest.mark.parametrize(("method", "read"), [("GET", True), ("HEAD", True), ("POST", False), ("OPTIONS", False)])
def test_a_source_is_only_read(method, read):
    found = find_source(rules(FULL), **where(method, "en.wikipedia.org", "/wiki/X"))

    assert (found is not None) is read


def test_a_local_tool_is_found_by_each_of_its_names():
    found = rules(FULL)

    assert [name_of(find_model_tool(found, name)) for name in ("bash", "shell", "send_email", "Bash", "")] == [
        "shell.exec", "shell.exec", "mail.send", None, None,
    ]  # fmt: skip


MCP = rules(
    """
    tools:
      tickets.*: {match: {mcp: {host: mcp.test}}}
      tickets.made.*: {match: {mcp: {host: mcp.test, tool: "create_*"}}}
      tickets.close: {match: {mcp: {host: mcp.test, tool: close}}}
      admin.*: {match: {mcp: {host: "mcp.test:9000", tool: "*", path: /admin}}}
    """
)


@pytest.mark.parametrize(
    ("called", "name"),
    [
        ("list", "tickets.list"),
        ("create_one", "tickets.made.create_one"),
        ("close", "tickets.close"),
        ("a.b", "tickets.a%2Eb"),
    ],
)
def test_an_mcp_call_is_the_tool_of_the_longest_name_that_fits(called, name):
    tool = find_mcp_tool(MCP, host="mcp.test", port=443, path_segments=("mcp",), called=called)

    assert tool is not None
    assert tool_name(tool, called) == name
    assert meant_elsewhere(MCP, host="mcp.test", port=443, path_segments=("mcp",), called=called) is None


@pytest.mark.parametrize("called", ["Close", "close ", "clo\u200bse", "cl\u043ese", "CLOSE\n", "\uff43lose"])
def test_a_name_that_only_looks_like_that_of_a_tool_is_told_from_the_familys(called):
    found = meant_elsewhere(MCP, host="mcp.test", port=443, path_segments=("mcp",), called=called)
    assert name_of(found) == "tickets.close"


@pytest.mark.parametrize(
    ("host", "port", "known"),
    [
        ("crm.internal", 443, True),
        ("CRM.internal", 80, True),
        ("crm.internal", 8080, False),
        ("mcp.internal", 443, True),
        ("api.openai.com", 443, True),
        ("en.wikipedia.org", 443, True),
        ("wikipedia.org", 443, False),
        ("crm.internal.", 443, False),
        ("169.254.169.254", 443, False),
        ("", 443, False),
    ],
)
def test_a_destination_is_known_when_a_rule_names_its_host_and_port(host, port, known):
    assert destination_known(rules(FULL), host, port) is known


def test_of_an_empty_rule_set_nothing_is_known():
    assert not destination_known(rules(), "crm.internal", 443)
    assert find_tool(rules(), **where("GET", "crm.internal")) is None


def test_a_scope_is_filled_from_the_request():
    tool = rules(FULL).tools["crm.read"]

    assert scope_of(tool, path_segments=("v1", "customers", "42")) == "crm.customers.42"
    assert scope_of(tool, path_segments=("v1", "customers", "4.2*")) == "crm.customers.4%2E2%2A"


def test_a_scope_that_cannot_be_filled_is_unreadable():
    with pytest.raises(WireError, match=r"no segment 2") as refused:
        scope_of(rules(FULL).tools["crm.read"], path_segments=("v1", "customers"))

    assert refused.value.code is Code.UNREADABLE


def test_a_tool_without_a_template_has_its_name_as_scope():
    found = rules(FULL).tools

    assert scope_of(found["shell.exec"], body={"x": 1}) == "shell.exec"
    assert scope_of(found["tickets.*"], called="create") == "tickets.create"


@pytest.mark.parametrize(
    ("expression", "body", "number"),
    [
        ("length(rows)", {"rows": [1, 2]}, Decimal(2)),
        ("limit", {"limit": 0.1}, Decimal("0.1")),
        ("limit", {"limit": Decimal("0.10")}, Decimal("0.10")),
        ("limit", {}, None),
        ("limit", {"limit": "5"}, None),
        ("limit", {"limit": True}, None),
        ("limit", {"limit": -1}, None),
        ("limit", {"limit": float("inf")}, None),
        ("limit", None, None),
        ("length(rows)", {"rows": 5}, None),
        ("length(rows)", {}, None),
    ],
)
def test_a_measure_finds_a_number_or_none(expression, body, number):
    assert measure(Measure(side="request", expression=expression), body) == number


def test_a_fixed_measure_needs_no_body():
    assert measure(Measure(side="fixed", fixed=Decimal("0.01")), None) == Decimal("0.01")
