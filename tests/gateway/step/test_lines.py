"""What binds a run of a tree."""

from __future__ import annotations

from msgspec.structs import replace

from aisecops.gateway.step.lines import NOTHING, limits_of, lines_for
from aisecops.model.ids import AgentId
from aisecops.model.risk import Thresholds
from support.gateway import RULES, rules_of
from support.trees import CHILD, ROOT, run_state, tree_of

TWO = RULES.replace("  visitor:\n", "  visitor:\n    risk: {approve_above: 0.4, halt_above: 3.0}\n")


def mixed(**state):
    parent = replace(run_state(ROOT), agent_id=AgentId("clerk"))
    return tree_of(parent, replace(run_state(CHILD, ROOT), agent_id=AgentId("visitor")), **state)


def test_the_lowest_line_of_a_lineage_binds():
    tree = mixed()
    assert lines_for(limits_of(rules_of(TWO), tree, CHILD), tree) == Thresholds(approve_micros=400_000)
    assert lines_for(limits_of(rules_of(TWO), tree, ROOT), tree) == Thresholds()


def test_what_a_review_allows_moves_the_line_that_halts_and_no_other():
    tree = mixed(reviewed_up_to_micros=2_300_000)
    lines = lines_for(limits_of(rules_of(TWO), tree, CHILD), tree)
    assert (lines.approve_micros, lines.halt_micros) == (400_000, 2_300_000)


def test_an_agent_that_the_rules_no_longer_name_may_take_nothing():
    tree = tree_of(run_state(ROOT))
    bound = limits_of(rules_of(TWO), tree, ROOT)
    assert bound[ROOT].budgets == NOTHING
    assert lines_for(bound, tree) == Thresholds(approve_micros=0, halt_micros=0)
