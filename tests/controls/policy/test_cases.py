"""Case files."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aisecops.controls.policy.cases import parse_cases, run_case
from aisecops.controls.policy.parse import parse
from aisecops.model.decision import Verdict
from aisecops.model.place import Problem
from aisecops.model.refusals import Code
from aisecops.model.rules import RuleSet
from support.rules_text import FULL, rules

GOOD = b"""
cases:
  - name: the bot writes to one contact
    agent: support-bot
    request: {method: POST, url: "https://mail.example/send", body: {to: bob, n: 1, yes: true, no: null, t: "1", l: [1.5]}}
    expect: {verdict: allow, tool: mail.send, scope: mail.contacts.bob, rule: "support-bot.grants[1]"}
"""


def test_a_case_is_read_with_its_body_as_json():
    (case,), problems = parse_cases({"a.cases.yaml": GOOD})

    assert not problems
    assert (case.name, str(case.place)) == ("the bot writes to one contact", "a.cases.yaml:3")
    assert json.loads(case.request.body) == {"to": "bob", "n": 1, "yes": True, "no": None, "t": "1", "l": [1.5]}
    assert case.expect.verdict is Verdict.ALLOW


def test_a_case_that_holds_has_no_faults():
    (case,), _ = parse_cases({"a": GOOD})

    assert run_case(rules(FULL), case).faults == ()


@pytest.mark.parametrize(
    ("expect", "fault"),
    [
        ("verdict: deny", "expected verdict `deny`, found `allow`"),
        ("verdict: allow, tool: x", "expected tool `x`, found `mail.send`"),
        ("verdict: allow, scope: x", "expected scope `x`, found `mail.contacts.bob`"),
        ("verdict: allow, rule: x", "expected rule `x`, found `support-bot.grants[1]`"),
        ("verdict: allow, code: policy_denied", "expected code `policy_denied`, found `none`"),
    ],
)
def test_what_is_not_as_expected_is_said(expect, fault):
    data = GOOD.replace(
        b'verdict: allow, tool: mail.send, scope: mail.contacts.bob, rule: "support-bot.grants[1]"', expect.encode()
    )
    (case,), _ = parse_cases({"a": data})

    assert run_case(rules(FULL), case).faults == (fault,)


def test_a_case_names_only_what_it_expects():
    data = b"cases: [{name: n, agent: nobody, request: {method: GET, url: 'https://h.test'}, expect: {verdict: deny}}]"
    (case,), _ = parse_cases({"a": data})

    result = run_case(rules(FULL), case)

    assert result.faults == ()
    assert result.found.code is Code.IDENTITY_REQUIRED


def test_a_url_that_is_none_is_a_fault_of_the_case():
    data = b"cases: [{name: n, agent: support-bot, request: {method: GET, url: h}, expect: {verdict: deny}}]"
    (case,), _ = parse_cases({"a": data})

    assert "the URL cannot be read" in run_case(rules(FULL), case).faults[0]


@pytest.mark.parametrize(
    ("data", "what"),
    [
        (b"", "nothing where cases belong"),
        (b"cases: []", "an empty list"),
        (b"case: []", "unknown key `case`"),
        (
            b"cases: [{name: n, agent: a, request: {method: GET, url: u}, expect: {verdict: maybe}}]",
            "`maybe` is not a verdict",
        ),
        (b"cases: [{name: n, agent: a, request: {method: GET, url: u}, expect: {code: no}}]", "`verdict` is missing"),
    ],
)
def test_a_case_file_is_read_strictly(data, what):
    cases, problems = parse_cases({"a.cases.yaml": data})

    assert cases == ()
    assert any(what in problem.what for problem in problems)


def test_the_shipped_cases_hold_for_the_shipped_rules():
    folder = Path(__file__).parents[3] / "rules"
    files = {path.name: path.read_bytes() for path in folder.glob("*.yaml")}
    shipped = parse({name: data for name, data in files.items() if ".cases." not in name})
    cases, problems = parse_cases({name: data for name, data in files.items() if ".cases." in name})

    assert isinstance(shipped, RuleSet)
    assert cases
    assert not problems
    assert [result.faults for result in (run_case(shipped, case) for case in cases) if result.faults] == []


@given(st.binary(max_size=200))
def test_any_bytes_are_cases_or_problems(data):
    cases, problems = parse_cases({"a": b"cases:\n" + data})

    assert cases or problems
    assert all(isinstance(problem, Problem) for problem in problems)


PROPOSED = b"""
cases:
  - name: a command
    agent: support-bot
    request: {model_tool: bash, arguments: {command: ls}}
    expect: {verdict: deny}
"""


def test_a_case_may_be_a_call_that_a_model_proposes():
    (case,), problems = parse_cases({"a.cases.yaml": PROPOSED})
    assert problems == ()
    assert (case.request.model_tool, json.loads(case.request.arguments)) == ("bash", {"command": "ls"})


@pytest.mark.parametrize(
    ("request_text", "what"),
    [
        ("{method: GET}", "`url` is missing"),
        ("{arguments: {}}", "`model_tool` is missing"),
        ("{method: GET, url: x, model_tool: bash}", "in one"),
    ],
)
def test_a_request_that_says_too_little_or_too_much_is_named_with_its_line(request_text, what):
    text = PROPOSED.replace(b"{model_tool: bash, arguments: {command: ls}}", request_text.encode())
    cases, (problem,) = parse_cases({"a.cases.yaml": text})
    assert cases == ()
    assert what in problem.what
    assert problem.place.line == 5
