"""The heaviest chain of a few steps: found among all, scored as the gateway scores."""

from __future__ import annotations

from itertools import product

import pytest

from aisecops.controls.risk.plan import PlanVerdict
from aisecops.ops.threat_model.chains import heaviest, reachable
from aisecops.ops.threat_model.reach import granted
from support.gateway import RULES, rules_of

SEQUENCED = RULES.replace("escalation: 1.2", "escalation: 3.0").replace("base_risk: 0.2", "base_risk: 0.9")


def chain(length, text=RULES, agent="clerk"):
    rules = rules_of(text)
    return heaviest(rules, rules.agents[agent], granted(rules, rules.agents[agent]), length)


def test_without_sequences_the_heaviest_step_again_and_again():
    found = chain(2)
    assert found.names == ("mail.send", "mail.send")
    assert (found.declared.total_micros, found.declared.verdict) == (1_600_000, PlanVerdict.HOLD)
    assert (found.worst.total_micros, found.worst.verdict) == (3_200_000, PlanVerdict.HALT)


def test_a_sequence_makes_a_read_before_a_mail_heavier_than_two_mails():
    found = chain(2, SEQUENCED)
    assert found.names == ("crm.read", "mail.send")
    assert found.declared.total_micros == 450_000 + 2_400_000  # 0.9 x 0.5, then 0.4 x 2 x 3


def test_a_source_can_be_the_first_step():
    text = RULES.replace("when: [{effect: read, label: confidential}", "when: [{kind: source}").replace("1.2", "3.0")
    assert chain(2, text).names == ("source:*.wiki.example/**", "mail.send")


def test_at_worst_is_without_stress_where_there_are_no_budgets_to_use_up():
    text = RULES.replace("    budgets: {max_tool_calls: 50, max_write_operations: 10, max_cost: 1.00}\n", "")
    assert chain(2, text).worst.total_micros == 1_600_000


def test_an_agent_without_tools_has_no_chain():
    assert chain(3, agent="visitor") is None


@pytest.mark.parametrize("text", [RULES, SEQUENCED, RULES.partition("risk:\n  sequences")[0]])
def test_nothing_heavier_was_left_out_because_it_looked_like_another_step(text):
    rules = rules_of(text)
    agent = rules.agents["clerk"]
    tools = granted(rules, agent)
    alone = [heaviest(rules, agent, some, 3) for some in product(tools, repeat=3)]
    assert max(one.declared.total_micros for one in alone) == chain(3, text).declared.total_micros


def test_a_sequence_is_reachable_when_the_agent_has_a_step_for_each_of_its_places():
    def names(text, agent="clerk"):
        rules = rules_of(text)
        return [one.name for one in reachable(rules, granted(rules, rules.agents[agent]))]

    assert names(RULES) == ["read-then-send"]
    assert names(RULES, "visitor") == []
    assert names(RULES.replace("{effect: read, label: confidential}", "{effect: memory-read}")) == []
