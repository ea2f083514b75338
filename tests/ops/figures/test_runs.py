"""A run is traced when it has ended and all its acts came out, in whatever order that becomes known."""

import pytest

from aisecops.ops.figures import runs as module
from aisecops.ops.figures.line import Line
from aisecops.ops.figures.runs import NEAR_BYTES, Range, SeenRuns, Stretch

AT = "2026-01-31T12:05:09.123Z"
START, CALL, ANSWER, END, HALT, CUT = (
    ("run_started", None),
    ("tool_invoked", "dec_1"),
    ("tool_returned", "dec_1"),
    ("run_finished", None),
    ("run_halted", None),
    ("exchange_cut", "dec_1"),
)


def followed(*story, run="run_1", seen=None):
    seen = seen if seen is not None else SeenRuns()
    gains = [
        seen.add(
            Line(seq=seq, at=AT, event=event, run_id=run, root_run_id=run, decision_id=decision),
            Range(1, 100 * seq, 100 * seq + 100),
        )
        for seq, (event, decision) in enumerate(story, 1)
    ]
    return sum(gain.ended for gain in gains), sum(gain.traced for gain in gains)


@pytest.mark.parametrize(
    ("story", "ended", "traced"),
    [
        ([START], 0, 0),
        ([START, END], 1, 1),
        ([START, CALL, ANSWER], 0, 0),
        ([START, CALL, ANSWER, END], 1, 1),
        ([START, CALL, END], 1, 0),
        ([START, CALL, END, ANSWER], 1, 1),
        ([START, CALL, HALT, CUT, END], 1, 1),
        ([START, HALT, END], 1, 1),
        ([START, CALL, HALT, END, END], 1, 0),
        ([END], 0, 0),  # a run whose start is not in the record
    ],
)
def test_a_run_is_traced_once_it_is_over_and_nothing_is_open(story, ended, traced):
    assert followed(*story) == (ended, traced)


def test_where_the_events_of_a_tree_lie():
    seen = SeenRuns()
    followed(START, CALL, ANSWER, END, seen=seen)

    assert seen.trees["run_1"] == Stretch(4, [Range(1, 100, 500)])
    assert seen.open == {}


def test_what_is_followed_is_bounded(monkeypatch):
    monkeypatch.setattr(module, "MOST_RUNS", 2)
    monkeypatch.setattr(module, "MOST_TREES", 3)
    seen = SeenRuns()
    for number in range(10):
        followed(START, run=f"run_{number}", seen=seen)

    assert list(seen.open) == ["run_8", "run_9"]
    assert list(seen.trees) == ["run_7", "run_8", "run_9"]


def test_a_line_far_from_the_others_of_its_tree_begins_a_range_of_its_own(monkeypatch):
    monkeypatch.setattr(module, "MOST_RANGES", 3)
    stretch = Stretch()
    for place in (
        Range(1, 0, 10),
        Range(1, 10 + NEAR_BYTES, 20 + NEAR_BYTES),
        Range(1, 10**6, 10**6 + 5),
        Range(2, 0, 9),
    ):
        stretch.add(place)
    assert stretch == Stretch(4, [Range(1, 0, 20 + NEAR_BYTES), Range(1, 10**6, 10**6 + 5), Range(2, 0, 9)])

    stretch.add(Range(3, 0, 9))  # counted, and no longer found
    assert (stretch.events, len(stretch.ranges)) == (5, 3)
