"""Rules that no case asks about."""

from __future__ import annotations

from aisecops.controls.policy.cases import parse_cases, run_case
from aisecops.controls.policy.coverage import coverage
from support.gateway import RULES, rules_of

CASES = b"""
cases:
  - name: reads
    agent: clerk
    request: {method: GET, url: "https://crm.internal/v1/customers/42"}
    expect: {verdict: allow}
  - name: a visitor may not write
    agent: visitor
    request: {method: POST, url: "https://db.internal/orders/7"}
    expect: {verdict: deny}
  - name: asks a model
    agent: clerk
    request: {method: POST, url: "https://api.openai.com/v1/chat/completions"}
    expect: {verdict: allow}
"""


def test_a_case_touches_what_decided_it_and_the_tool_it_was_about():
    rules = rules_of()
    cases, _ = parse_cases({"a.cases.yaml": CASES})
    found = coverage(rules, [run_case(rules, case) for case in cases])
    assert found.rules == 8
    assert [name for name, _ in found.untouched] == [
        "clerk.grants[1]",
        "clerk.grants[2]",
        "tools.mail.send",
        "sources[0]",
    ]
    line = RULES.splitlines().index('      - {tool: db.write, scope: "db.orders.*"}') + 1
    assert str(dict(found.untouched)["clerk.grants[2]"]) == f"rules.yaml:{line}"


def test_without_cases_nothing_is_touched():
    assert len(coverage(rules_of(), []).untouched) == coverage(rules_of(), []).rules
