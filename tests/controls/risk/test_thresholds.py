from __future__ import annotations

import pytest

from aisecops.controls.risk.thresholds import judge, words
from aisecops.model.decision import Verdict
from aisecops.model.refusals import Code
from aisecops.model.risk import Thresholds

LINES = Thresholds()


@pytest.mark.parametrize(
    ("total", "by_plan", "approved", "verdict"),
    [
        (1_500_000, False, False, Verdict.ALLOW),
        (1_500_001, False, False, Verdict.HOLD),
        (1_500_001, False, True, Verdict.ALLOW),
        (2_000_000, False, False, Verdict.HOLD),
        (2_000_001, False, False, Verdict.DENY),
        (2_000_001, True, True, Verdict.DENY),
        (0, True, False, Verdict.HOLD),
        (0, True, True, Verdict.ALLOW),
    ],
)
def test_the_lines(total: int, by_plan: bool, approved: bool, verdict: Verdict):
    judgment = judge(total, LINES, held_by_plan=by_plan, approved=approved)
    assert judgment.verdict is verdict
    assert judgment.serves == ("AIS-RSK-01",)


def test_over_the_halt_line_the_run_is_to_be_halted():
    judgment = judge(2_400_000, LINES, held_by_plan=False, approved=False)
    assert [reason.code for reason in judgment.reasons] == [Code.RISK_HALTED]
    assert (
        judgment.reasons[0].detail
        == "with this step the chain's risk would be 2.4, over 2.0; ask an operator to review the run"
    )


def test_a_held_step_says_which_sum_and_which_line():
    judgment = judge(1_600_000, LINES, held_by_plan=True, approved=False)
    assert {reason.code for reason in judgment.reasons} == {Code.HUMAN_APPROVAL_REQUIRED}
    assert "1.6, over 1.5" in judgment.reasons[0].detail
    assert "plan" in judgment.reasons[1].detail


def test_a_halt_line_below_the_approval_line_still_halts():
    judgment = judge(1_200_000, Thresholds(halt_micros=1_000_000), held_by_plan=False, approved=True)
    assert judgment.verdict is Verdict.DENY


@pytest.mark.parametrize(("micros", "text"), [(0, "0.0"), (1_335_000, "1.335"), (2_000_000, "2.0"), (1, "0.000001")])
def test_risk_in_words(micros: int, text: str):
    assert words(micros) == text


def test_a_step_that_adds_nothing_is_not_held_over_a_line_that_a_person_let_the_run_cross():
    over = Thresholds(approve_micros=1_000_000, halt_micros=2_000_000)
    assert judge(1_500_000, over, adds=False, held_by_plan=False, approved=False).verdict is Verdict.ALLOW
    assert judge(1_500_000, over, adds=False, held_by_plan=True, approved=False).verdict is Verdict.HOLD
    assert judge(2_500_000, over, adds=False, held_by_plan=False, approved=False).verdict is Verdict.DENY
