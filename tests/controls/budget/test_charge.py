from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from aisecops.controls.budget.charge import Charge, judge, project, release, retry_after_ms, settle, take_rows
from aisecops.model.budget import Budgets, Rate
from aisecops.model.decision import Verdict
from aisecops.model.ids import RunId
from aisecops.model.refusals import Code
from support.trees import CHILD, OTHER, ROOT, call, family, limits, run_state, tree_of

charges = st.builds(
    Charge,
    run_id=st.sampled_from([ROOT, CHILD, OTHER]),
    counts_call=st.booleans(),
    counts_write=st.booleans(),
    cost_micros=st.integers(0, 1_000),
    counts_rate=st.booleans(),
    rows=st.integers(0, 3),
    recipients=st.lists(st.sampled_from("abcdef"), max_size=3).map(tuple),
    egress_bytes=st.integers(0, 50),
)
budgets = st.builds(
    Budgets,
    max_tool_calls=st.none() | st.integers(0, 5),
    max_write_operations=st.none() | st.integers(0, 5),
    max_execution_ms=st.none() | st.integers(0, 5_000),
    max_cost_micros=st.none() | st.integers(0, 3_000),
    max_rows=st.none() | st.integers(0, 6),
    max_recipients=st.none() | st.integers(0, 4),
    max_egress_bytes=st.none() | st.integers(0, 120),
    rate=st.none() | st.builds(Rate, count=st.integers(1, 5), per_ms=st.integers(1, 2_000)),
)


def faults(tree, step, now_ms: int = 0, **bound: Budgets):
    return [
        (f.run_id, f.budget, f.limit, f.would_be)
        for f in project(tree, step, limits(tree, **bound), now_ms=now_ms).faults
    ]


def test_a_step_is_charged_to_its_run_and_every_run_above():
    tree = project(family(), call(CHILD, writes=True, cost=7), limits(family()), now_ms=5).tree
    assert [(r.tool_calls, r.write_operations, r.cost_micros) for r in tree.runs.values()] == [
        (1, 1, 7),
        (1, 1, 7),
        (0, 0, 0),
    ]
    assert tree.seen_ms == 5


def test_a_child_cannot_use_what_its_parent_no_longer_has():
    tree = tree_of(run_state(ROOT, tool_calls=3), run_state(CHILD, ROOT))
    assert faults(tree, call(CHILD), run_root=Budgets(max_tool_calls=3)) == [(ROOT, "max_tool_calls", 3, 4)]


def test_a_childs_own_limit_binds_the_child_alone():
    tree = tree_of(run_state(ROOT), run_state(CHILD, ROOT, tool_calls=1))
    bound = {CHILD: Budgets(max_tool_calls=1)}
    assert faults(tree, call(CHILD), **bound) == [(CHILD, "max_tool_calls", 1, 2)]
    assert faults(tree, call(ROOT), **bound) == []


@pytest.mark.parametrize(
    ("budget", "bound", "fits", "overruns"),
    [
        ("max_tool_calls", Budgets(max_tool_calls=3), {"tool_calls": 2}, {"tool_calls": 3}),
        ("max_write_operations", Budgets(max_write_operations=3), {"write_operations": 2}, {"write_operations": 3}),
        ("max_cost", Budgets(max_cost_micros=100), {"cost_micros": 90}, {"cost_micros": 91}),
        ("max_rows", Budgets(max_rows=10), {"rows": 7}, {"rows": 8}),
        ("max_egress_bytes", Budgets(max_egress_bytes=100), {"egress_bytes": 80}, {"egress_bytes": 81}),
    ],
)
def test_the_last_of_a_budget_fits_and_one_more_does_not(budget: str, bound: Budgets, fits: dict, overruns: dict):
    step = replace(call(writes=True, cost=10), rows=3, egress_bytes=20)
    assert faults(tree_of(run_state(ROOT, **fits)), step, run_root=bound) == []
    assert [f[1] for f in faults(tree_of(run_state(ROOT, **overruns)), step, run_root=bound)] == [budget]


def reach(*recipients: str, run_id=CHILD, **more) -> Charge:
    return replace(call(run_id), recipients=recipients, **more)


def test_recipients_are_counted_once_each_for_a_run_and_all_below_it():
    bound = {ROOT: Budgets(max_recipients=2), CHILD: Budgets(max_recipients=5)}
    tree = project(family(), reach("a", "b"), limits(family(), **bound), now_ms=0).tree
    assert [run.recipients for run in tree.runs.values()] == [("a", "b"), ("a", "b"), ()]
    assert faults(tree, reach("b", "a", "a"), **bound) == []
    assert faults(tree, reach("c"), **bound) == [(ROOT, "max_recipients", 2, 3)]
    assert faults(tree, reach("c", run_id=OTHER), **bound) == [(ROOT, "max_recipients", 2, 3)]


def test_nobody_is_remembered_where_no_budget_counts_them():
    tree = project(family(), reach("a"), limits(family(), run_child=Budgets(max_recipients=5)), now_ms=0).tree
    assert [run.recipients for run in tree.runs.values()] == [(), ("a",), ()]


