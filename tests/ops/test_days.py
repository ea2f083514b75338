from __future__ import annotations

from datetime import UTC, date, datetime

from aisecops.ops.days import today
from support.gateway import SetClock


def test_a_day_is_one_of_utc() -> None:
    at = datetime(2027, 1, 31, 23, 59, 59, tzinfo=UTC)
    assert today(SetClock(int(at.timestamp() * 1000))) == date(2027, 1, 31)
