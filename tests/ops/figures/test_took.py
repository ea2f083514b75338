"""How long answers took: classes add up, and what is read back is near what went in."""

import math
import random

import pytest

from aisecops.ops.figures.took import MOST_MS, class_of, together, within_ms


def counted(times):
    took = {}
    for ms in times:
        took[class_of(ms)] = took.get(class_of(ms), 0) + 1
    return took


@pytest.mark.parametrize("ms", [1.5, 7, 48, 999, 60_000, 3_600_000])
def test_a_time_is_read_back_within_a_twentieth(ms):
    assert within_ms(counted([ms]), 0.5) == pytest.approx(ms, rel=0.05)


@pytest.mark.parametrize("ms", [0, 0.2, 1.0, -5])
def test_what_took_hardly_any_time_took_a_millisecond(ms):
    assert within_ms(counted([ms]), 0.5) == 1.0


def test_nothing_takes_longer_than_a_day():
    assert within_ms(counted([math.inf]), 0.5) == pytest.approx(MOST_MS, rel=0.05)


def test_of_nothing_there_is_no_time():
    assert within_ms({}, 0.5) is None


def test_parts_are_those_of_the_sorted_times():
    chance = random.Random(4)
    times = sorted(chance.uniform(2, 5000) for _ in range(1000))
    took = counted(times)

    assert within_ms(took, 0.5) == pytest.approx(times[499], rel=0.06)
    assert within_ms(took, 0.95) == pytest.approx(times[949], rel=0.06)
    assert within_ms(took, 1.0) == pytest.approx(times[-1], rel=0.06)


def test_two_stretches_are_counted_as_one():
    one, other = [3, 40, 40], [40, 700]

    assert together(counted(one), counted(other)) == counted(one + other)
    assert together({}, counted(one)) == together(counted(one), {}) == counted(one)
