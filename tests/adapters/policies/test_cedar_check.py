"""Cedar policies that cannot mean what their writer thinks are refused before they are asked."""

from __future__ import annotations

import pytest

from aisecops.adapters.policies.reading import read_rules
from aisecops.model.rules import RuleSet
from support.gateway import RULES

ASKED = f'{RULES}\npolicy: {{cedar: ["policy/*.cedar"]}}\n'
FAMILY = '\ntools: {"tickets.*": {match: {mcp: {host: mcp.internal, tool: "*"}}}}\n'


def problems(text: str, **more: str):
    files = {"rules.yaml": ASKED.encode(), "policy/a.cedar": text.encode()}
    found = read_rules(files | {f"{name}.yaml": body.encode() for name, body in more.items()})
    return () if isinstance(found, RuleSet) else [(str(one), one.mend) for one in found]


GOOD = """
permit(principal in Role::"office", action in Action::"read", resource in Scope::"crm.customers")
  when { context.risk_score.lessThan(decimal("0.75")) };
forbid(principal == Agent::"clerk", action == Action::"mail.send", resource)
  when { context.read_untrusted && context has rows && context.rows > 10 };
"""


def test_policies_that_fit_the_rules_are_well():
    assert problems(GOOD) == ()


def test_a_policy_may_speak_of_what_no_tool_does_yet():
    reads = RULES.replace("effect: write", "effect: read")
    files = {"rules.yaml": f'{reads}\npolicy: {{cedar: ["policy/*.cedar"]}}\n'.encode()}
    forbids = b'permit(principal, action, resource);\nforbid(principal, action in Action::"write", resource);'
    assert isinstance(read_rules(files | {"policy/a.cedar": forbids}), RuleSet)


@pytest.mark.parametrize(
    ("text", "line", "says", "mend"),
    [
        ('permit(principal, action, resource);\npermit(principal, action == Action::"crm.raed", resource);', 2,
         'unrecognized action `Action::"crm.raed"`', "did you mean `crm.read`?"),
        ('\npermit(principal == Agnt::"clerk", action, resource);', 2, "unrecognized entity type `Agnt`", ""),
        ("permit(principal, action, resource) when { context.risk_scor == 1 };", 1, "`risk_scor`", ""),
        ("permit(principal, action, resource) when { context.rows > 1 };", 1, "optional attribute `rows`", ""),
        ("permit(principal, action, resource) when { context.host < };", 1, "cannot be read", ""),
        ("permit(principal, action, resource)", 1, "has no end", "end it with `;`"),
        ("permit(principal == ?principal, action, resource);", 1, "template", ""),
        ("// nothing", None, "no Cedar policy", ""),
    ],
)  # fmt: skip
def test_each_problem_names_its_place(text, line, says, mend):
    found = problems(text)
    assert found
    what, how = found[0]
    assert says in what
    assert line is None or what.startswith(f"policy/a.cedar:{line}:")
    assert mend in how


def test_a_call_of_a_declared_family_is_known_and_any_other_is_not():
    whole = ASKED + "  # a family\n"
    files = {
        "rules.yaml": whole.encode(),
        "more.yaml": f"version: 1{FAMILY}".encode(),
        "policy/a.cedar": b'permit(principal, action == Action::"tickets.create", resource);',
    }
    assert isinstance(read_rules(files), RuleSet)
    del files["more.yaml"]
    assert not isinstance(read_rules(files), RuleSet)


def test_a_pattern_that_names_nothing_and_a_policy_that_nothing_names_are_problems():
    unnamed = read_rules({"rules.yaml": RULES.encode(), "policy/a.cedar": GOOD.encode()})
    missing = read_rules({"rules.yaml": ASKED.replace("*.cedar", "b.cedar").encode()})
    assert [problem.what for problem in unnamed] == ["nothing asks this policy"]
    assert [problem.what for problem in missing] == ["there is no `policy/b.cedar`"]


def test_a_policy_that_is_no_text_is_a_problem():
    found = read_rules({"rules.yaml": ASKED.encode(), "policy/a.cedar": b"\xff\xfe"})
    assert [problem.what for problem in found] == ["this is not UTF-8"]


def test_what_a_policy_says_is_part_of_the_policy_version():
    versions = {
        read_rules({"rules.yaml": ASKED.encode(), "policy/a.cedar": text.encode()}).policy_version
        for text in (GOOD, GOOD + "// changed\n")
    }
    assert len(versions) == 2
