"""When people answer: `Mo-Fr 08:00-18:00 Europe/Berlin`.

Knows weekdays and the clocks of time zones, summer time included. Who waits for whom is `gateway/people/approve.py`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from aisecops.model.people import Duty

DAYS = ("Mo", "Tu", "We", "Th", "Fr", "Sa", "Su")
MEND = "write days, hours and a time zone, such as `Mo-Fr 08:00-18:00 Europe/Berlin`"
AHEAD_DAYS = 8
"""Hours come again every week; the eighth day is for those that a change of clocks swallows."""

_WRITTEN = re.compile(r"(\S+) (\d\d):(\d\d)-(\d\d):(\d\d) (\S+)")
_MIDNIGHT = 24 * 60
_MINUTES = 60


def read_duty(text: str) -> Duty:
    """The hours that `text` says. `Mo,We`, `Fr-Mo`; to `24:00`; an end not after the start is on the next day.

    Raises ValueError with the mend.
    """
    found = _WRITTEN.fullmatch(text)
    if found is None:
        raise ValueError(MEND)
    days, *clock, zone = found.groups()
    start, end = _minutes(*clock[:2]), _minutes(*clock[2:])
    if start == _MIDNIGHT:
        raise ValueError("hours begin before `24:00`")
    _zone(zone)
    return Duty(days=frozenset(_days(days)), start_min=start, end_min=end, zone=zone)


def on_duty(duty: Iterable[Duty], *, now_ms: int) -> bool:
    """True within any of the hours."""
    return any(begin <= now_ms < end for one in duty for begin, end in _spans(one, now_ms))


def next_duty_ms(duty: Iterable[Duty], *, now_ms: int) -> int | None:
    """When the next hours begin, in milliseconds; None when there are none."""
    return min((begin for one in duty for begin, _ in _spans(one, now_ms) if begin > now_ms), default=None)


def _spans(duty: Duty, now_ms: int) -> Iterable[tuple[int, int]]:
    """The hours around `now_ms`, from the day before on, as begin and end in milliseconds."""
    zone = _zone(duty.zone)
    today = datetime.fromtimestamp(now_ms / 1000, zone).date()
    for offset in range(-1, AHEAD_DAYS):
        day = today + timedelta(days=offset)
        if day.weekday() not in duty.days:
            continue
        midnight = datetime(day.year, day.month, day.day, tzinfo=zone)
        over = _MIDNIGHT if duty.end_min <= duty.start_min else 0
        # the wall clock is added to, and only then asked what moment that is
        yield _at(midnight, duty.start_min), _at(midnight, duty.end_min + over)


def _at(midnight: datetime, minutes: int) -> int:
    wall = midnight + timedelta(minutes=minutes)
    return round(wall.astimezone(UTC).timestamp() * 1000)


def _minutes(hours: str, minutes: str) -> int:
    total = int(hours) * _MINUTES + int(minutes)
    if int(minutes) >= _MINUTES or total > _MIDNIGHT:
        raise ValueError("hours go from `00:00` to `24:00`")
    return total


def _days(text: str) -> Iterable[int]:
    for part in text.split(","):
        first, dash, last = part.partition("-")
        ends = [first, last] if dash else [first]
        if not set(ends) <= set(DAYS):
            raise ValueError(f"days are {', '.join(DAYS)}, with `-` between two or `,` after each")
        begin, length = DAYS.index(first), (DAYS.index(ends[-1]) - DAYS.index(first)) % len(DAYS)
        yield from ((begin + step) % len(DAYS) for step in range(length + 1))


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ValueError(f"no time zone `{name}` is known here; write one such as `Europe/Berlin` or `UTC`") from error
