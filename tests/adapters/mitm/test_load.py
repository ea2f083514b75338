"""What is counted: bytes, connections, descriptors. On the real host: `end_to_end/test_load.py`."""

from __future__ import annotations

import asyncio
import logging
import resource

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aisecops.adapters.mitm.bounds import Bounds
from aisecops.adapters.mitm.load import (
    DESCRIPTORS_KEPT,
    Connections,
    Full,
    Held,
    Load,
    Room,
    SaidSeldom,
    most_decoded,
    raise_descriptors,
    source_of,
)


def test_what_does_not_fit_is_not_taken():
    room = Room(100)
    assert room.take(100)
    assert not room.take(1)
    assert room.used == 100


@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 60))))
def test_whatever_is_held_comes_back(steps):
    room = Room(200)
    held = [Held(room) for _ in range(5)]
    for which, size in steps:
        held[which].take(size)
        assert 0 <= room.used <= 200
    assert room.used == sum(one.size_bytes for one in held)
    for one in held:
        one.be(0)
    assert room.used == 0


async def test_readers_wait_from_seven_eighths_on_and_go_on_in_order():
    room, order = Room(1024 * 1024), []
    held = Held(room)
    held.take(950_000)

    async def wait(name):
        await room.wait(5)
        order.append(name)

    tasks = [asyncio.create_task(wait(name)) for name in "ab"]
    await asyncio.sleep(0)
    assert order == []
    held.be(917_000)  # one more read would fit below the line
    await asyncio.sleep(0.01)
    assert order == ["a"]
    held.be(0)
    await asyncio.gather(*tasks)
    assert order == ["a", "b"]


async def test_nobody_waits_for_ever():
    room = Room(100)
    room.take(100)
    await room.wait(0.01)
    assert room.is_tight


def test_connections_are_counted_by_source_and_in_all():
    connections = Connections(most=3, per_source=2)
    assert [connections.enter("a"), connections.enter("a"), connections.enter("a")] == [None, None, Full.SOURCE]
    assert [connections.enter("b"), connections.enter("c")] == [None, Full.ALL]
    connections.leave("a")
    assert connections.enter("c") is None
    for source in "abc":
        connections.leave(source)
    assert (connections.count, dict(connections.by_source)) == (0, {})


@pytest.mark.parametrize(
    ("host", "source"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3::4", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
    ],
)
def test_a_v6_network_is_one_source(host, source):
    assert source_of(host) == source


def test_few_descriptors_make_few_connections():
    assert Load(Bounds(connections=500), descriptors=DESCRIPTORS_KEPT + 100).clients.most == 50
    assert Load(Bounds(connections=20), descriptors=DESCRIPTORS_KEPT + 100).clients.most == 20
    assert Load(descriptors=10).clients.most == 1


def test_too_few_descriptors_for_the_connections_that_were_set_are_said(caplog):
    Load(Bounds(connections=50), descriptors=DESCRIPTORS_KEPT + 100)
    assert caplog.text == ""
    Load(Bounds(connections=51), descriptors=DESCRIPTORS_KEPT + 100)
    assert "228 file descriptors are enough for 50 client connections, not for 51 (`limits.connections`)" in caplog.text
    assert "ulimit -n" in caplog.text


def test_a_body_that_is_not_compressed_grows_no_more():
    assert most_decoded("", 100, allowed=50) == most_decoded("identity", 100, allowed=50) == 0
    assert most_decoded("gzip", 30_000, allowed=10_000_000) == 3_000_000
    assert most_decoded("gzip", 10, allowed=5_000) == 5_000


def test_the_limit_of_descriptors_is_raised_to_the_hard_one():
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(1, soft // 2), hard))
    raised = raise_descriptors()
    assert resource.getrlimit(resource.RLIMIT_NOFILE)[0] == raised


def test_what_would_be_said_a_thousand_times_is_said_once(caplog):
    caplog.set_level(logging.WARNING)
    seldom = SaidSeldom()
    for _ in range(1000):
        seldom.say("full")
    assert [record.getMessage() for record in caplog.records] == ["full (1 times)"]
