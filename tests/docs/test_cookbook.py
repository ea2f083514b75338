"""Every case of the cookbook is a rule set that loads, and that says what its own case file expects."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from aisecops.adapters.policies.reading import read_rules
from aisecops.controls.policy.cases import parse_cases, run_case
from aisecops.model.rules import RuleSet

PAGE = Path(__file__).parents[2] / "docs" / "cookbook.md"


def recipes() -> list[tuple[str, list[str]]]:
    """The title of each case, and its blocks of YAML."""
    _, *cases = re.split(r"^## ", PAGE.read_text(), flags=re.MULTILINE)
    return [
        (case.partition("\n")[0], re.findall(r"^```yaml\n(.*?)^```", case, flags=re.MULTILINE | re.DOTALL))
        for case in cases
    ]


@pytest.mark.parametrize(("title", "blocks"), recipes(), ids=lambda value: value[:40] if isinstance(value, str) else "")
def test_a_recipe_says_what_it_promises(title, blocks):
    rules_text, cases_text = blocks
    rules = read_rules({"rules.yaml": rules_text.encode()})
    assert isinstance(rules, RuleSet), [f"{problem} ({problem.mend})" for problem in rules]
    cases, problems = parse_cases({"page.cases.yaml": cases_text.encode()})
    assert problems == ()
    assert [(case.name, *faults) for case in cases if (faults := run_case(rules, case).faults)] == []


def test_there_are_ten():
    assert len(recipes()) == 10
