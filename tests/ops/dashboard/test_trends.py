"""Figures with their trends, and how long answers took: all from the record."""

import pytest

from aisecops.model.record import Event, EventName
from aisecops.ops.dashboard.trends import Trends
from aisecops.ops.figures.eleven import BY_NAME, FIGURES
from aisecops.ops.figures.index import RecordIndex
from aisecops.ops.figures.windows import Span
from support.dashboard import written
from support.gateway import START_MS, House

MINUTE_MS = 60_000


def answered(name, ms):
    return Event(event=name, run_id="run_1", root_run_id="run_1", fields={"duration_ms": ms})


def evaluated(contained, policy="other"):
    suites = {"injection": {"attacks": 40, "contained": contained, "twins": 5, "alarms": 0}}
    return Event(event=EventName.EVALUATION_FINISHED, policy_version=policy, fields={"ok": True, "suites": suites})


@pytest.fixture
def trends(tmp_path):
    house = House()
    house.clock.ms = START_MS + 3 * MINUTE_MS
    index = RecordIndex(tmp_path)
    shown = Trends(index, house.rules, house.clock)
    shown.folder, shown.index, shown.house = tmp_path, index, house
    return shown


def write(trends, *events, minute=0):
    written(trends.folder, list(events), start_seq=trends.index.seq, at_ms=START_MS + minute * MINUTE_MS)
    trends.index.catch_up()


def test_all_eleven_have_as_many_points_as_the_span(trends):
    assert [one["name"] for one in trends.all(Span.HOUR)] == [figure.name for figure in FIGURES]
    assert {len(one["trend"]) for one in trends.all(Span.DAY)} == {24}


def test_one_figure_is_as_among_all(trends):
    write(trends, Event(event=EventName.RUN_STARTED, run_id="run_1", root_run_id="run_1"))

    assert trends.one(BY_NAME["total_runs"], Span.HOUR) == trends.all(Span.HOUR)[0]
    assert trends.one(BY_NAME["total_runs"], Span.HOUR)["value"] == 1


def test_answers_of_tools_and_of_models_are_told_apart(trends):
    write(trends, *(answered(EventName.TOOL_RETURNED, ms) for ms in (10, 10, 10, 1000)))
    write(trends, answered(EventName.LLM_RETURNED, 3000), minute=1)
    tools, models = trends.answers(Span.HOUR)

    assert (tools["of"], tools["answers"]) == ("tools", 4)
    assert tools["half_ms"] == pytest.approx(10, rel=0.05)
    assert tools["nearly_all_ms"] == pytest.approx(1000, rel=0.05)
    assert models["half_ms"] == pytest.approx(3000, rel=0.05)
    assert [point["half_ms"] is not None for point in models["trend"]][-3:] == [True, False, False]


def test_no_answer_has_no_time(trends):
    write(trends, Event(event=EventName.TOOL_RETURNED, run_id="run_1", root_run_id="run_1"))
    tools, _ = trends.answers(Span.HOUR)

    assert (tools["answers"], tools["half_ms"], tools["nearly_all_ms"]) == (0, None, None)


def test_the_pass_rate_has_the_last_evaluation_of_each_stretch(trends):
    write(trends, evaluated(10), evaluated(20), minute=1)
    write(trends, evaluated(39), minute=2)
    shown = trends.one(BY_NAME["injection_tests"], Span.HOUR)

    assert [point["value"] for point in shown["trend"]][-4:] == [None, 0.5, 0.975, None]
    assert shown["value"] is None  # none was of the rules in force


def test_a_span_that_is_none_is_the_one_that_shows_the_record_best(trends):
    assert [trends.span("day"), trends.span("century"), trends.span(None)] == [Span.DAY, Span.HOUR, Span.HOUR]
