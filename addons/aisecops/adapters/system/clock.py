"""The time of this machine."""

from __future__ import annotations

import time


class SystemClock:
    """Implements the port `Clock`: the wall clock, which within this process never goes back.

    When the machine's clock is set back, time stands still here until it has caught up: a window
    that was closed does not open again.
    """

    def __init__(self) -> None:
        self._latest_ms = 0

    def now_ms(self) -> int:
        now_ms = time.time_ns() // 1_000_000
        self._latest_ms = max(self._latest_ms, now_ms)
        return self._latest_ms