def test_what_a_step_should_say_and_does_not_is_over_every_budget_of_that_kind_and_of_no_other():
    silent = replace(call(), uncounted=("max_recipients",))
    assert faults(tree_of(), silent) == []
    found = project(
        tree_of(), silent, limits(tree_of(), run_root=Budgets(max_recipients=9, max_rows=9)), now_ms=0
    ).faults
    assert [fault.budget for fault in found] == ["max_recipients"]
    assert "nothing where its rule counts recipients" in judge(found).reasons[0].detail


def test_a_read_of_rows_needs_one_left_before_it_is_made():
    later = replace(call(), rows_later=True)
    bound = {ROOT: Budgets(max_rows=3)}
    assert faults(tree_of(run_state(ROOT, rows=2)), later, **bound) == []
    assert faults(tree_of(run_state(ROOT, rows=3)), later, **bound) == [(ROOT, "max_rows", 3, 4)]


def test_the_rows_of_an_answer_are_taken_whole_or_not_at_all():
    bound = limits(family(), run_root=Budgets(max_rows=5))
    tree, none = take_rows(family(), CHILD, 5, bound)
    same, over = take_rows(tree, CHILD, 1, bound)
    assert (none, [run.rows for run in tree.runs.values()]) == ((), [5, 5, 0])
    assert same == tree
    assert [(fault.run_id, fault.would_be) for fault in over] == [(ROOT, 6)]


def test_time_runs_out_when_it_is_used_up():
    bound = Budgets(max_execution_ms=1000)
    assert faults(tree_of(), call(), 999, run_root=bound) == []
    assert faults(tree_of(), call(), 1000, run_root=bound) == [(ROOT, "max_execution_time", 1000, 1001)]


def test_a_step_that_overruns_is_charged_all_the_same():
    projection = project(tree_of(), call(), limits(tree_of(), run_root=Budgets(max_tool_calls=0)), now_ms=0)
    assert projection.faults
    assert projection.tree.runs[ROOT].tool_calls == 1


def test_use_is_the_highest_of_any_budget_of_the_lineage_before_the_step():
    tree = tree_of(run_state(ROOT, cost_micros=1), run_state(CHILD, ROOT, tool_calls=1))
    bound = limits(
        tree, run_root=Budgets(max_cost_micros=3), run_child=Budgets(max_tool_calls=4, max_execution_ms=10_000)
    )
    assert project(tree, call(CHILD), bound, now_ms=1_000).use == Decimal("0.333334")
    assert project(tree, call(CHILD), bound, now_ms=12_000).use == Decimal("1.2")
    assert project(tree, call(ROOT), limits(tree), now_ms=0).use == 0


def test_an_agent_that_may_never_write_is_not_stressed_by_reading():
    bound = limits(tree_of(), run_root=Budgets(max_write_operations=0))
    assert project(tree_of(), call(), bound, now_ms=0).use == 0
    assert project(tree_of(run_state(ROOT, write_operations=1)), call(), bound, now_ms=0).use == 1


def test_a_clock_that_goes_back_creates_no_time_and_no_rate():
    bound = {ROOT: Budgets(max_execution_ms=1_000, rate=Rate(count=1, per_ms=100))}
    tree = project(tree_of(), call(), limits(tree_of(), **bound), now_ms=1_000).tree
    projection = project(tree, call(), limits(tree, **bound), now_ms=10)
    assert [f.budget for f in projection.faults] == ["max_execution_time", "rate"]
    assert projection.faults[1].retry_after_ms == 100 + 990
    assert projection.tree.seen_ms == 1_000


def test_the_rate_says_how_long_to_wait():
    bound = {ROOT: Budgets(rate=Rate(count=1, per_ms=2_000))}
    tree = project(tree_of(), call(), limits(tree_of(), **bound), now_ms=0).tree
    found = project(tree, call(), limits(tree, **bound), now_ms=500).faults
    assert retry_after_ms(found) == 1_500
    assert [reason.code for reason in judge(found).reasons] == [Code.RATE_LIMITED]
    assert faults(tree, call(rate=False), 500, **bound) == []


def test_waiting_is_not_advised_where_it_does_not_help():
    bound = {ROOT: Budgets(max_tool_calls=0, rate=Rate(count=1, per_ms=2_000))}
    tree = tree_of(run_state(ROOT, rate_left_micros=0))
    found = project(tree, call(), limits(tree, **bound), now_ms=0).faults
    assert retry_after_ms(found) is None
    assert [reason.code for reason in judge(found).reasons] == [Code.BUDGET_EXCEEDED, Code.RATE_LIMITED]
    assert retry_after_ms(()) is None


def test_the_words_name_budget_limit_and_run():
    tree = tree_of(run_state(ROOT, cost_micros=2_000_000))
    found = project(tree, call(cost=1), limits(tree, run_root=Budgets(max_cost_micros=2_000_000)), now_ms=0).faults
    judgment = judge(found)
    assert judgment.verdict is Verdict.DENY
    assert (
        judgment.reasons[0].detail
        == "`max_cost` of run `run_root` is 2 and would be 2.000001; end the run, or raise the budget"
    )
    assert judgment.reasons[0].rule == "budgets.max_cost"


