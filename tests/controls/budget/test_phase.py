from __future__ import annotations

import pytest

from aisecops.controls.budget.phase import finish, halt, phase_judgment, phase_of, resume
from aisecops.model.budget import RunPhase
from aisecops.model.decision import Verdict
from aisecops.model.ids import RunId
from aisecops.model.refusals import Code
from support.trees import CHILD, OTHER, ROOT, family, run_state, tree_of


def code(tree, run_id: RunId) -> Code | None:
    judgment = phase_judgment(tree, run_id)
    assert (judgment.verdict is Verdict.DENY) is bool(judgment.reasons)
    return judgment.reasons[0].code if judgment.reasons else None


def test_an_active_run_may_act():
    assert code(family(), CHILD) is None


def test_a_held_run_may_act():
    assert code(tree_of(run_state(ROOT, phase=RunPhase.HELD)), ROOT) is None


def test_a_run_nobody_opened_may_not_act():
    assert code(family(), RunId("run_gone")) is Code.RUN_UNKNOWN


def test_halting_the_tree_halts_every_run_of_it():
    tree = halt(family(), 7, "risk 2.4")
    assert [code(tree, run_id) for run_id in (ROOT, CHILD, OTHER)] == [Code.RUN_HALTED] * 3
    assert "risk 2.4" in phase_judgment(tree, CHILD).reasons[0].detail
    assert (tree.halted_ms, tree.halted_why) == (7, "risk 2.4")


def test_a_halted_parent_halts_its_children_only():
    tree = tree_of(
        run_state(ROOT),
        run_state(CHILD, ROOT, phase=RunPhase.HALTED),
        run_state(RunId("run_grand"), CHILD),
        run_state(OTHER, ROOT),
    )
    assert code(tree, RunId("run_grand")) is Code.RUN_HALTED
    assert code(tree, OTHER) is None


def test_halting_again_keeps_the_first_reason():
    assert halt(halt(family(), 7, "first"), 9, "second").halted_why == "first"


def test_resuming_lets_the_tree_act_again_and_forgets_nothing_used():
    tree = tree_of(
        run_state(ROOT, tool_calls=4, phase=RunPhase.HALTED),
        run_state(CHILD, ROOT, phase=RunPhase.FINISHED),
        risk_micros=5,
    )
    assert resume(family(), 5) == family()
    assert resume(halt(tree, 7, "risk"), 5).reviewed_up_to_micros == tree.risk_micros + 5
    with pytest.raises(ValueError, match="takes nothing away"):
        resume(tree, -1)
    resumed = resume(halt(tree, 7, "risk"))
    assert [code(resumed, run_id) for run_id in (ROOT, CHILD)] == [None, Code.RUN_FINISHED]
    assert (resumed.halted_ms, resumed.halted_why, resumed.risk_micros, resumed.runs[ROOT].tool_calls) == (
        None,
        "",
        5,
        4,
    )


def test_a_finished_run_may_not_act():
    tree = finish(family(), CHILD)
    assert [code(tree, run_id) for run_id in (ROOT, CHILD, OTHER)] == [None, Code.RUN_FINISHED, None]


def test_a_finished_run_stays_finished_in_a_halted_tree():
    assert phase_of(halt(finish(family(), CHILD), 7, "risk"), CHILD) is RunPhase.FINISHED


def test_only_a_known_run_can_be_finished():
    with pytest.raises(KeyError):
        finish(family(), RunId("run_gone"))
