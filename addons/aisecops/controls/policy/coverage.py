"""Which rules the cases touch: a rule that no case asks about may say anything."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from aisecops.controls.policy.cases import CaseResult
from aisecops.controls.policy.match import tool_named
from aisecops.model.place import Place
from aisecops.model.rules import RuleSet
from aisecops.model.value import Value


class Coverage(Value):
    """How many rules there are, and those that no case touched: name and place."""

    rules: int
    untouched: tuple[tuple[str, Place], ...]


def coverage(rules: RuleSet, results: Iterable[CaseResult]) -> Coverage:
    """Every grant, tool, model and source of `rules` against what decided the cases."""
    there = dict(_named(rules))
    touched: set[str] = set()
    for result in results:
        touched.add(result.found.rule)
        if tool := tool_named(rules, result.found.tool):
            touched.add(f"tools.{tool.name}")
    left = tuple((name, place) for name, place in there.items() if name not in touched)
    return Coverage(rules=len(there), untouched=left)


def _named(rules: RuleSet) -> Iterator[tuple[str, Place]]:
    """The names by which explanations speak of rules."""
    for agent in rules.agents.values():
        yield from ((grant.name, grant.place) for grant in agent.grants)
    yield from ((f"tools.{tool.name}", tool.place) for tool in rules.tools.values())
    yield from ((f"models.{model.name}", model.place) for model in rules.models.values())
    yield from ((f"sources[{index}]", source.place) for index, source in enumerate(rules.sources))
