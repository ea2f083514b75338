from __future__ import annotations

from decimal import Decimal

import pytest

from aisecops.controls.risk.escalation import StepSeen
from aisecops.controls.risk.plan import PlanStep, PlanVerdict, judge_plan
from aisecops.model.action import Kind, ToolEffect
from aisecops.model.place import Place
from aisecops.model.risk import Thresholds
from aisecops.model.rules import Sequence, StepPattern

D = Decimal
READ_THEN_SEND = Sequence(
    name="read-then-send",
    place=Place(file="risk.yaml", line=1),
    when=(StepPattern(effect=ToolEffect.READ), StepPattern(tool="mail.send")),
    escalation=D("1.2"),
)


def step(tool: str, base: str, trust: str, *, effect: ToolEffect = ToolEffect.WRITE, **declared) -> PlanStep:
    seen = StepSeen(tool=tool, effect=effect, label="", kind=Kind.TOOL)
    return PlanStep(seen=seen, base=D(base), trust=D(trust), **declared)


def example() -> tuple[PlanStep, ...]:
    return (
        step("db.read", "0.2", "0.5", effect=ToolEffect.READ),
        step("mail.send", "0.4", "2.0"),
        step("db.write", "0.5", "0.5", declared_stress=D("1.1")),
    )


def judged(steps, *, approve=1_200_000, halt=2_000_000, present=0, sequences=(READ_THEN_SEND,), progress=None):
    lines = Thresholds(approve_micros=approve, halt_micros=halt)
    return judge_plan(steps, sequences, lines, present_micros=present, progress=progress or {})


def test_the_worked_example_is_held_at_its_second_step():
    planned = judged(example())
    assert [risk.micros for risk in planned.steps] == [100_000, 960_000, 275_000]
    assert (planned.total_micros, planned.verdict, planned.held_step) == (1_335_000, PlanVerdict.HOLD, 1)


def test_the_worked_example_with_all_factors_given():
    first, _, third = example()
    second = step("mail.send", "0.4", "2.0", declared_escalation=D("1.2"), declared_trust=D(2), declared_stress=D(1))
    assert judged((first, second, third), sequences=()).total_micros == 1_335_000


def test_a_plan_on_the_line_is_allowed_and_nothing_is_held():
    planned = judged(example(), approve=1_335_000)
    assert (planned.verdict, planned.held_step) == (PlanVerdict.ALLOW, None)


def test_a_plan_over_the_halt_line_names_its_heaviest_step_too():
    planned = judged(example(), halt=1_334_999)
    assert (planned.verdict, planned.held_step) == (PlanVerdict.HALT, 1)


def test_a_plan_starts_from_the_risk_the_tree_carries():
    planned = judged(example()[:1], present=1_100_001)
    assert (planned.total_micros, planned.verdict, planned.held_step) == (1_200_001, PlanVerdict.HOLD, 0)


def test_a_plan_starts_from_the_sequences_the_tree_has_begun():
    assert judged(example()[1:2], progress={"read-then-send": 1}).total_micros == 960_000


def test_a_declared_factor_never_lowers_what_the_rules_say():
    lowered = step(
        "mail.send",
        "0.4",
        "2.0",
        stress=D("1.5"),
        declared_trust=D("0.5"),
        declared_escalation=D(0),
        declared_stress=D(1),
    )
    risk = judged((lowered,)).steps[0]
    assert (risk.trust, risk.escalation, risk.stress) == (D(2), D(1), D("1.5"))


@pytest.mark.parametrize("wild", ["2.1", "NaN", "Infinity"])
def test_a_declared_factor_out_of_its_range_is_refused(wild: str):
    with pytest.raises(ValueError, match=r"not (2\.1|NaN|Infinity)"):
        judged((step("mail.send", "0.4", "2.0", declared_trust=D(wild)),))


def test_of_equally_heavy_steps_the_first_is_held():
    planned = judged((step("db.write", "0.4", "2.0"), step("db.write", "0.4", "2.0")))
    assert planned.held_step == 0


def test_a_plan_without_steps_weighs_nothing():
    planned = judged(())
    assert (planned.total_micros, planned.verdict, planned.held_step, planned.steps) == (0, PlanVerdict.ALLOW, None, ())
    assert judged((), present=1_300_000).verdict is PlanVerdict.HOLD
