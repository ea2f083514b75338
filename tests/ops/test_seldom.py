"""What comes again and again is said once in a while, with how often."""

from __future__ import annotations

import time

import pytest

from aisecops.ops import seldom
from aisecops.ops.seldom import Seldom


@pytest.fixture
def clock(monkeypatch):
    now = [1000.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    return now


def test_the_first_is_said_and_then_one_a_while_with_how_many_there_were(clock):
    found = Seldom(10)
    assert [found.times("down") for _ in range(4)] == [1, 0, 0, 0]
    clock[0] += 9.9
    assert found.times("down") == 0
    clock[0] += 0.2
    assert [found.times("down") for _ in range(2)] == [5, 0]


def test_another_thing_is_said_by_itself(clock):
    found = Seldom(10)
    assert [found.times(key) for key in ("a", "b", "a", "b")] == [1, 1, 0, 0]


def test_words_that_never_come_twice_fill_no_memory(clock, monkeypatch):
    monkeypatch.setattr(seldom, "MOST_KEYS", 3)
    found = Seldom(10)
    assert [found.times(str(number)) for number in range(10)] == [1] * 10
    assert len(found._said_s) <= 3
