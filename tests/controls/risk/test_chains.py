"""Which trees are one chain by what they say, and what follows."""

from __future__ import annotations

import pytest

from aisecops.controls.risk.chains import MOST_JOINED, halted_above, joined_with, judge, standing
from aisecops.model.chain import Drawn, Join, JoinedChain, Way
from aisecops.model.decision import Verdict
from aisecops.model.ids import AgentId, RunId
from aisecops.model.refusals import Code
from aisecops.model.risk import Thresholds
from support.trees import ROOT, tree_of

LINES = Thresholds(approve_micros=1_500_000, halt_micros=2_000_000)
HOUR = 3_600_000


def drawn(name="other", at=100):
    run_id = RunId(f"run_{name}")
    return Drawn(root_run_id=run_id, run_id=run_id, agent_id=AgentId(name), way=Way.TOOL, at_ms=at)


def chain(risk=0, *, name="other", halted=None):
    return JoinedChain(drawn=drawn(name), risk_micros=risk, halted_ms=halted, halted_why="odd" if halted else "")


def after(joined, total, join, *, approved=False, adds=True):
    judged = judge(tuple(joined), total, LINES, join, adds=adds, approved=approved)
    return judged.verdict, [reason.code for reason in judged.reasons]


def join(tree, *found, now=100, within=HOUR):
    return joined_with(tree, found, now_ms=now, within_ms=within)


def test_a_tree_is_joined_once_with_each_other_by_its_newest_words_and_never_with_itself():
    tree = join(tree_of(), drawn("a", 5), drawn("b", 6), drawn("a", 9), drawn("a", 7))
    assert [(one.agent_id, one.at_ms) for one in tree.drawn] == [("a", 9), ("b", 6)]
    own = Drawn(root_run_id=ROOT, run_id=ROOT, agent_id=AgentId("bot"), way=Way.MODEL, at_ms=5)
    assert join(tree, own) is tree


def test_words_of_long_ago_join_nothing():
    assert join(tree_of(), drawn(at=100), now=100 + HOUR).drawn
    assert not join(tree_of(), drawn(at=100), now=101 + HOUR).drawn


def test_what_was_said_before_a_review_no_longer_counts_and_what_is_said_after_does():
    tree = join(tree_of(reviewed_ms=50), drawn("a", 50), drawn("b", 51))
    assert [one.agent_id for one in standing(tree)] == ["b"]


def test_more_chains_than_can_be_kept_are_for_a_person():
    many = [drawn(f"a{n}") for n in range(MOST_JOINED + 20)]
    assert len(join(tree_of(), *many).drawn) == MOST_JOINED + 1
    joined = [JoinedChain(drawn=one, risk_micros=0) for one in many[: MOST_JOINED + 1]]
    assert after(joined, 0, Join.HOLD) == (Verdict.HOLD, [Code.HUMAN_APPROVAL_REQUIRED])


@pytest.mark.parametrize("how", [Join.OFF, Join.HOLD, Join.HALT])
def test_sums_on_the_line_are_not_over_it(how):
    assert after([chain(1_000_000)], 500_000, how) == (Verdict.ALLOW, [])


def test_a_sum_of_all_over_a_line_is_for_a_person_and_only_where_it_binds_the_end():
    over = [chain(1_000_000), chain(600_000, name="b")]
    assert after(over, 500_000, Join.OFF) == (Verdict.ALLOW, [])
    assert after(over, 500_000, Join.HOLD) == (Verdict.HOLD, [Code.HUMAN_APPROVAL_REQUIRED])
    assert after(over, 500_000, Join.HOLD, approved=True)[0] is Verdict.ALLOW
    assert after(over, 500_000, Join.HOLD, adds=False) == (Verdict.ALLOW, [])
    assert after(over, 500_000, Join.HALT, adds=False)[0] is Verdict.DENY
    assert after(over, 500_000, Join.HALT) == (Verdict.DENY, [Code.RISK_HALTED])
    assert after(over, 500_000, Join.HALT, approved=True)[0] is Verdict.DENY
    assert after([chain(1_200_000)], 500_000, Join.HALT) == (Verdict.HOLD, [Code.HUMAN_APPROVAL_REQUIRED])


def test_a_halted_chain_is_for_a_person_and_ends_what_works_on_it_where_it_binds():
    assert after([chain(halted=7)], 0, Join.HOLD) == (Verdict.HOLD, [Code.HUMAN_APPROVAL_REQUIRED])
    assert after([chain(halted=7)], 0, Join.HALT, approved=True) == (Verdict.DENY, [Code.RUN_HALTED])
    [(reason, since)] = halted_above([chain(), chain(halted=7)], Join.HALT)
    assert (reason.code, since) == (Code.RUN_HALTED, 7)
    assert "run `run_other` of `other` is halted (odd)" in reason.detail
    assert list(halted_above([chain(halted=7)], Join.HOLD)) == []
