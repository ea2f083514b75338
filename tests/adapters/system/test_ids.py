"""ULIDs: in order, all different, also across threads and forks."""

from __future__ import annotations

import os
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

from aisecops.adapters.system.clock import SystemClock
from aisecops.adapters.system.ids import Ulids
from aisecops.model.ids import ALPHABET
from support.tokens import NOW_S, SetClock


@contextmanager
def often_switched():
    """Threads take turns every few instructions."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        yield
    finally:
        sys.setswitchinterval(before)


def test_an_id_is_its_prefix_and_26_characters():
    made = Ulids(SetClock()).new("run_")

    assert made.startswith("run_")
    assert len(made) == 30
    assert set(made[4:]) <= set(ALPHABET)


def test_the_first_ten_characters_are_the_time():
    early, late = (Ulids(SetClock(ms)).new("")[:10] for ms in (0, NOW_S * 1000))

    number = 0
    for char in late:
        number = number * 32 + ALPHABET.index(char)
    assert (early, number) == ("0000000000", NOW_S * 1000)


def test_ids_of_one_moment_sort_as_they_were_made():
    ids = Ulids(SetClock())

    made = [ids.new("dec_") for _ in range(5000)]

    assert made == sorted(made)
    assert len(set(made)) == 5000


def test_ids_sort_as_they_were_made_when_the_clock_goes_back():
    clock = SetClock()
    ids = Ulids(clock)
    first = ids.new("")
    clock.ahead(-10)

    assert ids.new("") > first


def test_threads_each_see_their_ids_in_order_and_never_share_one():
    ids = Ulids(SystemClock())

    with often_switched(), ThreadPoolExecutor(8) as pool:
        made = list(pool.map(lambda _: [ids.new("") for _ in range(500)], range(8)))

    assert all(own == sorted(own) for own in made)
    assert len({one for own in made for one in own}) == 4000


def test_two_sources_in_one_moment_give_different_ids():
    assert Ulids(SetClock(1)).new("") != Ulids(SetClock(1)).new("")


def test_a_forked_process_does_not_count_where_its_parent_does(monkeypatch):
    ids = Ulids(SetClock())
    at = ids.new("")
    monkeypatch.setattr(os, "getpid", lambda: -1)

    child = ids.new("")

    assert child[:10] == at[:10]
    assert child[10:18] != at[10:18]  # forty bits of chance, not a count from the parent's
