"""The world that policies speak of: the engine itself finds every question conform to the schema that the rules make."""

from __future__ import annotations

import cedarpy
import pytest

from aisecops.adapters.policies.cedar_world import entities, schema
from aisecops.adapters.policies.cedar_world import question as as_cedar
from aisecops.model.action import ToolEffect
from support.gateway import RULES, rules_of
from support.questions import question

FAMILY = f'{RULES}  "tickets.*":\n    match: {{mcp: {{host: mcp.internal, tool: "*"}}}}\n'.replace(
    "models:\n", "", 1
).replace(
    "  openai: {match: {host: api.openai.com}, dialect: openai, prices: {gpt-4o: {input: 2.50, output: 10.00}}}\n", ""
)


@pytest.mark.parametrize(
    "change", [{}, {"token": None}, {"rows": 3}, {"scope": ""}, {"found": ("SECRET",)}, {"role": ""}]
)
def test_every_question_conforms_to_the_schema(change):
    rules = rules_of()
    asked = question("clerk", "crm.read", change.pop("scope", "crm.customers.42"), **change)
    known = schema(rules)
    cedarpy.Entities.from_json_str(__import__("json").dumps(entities(rules, asked)[:1]), known)
    answer = cedarpy.is_authorized(
        as_cedar(asked), "permit(principal, action, resource);", entities(rules, asked), schema=known
    )
    assert answer.allowed, answer.diagnostics.errors


def test_a_scope_lies_below_each_of_its_beginnings():
    rules, asked = rules_of(), question("clerk", "crm.read", "crm.customers.42")
    for inside, wanted in (("crm", True), ("crm.customers", True), ("crm.customers.42", True), ("crm.cust", False)):
        policy = f'permit(principal, action, resource in Scope::"{inside}");'
        assert cedarpy.is_authorized(as_cedar(asked), policy, entities(rules, asked)).allowed is wanted


def test_an_action_lies_below_its_effect():
    rules = rules_of()
    asked = question("clerk", "db.write", "db.orders.7", effect=ToolEffect.WRITE)
    for group, wanted in (("write", True), ("read", False)):
        policy = f'permit(principal, action in Action::"{group}", resource);'
        assert cedarpy.is_authorized(as_cedar(asked), policy, entities(rules, asked)).allowed is wanted
