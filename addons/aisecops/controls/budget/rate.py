"""Count requests against a rate: a token bucket in whole numbers.

Knows how a bucket fills and what one request takes from it. Does not know runs or trees.
Rounding is always down, so a bucket never holds more than time has earned it.
"""

from __future__ import annotations

from aisecops.model.budget import Rate
from aisecops.model.risk import MICROS


def take(left_micros: int | None, at_ms: int, rate: Rate, *, now_ms: int) -> tuple[int, int]:
    """What is left after one more request at `now_ms`, and how long it should have waited (0: there was one left).

    `left_micros` are requests in millionths as they stood at `at_ms`; None is a full bucket. A bucket is never
    emptier than empty. Raises `ValueError` for a rate that lets nothing through.
    """
    if rate.count < 1 or rate.per_ms < 1:
        raise ValueError(f"a rate needs at least one request in at least one millisecond, not {rate}")
    full = rate.count * MICROS
    had = full if left_micros is None else min(full, left_micros)
    elapsed = max(0, now_ms - at_ms)
    left = min(full, had + elapsed * full // rate.per_ms)
    if left >= MICROS:
        return left - MICROS, 0
    # counted from `at_ms`, where nothing is rounded yet: not a millisecond too long
    return 0, -(-(MICROS - had) * rate.per_ms // full) - elapsed
