from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aisecops.controls.budget.rate import take
from aisecops.model.budget import Rate

rates = st.builds(Rate, count=st.integers(1, 50), per_ms=st.integers(1, 100_000))


def admitted(rate: Rate, times: list[int]) -> int:
    left, at, passed = None, 0, 0
    for now in times:
        after, wait = take(left, at, rate, now_ms=now)
        if wait == 0:
            left, at, passed = after, now, passed + 1
    return passed


def test_a_full_bucket_lets_its_count_through_at_once():
    assert admitted(Rate(count=5, per_ms=1000), [0] * 9) == 5


def test_it_refills_evenly():
    rate = Rate(count=5, per_ms=1000)
    assert admitted(rate, [0] * 5 + [199]) == 5
    assert admitted(rate, [0] * 5 + [200]) == 6


def test_a_bucket_is_never_emptier_than_empty():
    assert take(0, 0, Rate(count=1, per_ms=10), now_ms=0) == (0, 10)


@given(rate=rates, left=st.integers(0, 60_000_000), elapsed=st.integers(0, 10_000))
def test_who_waits_as_told_gets_through_and_not_a_millisecond_earlier(rate, left, elapsed):
    _, wait = take(left, 0, rate, now_ms=elapsed)
    if wait:
        assert take(left, 0, rate, now_ms=elapsed + wait)[1] == 0
        assert take(left, 0, rate, now_ms=elapsed + wait - 1)[1] == 1


@given(rate=rates, gaps=st.lists(st.integers(0, 5_000), max_size=80))
def test_no_pattern_of_requests_gets_more_than_the_rate(rate, gaps):
    times, now = [], 0
    for gap in gaps:
        now += gap
        times.append(now)
    assert admitted(rate, times) <= rate.count + now * rate.count // rate.per_ms


@given(rate=rates, left=st.integers(0, 60_000_000), now=st.integers(0, 10_000))
def test_a_clock_that_goes_back_gives_nothing(rate, left, now):
    assert take(left, 10_000, rate, now_ms=now) == take(left, 10_000, rate, now_ms=10_000)


@pytest.mark.parametrize("rate", [Rate(count=0, per_ms=1), Rate(count=1, per_ms=0), Rate(count=-1, per_ms=5)])
def test_a_rate_of_nothing_is_refused(rate: Rate):
    with pytest.raises(ValueError, match="at least one"):
        take(None, 0, rate, now_ms=0)
