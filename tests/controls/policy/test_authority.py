"""What agents may do, and whether one authority lies within another."""

from __future__ import annotations

from msgspec.structs import replace

from aisecops.controls.policy.authority import authorities, beyond, limits_in_words
from aisecops.model.grant import Constraints
from aisecops.model.ids import AgentId
from support.gateway import RULES, rules_of


def test_each_grant_of_a_declared_tool_is_one():
    found = {(one.agent_id, one.tool, one.scope) for one in authorities(rules_of())}
    assert found == {
        ("clerk", "crm.read", "crm.customers.*"),
        ("clerk", "mail.send", "mail.contacts.*"),
        ("clerk", "db.write", "db.orders.*"),
    }


def test_a_pattern_is_one_for_each_tool_it_covers():
    wide = rules_of(RULES.replace("- {tool: db.write", '- {tool: "*.*", scope: "*.**"}\n      - {tool: db.write'))
    assert {one.tool for one in authorities(wide) if one.scope == "*.**"} == {"crm.read", "mail.send", "db.write"}


def test_what_is_narrower_in_every_way_lies_within():
    read = next(one for one in authorities(rules_of()) if one.tool == "crm.read")
    narrower = replace(read, scope="crm.customers.42", constraints=Constraints(max_rows=1, uses=1))
    assert beyond([narrower], [read]) == ()
    for wider in (
        replace(read, scope="crm.**"),
        replace(read, constraints=Constraints()),
        replace(read, tool="crm.*"),
        replace(read, agent_id=AgentId("visitor")),
    ):
        assert beyond([wider], [read]) == (wider,)


def test_limits_are_said_in_units():
    limits = Constraints(max_rows=3, max_cost_micros=500_000, uses=1, max_ttl_s=60)
    assert limits_in_words(limits) == "max_rows 3, max_cost 0.5, uses 1, expiry 60s"
