"""What there is to do is said once, and in an order in which a later thing takes no earlier one back."""

from __future__ import annotations

from aisecops.ops.maturity.steps import Step, Todo, in_order


def test_what_changes_the_rules_comes_before_what_rests_on_them():
    asked = [(step, f"do {step}", "any") for step in reversed(Step)]

    assert [todo.step for todo in in_order(asked)] == list(Step)


def test_the_same_mend_is_said_once_for_all_that_ask_for_it():
    found = in_order([(Step.WORK, "work", "logs"), (Step.RULES, "write", "prompts"), (Step.WORK, "work", "gateway")])

    assert found == (
        Todo(step=Step.RULES, mend="write", criteria=("prompts",)),
        Todo(step=Step.WORK, mend="work", criteria=("logs", "gateway")),
    )


def test_several_evaluations_are_one_of_everything_and_one_stays_what_it_is():
    one, other = (Step.EVALUATE, "`aisecops eval injection`", "a"), (Step.EVALUATE, "`aisecops eval x`", "b")

    assert [todo.mend for todo in in_order([one])] == ["`aisecops eval injection`"]
    assert in_order([one, other]) == (Todo(step=Step.EVALUATE, mend="`aisecops eval`", criteria=("a", "b")),)
