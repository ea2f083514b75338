"""The time of this machine."""

from __future__ import annotations

import time


class SystemClock:
    """Implements the port `Clock`: the wall clock, which within this process never goes back.

    When the machine's clock is set back, time passes here at half its pace until the wall has caught up: a window that
    was closed does not open again, nothing lives longer than twice its time, and whoever waits for a rate does not wait
    for the whole way that the clock was set back.
    """

    def __init__(self) -> None:
        self._latest_ms = 0
        self._since_ms = time.monotonic_ns() // 1_000_000

    def now_ms(self) -> int:
        now_ms, passed_ms = time.time_ns() // 1_000_000, time.monotonic_ns() // 1_000_000
        slowed_ms = self._latest_ms + (passed_ms - self._since_ms) // 2
        if now_ms < slowed_ms:
            return slowed_ms
        self._latest_ms, self._since_ms = now_ms, passed_ms
        return now_ms
