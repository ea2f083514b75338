"""A recorded request as other rules read it."""

from __future__ import annotations

from decimal import Decimal

from msgspec.structs import replace

from aisecops.model.action import Kind, ToolEffect
from aisecops.model.decision import Judgment, Verdict
from aisecops.model.refusals import Code
from aisecops.ops.reclassify import Unknown, reclassified
from support.gateway import RULES, rules_of
from support.records import facts


def of(tool: str = "crm.read", **more):
    found = facts()
    return replace(found, request=replace(found.request, kind=Kind.TOOL, tool=tool, **more))


def test_what_rules_say_of_a_tool_is_what_the_new_ones_say():
    new = rules_of(RULES.replace("effect: write\n    base_risk: 0.5", "effect: read\n    base_risk: 0.1"))
    found = reclassified(new, rules_of(), of("db.write"))
    assert not isinstance(found, Unknown)
    assert (found.request.effect, found.request.base_risk) == (ToolEffect.READ, Decimal("0.1"))


def test_a_tool_that_is_gone_is_undeclared():
    new = rules_of(RULES.replace("db.write", "db.other"))
    found = reclassified(new, rules_of(), of("db.write"))
    assert [reason.code for one in found.opinions for reason in one.reasons] == [Code.TOOL_UNDECLARED]


def test_what_an_engine_said_counts_only_while_it_is_asked():
    cedar = Judgment(control="cedar", verdict=Verdict.DENY)
    asked = rules_of(f'{RULES}\npolicy: {{cedar: ["policy/*.cedar"]}}\n')
    said = replace(of(), opinions=(cedar,))
    assert reclassified(rules_of(), rules_of(), said).opinions == ()
    assert reclassified(asked, rules_of(), said).opinions == (cedar,)
