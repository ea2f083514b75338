"""Days, as people write them in rules."""

from __future__ import annotations

from datetime import UTC, date, datetime

from aisecops.gateway.ports import Clock


def today(clock: Clock) -> date:
    """The day it is, UTC: what rules count days in."""
    return datetime.fromtimestamp(clock.now_ms() / 1000, UTC).date()
