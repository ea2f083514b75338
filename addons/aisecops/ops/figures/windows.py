"""Counts by time: by the minute for a day, by the hour for forty days, by the day for years.

Times are the record's own words (`2026-01-31T12:05:09.123Z`): a stretch of time is a beginning of such a word.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from enum import StrEnum

import msgspec

from aisecops.ops.figures.counts import Counts

DAY, HOUR, MINUTE = len("2026-01-31"), len("2026-01-31T12"), len("2026-01-31T12:05")
_KEPT = {MINUTE: 24 * 60, HOUR: 40 * 24, DAY: 3 * 366}


class Span(StrEnum):
    """How far back a trend looks."""

    HOUR = "hour"
    DAY = "day"
    MONTH = "month"
    YEAR = "year"


_STEPS: dict[Span, tuple[int, timedelta, int, int]] = {
    Span.HOUR: (MINUTE, timedelta(minutes=1), 60, 1),
    Span.DAY: (HOUR, timedelta(hours=1), 24, 1),
    Span.MONTH: (DAY, timedelta(days=1), 30, 1),
    Span.YEAR: (DAY, timedelta(days=1), 364, 7),
}
"""Of each span: how its stretches are named, how long one is, how many it has, and how many make one point."""


class Windows(msgspec.Struct):
    """The counts of each stretch of time that something happened in."""

    minutes: dict[str, Counts] = {}
    hours: dict[str, Counts] = {}
    days: dict[str, Counts] = {}

    def add(self, minute: str, counts: Counts) -> None:
        """Count `counts` under the minute, and under its hour and day; forget what is too old."""
        for stretches, length in ((self.minutes, MINUTE), (self.hours, HOUR), (self.days, DAY)):
            name = minute[:length]
            stretches[name] = stretches.get(name, Counts()).plus(counts)
            while len(stretches) > _KEPT[length]:
                del stretches[next(iter(stretches))]

    def points(self, span: Span, *, now_ms: int) -> list[tuple[str, Counts]]:
        """One point after another up to now, oldest first, each named by the time it begins at."""
        length, step, count, together = _STEPS[span]
        stretches = {MINUTE: self.minutes, HOUR: self.hours, DAY: self.days}[length]
        now = datetime.fromtimestamp(now_ms / 1000, UTC)
        names = [(now - step * back).strftime("%Y-%m-%dT%H:%M")[:length] for back in reversed(range(count))]
        points = []
        for first in range(0, count, together):
            point = Counts()
            for name in names[first : first + together]:
                if name in stretches:
                    point = point.plus(stretches[name])
            points.append((names[first], point))
        return points


def shortest(started: str | None, *, now_ms: int) -> Span:
    """The span that shows a record which began at `started` best."""
    if started is None:
        return Span.HOUR
    age_s = now_ms / 1000 - datetime.fromisoformat(started).timestamp()
    for span in (Span.HOUR, Span.DAY, Span.MONTH):
        _, step, count, _ = _STEPS[span]
        if age_s <= step.total_seconds() * count:
            return span
    return Span.YEAR
