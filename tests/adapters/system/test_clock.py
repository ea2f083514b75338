"""The machine's clock, which never goes back."""

from __future__ import annotations

import time

from aisecops.adapters.system.clock import SystemClock


def test_it_tells_the_machines_time_in_milliseconds():
    before = time.time_ns() // 1_000_000

    now = SystemClock().now_ms()

    assert before <= now <= time.time_ns() // 1_000_000


def test_it_stands_still_while_the_machine_is_set_back(monkeypatch):
    told = iter([5_000_000, 3_000_000, 4_000_000, 6_000_000])
    monkeypatch.setattr(time, "time_ns", lambda: next(told))
    clock = SystemClock()

    assert [clock.now_ms() for _ in range(4)] == [5, 5, 5, 6]
