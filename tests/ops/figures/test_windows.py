"""Counts by time: nothing is counted twice or lost between two stretches."""

from datetime import UTC, datetime

import pytest

from aisecops.ops.figures import windows as module
from aisecops.ops.figures.counts import Counts
from aisecops.ops.figures.windows import Span, Windows, shortest

NOW_MS = round(datetime(2026, 3, 1, 0, 30, tzinfo=UTC).timestamp() * 1000)


def filled(*minutes):
    windows = Windows()
    for minute in minutes:
        windows.add(minute, Counts(events=1))
    return windows


@pytest.mark.parametrize(
    ("span", "points", "within", "outside"),
    [
        (Span.HOUR, 60, "2026-02-28T23:31", "2026-02-28T23:30"),
        (Span.DAY, 24, "2026-02-28T01:00", "2026-02-28T00:59"),
        (Span.MONTH, 30, "2026-01-31T00:00", "2026-01-30T23:59"),
        (Span.YEAR, 52, "2025-03-03T00:00", "2025-03-02T23:59"),
    ],
)
def test_a_span_begins_where_it_says(span, points, within, outside):
    shown = filled(outside, within, "2026-03-01T00:30").points(span, now_ms=NOW_MS)

    assert len(shown) == points
    assert (shown[0][1].events, shown[-1][1].events) == (1, 1)
    assert sum(counts.events for _, counts in shown) == 2


def test_what_is_too_old_is_forgotten(monkeypatch):
    monkeypatch.setattr(module, "_KEPT", {module.MINUTE: 2, module.HOUR: 2, module.DAY: 2})
    windows = filled("2026-01-01T00:00", "2026-01-02T00:00", "2026-01-03T00:00")

    assert list(windows.days) == ["2026-01-02", "2026-01-03"]


@pytest.mark.parametrize(
    ("began", "span"),
    [
        (None, Span.HOUR),
        ("2026-03-01T00:10:00.000Z", Span.HOUR),
        ("2026-02-28T12:00:00.000Z", Span.DAY),
        ("2026-02-10T12:00:00.000Z", Span.MONTH),
        ("2024-02-10T12:00:00.000Z", Span.YEAR),
    ],
)
def test_a_young_record_is_shown_closely(began, span):
    assert shortest(began, now_ms=NOW_MS) is span
