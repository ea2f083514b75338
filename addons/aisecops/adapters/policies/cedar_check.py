"""What is wrong with the Cedar policies of a rule set, each with file and line, before they are ever asked."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator

import cedarpy

from aisecops.adapters.policies.cedar_text import Statement, numbered, statements
from aisecops.adapters.policies.cedar_world import schema
from aisecops.controls.policy.mistakes import nearest
from aisecops.model.place import Place, Problem
from aisecops.model.rules import RuleSet

_ACTION = re.compile(r'Action::"((?:[^"\\]|\\.)*)"')
_PREFIX = re.compile(r"^for policy `policy\d+`, ")
_CONSEQUENCE = "unable to find an applicable action"
"""What the engine says as well whenever a name in the scope of a policy is wrong. Alone it is no mistake: a policy may
speak of writes before the rules declare a tool that writes."""


def problems_of(rules: RuleSet) -> tuple[Problem, ...]:
    """Every problem of the policies that `rules.policy.cedar_files` hold; of none at all, that."""
    found = statements(rules.policy.cedar_files)
    if not found:
        return (_problem(rules.policy.place, "there is no Cedar policy in the files named", "Cedar would deny all"),)
    unreadable = tuple(_unreadable(found))
    return unreadable or tuple(_unsound(rules, found))


def _unreadable(found: Iterable[Statement]) -> Iterator[Problem]:
    for one in found:
        if not one.whole:
            yield _problem(one.place, "this policy has no end", "end it with `;`")
            continue
        try:
            read = cedarpy.PolicySet.from_str(one.text)
        except ValueError as error:
            yield _problem(one.place, f"this policy cannot be read: {error}", "see docs/policy-engines.md")
        else:
            if len(read.templates()):
                yield _problem(one.place, "a template is linked to nobody here", "write whom it is for")


def _unsound(rules: RuleSet, found: tuple[Statement, ...]) -> Iterator[Problem]:
    """What the engine's own validation says, against the schema that the rules make."""
    whole = "\n".join(one.text for one in found)
    known = schema(rules, _actions(found))
    validated = cedarpy.validate_policies(whole, known)
    said: dict[Place, list[str]] = {}
    for error in validated.errors:
        number = numbered(error.policy_id)
        place = found[number].place if number is not None and number < len(found) else rules.policy.place
        said.setdefault(place, []).append(_PREFIX.sub("", error.error))
    for place, errors in said.items():
        for cause in (error for error in errors if not error.startswith(_CONSEQUENCE)):
            yield _problem(place, cause, _mend(rules, cause))
    if not said and not validated.validation_passed:
        yield _problem(rules.policy.place, "the Cedar policies do not fit the rules", "see docs/policy-engines.md")


def _actions(found: Iterable[Statement]) -> set[str]:
    """Every action that a policy names."""
    return {json.loads(f'"{name}"') for one in found for name in _ACTION.findall(one.text)}


def _mend(rules: RuleSet, error: str) -> str:
    named = _ACTION.search(error)
    near = nearest(named[1], rules.tools) if named and "unrecognized action" in error else None
    return f"did you mean `{near}`?" if near else "see docs/policy-engines.md"


def _problem(place: Place, what: str, mend: str) -> Problem:
    return Problem(place=place, what=what, mend=mend)