def test_no_fault_is_no_objection():
    assert judge(()).verdict is Verdict.ALLOW


@pytest.mark.parametrize(
    "tree",
    [
        tree_of(),
        tree_of(run_state(ROOT), run_state(CHILD, RunId("run_gone"))),
        tree_of(run_state(ROOT), run_state(CHILD)),
        tree_of(run_state(ROOT, CHILD), run_state(CHILD, ROOT)),
    ],
    ids=["unknown", "parent gone", "beside the root", "circle"],
)
def test_a_run_that_does_not_hang_on_the_root_is_a_fault(tree):
    for act in (
        lambda: project(tree, call(CHILD), limits(tree), now_ms=0),
        lambda: settle(tree, CHILD, cost_delta_micros=0),
        lambda: release(tree, call(CHILD), 0),
    ):
        with pytest.raises(ValueError, match="run_child"):
            act()


def test_a_missing_limit_is_not_no_limit():
    bound = limits(family())
    del bound[ROOT]
    with pytest.raises(KeyError):
        project(family(), call(CHILD), bound, now_ms=0)


def test_a_negative_cost_is_a_fault():
    with pytest.raises(ValueError, match="less than nothing"):
        project(tree_of(), call(cost=-1), limits(tree_of()), now_ms=0)


def test_settling_moves_the_cost_of_the_whole_lineage():
    tree = project(family(), call(CHILD, cost=100), limits(family()), now_ms=0).tree
    assert [r.cost_micros for r in settle(tree, CHILD, cost_delta_micros=-40).runs.values()] == [60, 60, 0]
    assert [r.cost_micros for r in settle(tree, CHILD, cost_delta_micros=5).runs.values()] == [105, 105, 0]
    assert [r.cost_micros for r in settle(tree, CHILD, cost_delta_micros=-500).runs.values()] == [0, 0, 0]


@given(step=charges, risk=st.integers(0, 3_000_000))
def test_release_restores_everything_but_the_rate(step, risk):
    before = family()
    bound = limits(before, run_root=Budgets(rate=Rate(count=3, per_ms=10)))
    charged = project(before, step, bound, now_ms=9).tree
    back = release(replace(charged, risk_micros=risk), step, risk)
    unmoved = {name: replace(run, rate_left_micros=None, rate_at_ms=0) for name, run in back.runs.items()}
    assert replace(back, runs=unmoved, seen_ms=0) == before
    assert [r.rate_left_micros for r in back.runs.values()] == [r.rate_left_micros for r in charged.runs.values()]


@given(tree_used=st.integers(0, 2), step=charges)
def test_giving_back_twice_never_goes_below_nothing(tree_used, step):
    tree = release(
        release(
            tree_of(run_state(ROOT, tool_calls=tree_used), run_state(CHILD, ROOT), run_state(OTHER, ROOT)), step, 5
        ),
        step,
        5,
    )
    assert all(min(r.tool_calls, r.write_operations, r.cost_micros) >= 0 for r in tree.runs.values())
    assert tree.risk_micros == 0


@given(one=charges, other=charges, bound=budgets, now=st.integers(0, 9_000))
def test_the_order_of_two_steps_does_not_matter_to_what_is_used(one, other, bound, now):
    tree = family()
    both = limits(tree, run_root=bound, run_child=bound)

    def after(*steps: Charge):
        state = tree
        for step in steps:
            state = project(state, step, both, now_ms=now).tree
        return state

    assert after(one, other) == after(other, one)


@given(
    steps=st.lists(charges, max_size=40),
    bound=budgets,
    gaps=st.lists(st.integers(-500, 1_000), min_size=40, max_size=40),
)
def test_what_was_let_through_never_exceeds_any_limit(steps, bound, gaps):
    tree, now = family(), 0
    for step, gap in zip(steps, gaps, strict=False):
        now = max(0, now + gap)
        projection = project(tree, step, limits(tree, run_root=bound), now_ms=now)
        if not projection.faults:
            tree = projection.tree
    root = tree.runs[ROOT]
    assert root.tool_calls <= (bound.max_tool_calls if bound.max_tool_calls is not None else 40)
    assert root.write_operations <= (bound.max_write_operations if bound.max_write_operations is not None else 40)
    assert root.cost_micros <= (bound.max_cost_micros if bound.max_cost_micros is not None else 40_000)
    assert bound.max_execution_ms is None or tree.seen_ms <= bound.max_execution_ms


@given(limit=st.integers(0, 6), order=st.lists(st.sampled_from([ROOT, CHILD, OTHER]), min_size=12, max_size=12))
def test_of_many_reservations_exactly_the_limit_is_admitted(limit, order):
    tree, admitted = family(), 0
    for run_id in order:
        projection = project(tree, call(run_id), limits(tree, run_root=Budgets(max_tool_calls=limit)), now_ms=0)
        if not projection.faults:
            tree, admitted = projection.tree, admitted + 1
    assert admitted == limit
