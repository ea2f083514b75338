"""The machine's clock, which never goes back."""

from __future__ import annotations

import time

import pytest

from aisecops.adapters.system.clock import SystemClock


def test_it_tells_the_machines_time_in_milliseconds():
    before = time.time_ns() // 1_000_000

    now = SystemClock().now_ms()

    assert before <= now <= time.time_ns() // 1_000_000


class Machine:
    """What the machine tells: seconds that pass, and a wall clock that somebody may set."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.passed_s, self.wall_s = 100.0, 50_000.0
        monkeypatch.setattr(time, "time_ns", lambda: round(self.wall_s * 1e9))
        monkeypatch.setattr(time, "monotonic_ns", lambda: round(self.passed_s * 1e9))

    def passes(self, seconds: float) -> None:
        self.passed_s += seconds
        self.wall_s += seconds


def test_set_back_by_an_hour_it_never_goes_back_and_heals_in_two(monkeypatch):
    machine, seen = Machine(monkeypatch), []
    clock = SystemClock()
    began_ms = clock.now_ms()
    machine.wall_s -= 3600
    for _ in range(130):
        machine.passes(60)
        seen.append(clock.now_ms() - began_ms)

    assert seen == sorted(seen)
    assert seen[9] == 5 * 60_000  # ten minutes on, five have passed
    assert seen[119] == 60 * 60_000  # two hours on it is what the wall says again
    assert seen[129] == 70 * 60_000


def test_what_lives_five_minutes_is_over_after_ten_when_the_clock_is_set_back(monkeypatch):
    machine = Machine(monkeypatch)
    clock = SystemClock()
    ends_ms = clock.now_ms() + 5 * 60_000
    machine.wall_s -= 3600
    machine.passes(599)
    assert clock.now_ms() < ends_ms
    machine.passes(1)
    assert clock.now_ms() == ends_ms


def test_set_back_by_less_than_has_passed_it_is_what_the_wall_says(monkeypatch):
    machine = Machine(monkeypatch)
    clock = SystemClock()
    clock.now_ms()
    machine.passes(10)
    machine.wall_s -= 1

    assert clock.now_ms() == 50_009_000
