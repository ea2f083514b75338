"""The rules of a folder's files, checked with the engines whose policies stand among them."""

from __future__ import annotations

from collections.abc import Mapping

from aisecops.controls.policy.parse import parse
from aisecops.model.place import Problem
from aisecops.model.rules import RuleSet


def read_rules(files: Mapping[str, bytes]) -> RuleSet | tuple[Problem, ...]:
    """The rule set that `files` (names and bytes) make together, or everything that is wrong with them."""
    rules = parse(files)
    if not isinstance(rules, RuleSet) or not rules.policy.cedar_files:
        return rules
    from aisecops.adapters.policies.cedar_check import problems_of  # the engine is loaded where policies ask for it

    return problems_of(rules) or rules
