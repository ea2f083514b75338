"""The clocks alone. With sockets: `end_to_end/test_deadlines.py`."""

from __future__ import annotations

import asyncio

from aisecops.adapters.mitm.bounds import Bound, Bounds
from aisecops.adapters.mitm.deadlines import TELLS_S, ClientClock, ExchangeClock, Stage
from support.timeless import timeless

SHORT = Bounds(
    connect_s=0.05,
    first_byte_s=0.1,
    idle_s=0.05,
    total_s=0.3,
    head_s=0.1,
    handshake_s=0.05,
    body_s=0.05,
    keepalive_s=0.05,
)


def a_clock(**changed):
    rung: list[Bound] = []
    values = {name: getattr(SHORT, name) for name in SHORT.__dataclass_fields__}
    return ExchangeClock(Bounds(**(values | changed)), rung.append), rung


@timeless
async def test_each_part_has_its_own_bound():
    for begin, bound in (("reads_body", Bound.BODY), ("sent", Bound.FIRST_BYTE), ("moved", Bound.IDLE)):
        clock, rung = a_clock()
        getattr(clock, begin)()
        await asyncio.sleep(0.13)
        assert rung == [bound]
        assert clock.passed is bound


@timeless
async def test_what_moves_is_not_idle_and_still_ends():
    clock, rung = a_clock(total_s=0.15)
    clock.dials()
    clock.sent()
    for _ in range(10):
        await asyncio.sleep(0.02)
        clock.moved()
    assert rung == [Bound.TOTAL]


@timeless
async def test_waiting_for_a_person_is_not_timed():
    clock, rung = a_clock()
    clock.reads_body()
    clock.waits()
    await asyncio.sleep(0.1)
    assert rung == []


@timeless
async def test_a_body_earns_time_by_its_size_and_not_by_trickling():
    clock, rung = a_clock()
    clock.reads_body()
    clock.got_body(16 * 1024)
    await asyncio.sleep(0.1)
    assert rung == []
    clock, rung = a_clock()
    clock.reads_body()
    for _ in range(8):
        clock.got_body(1)
        await asyncio.sleep(0.01)
    assert rung == [Bound.BODY]


@timeless
async def test_a_clock_that_was_stopped_does_not_ring():
    clock, rung = a_clock()
    clock.sent()
    clock.stop()
    clock.moved()
    await asyncio.sleep(0.12)
    assert (rung, clock.passed) == ([], None)


def test_a_clock_without_anybody_to_tell_does_nothing():
    clock = ExchangeClock()
    clock.reads_body()
    clock.dials()
    clock.sent()
    clock.moved()
    clock.stop()
    assert clock.passed is None


def a_client(busy=lambda: False):
    rung = []

    async def late():
        rung.append(1)

    return ClientClock(SHORT, busy=busy, late=late), rung


@timeless
async def test_bytes_earn_no_time_before_the_first_head_and_who_reads_it_may_refuse_it_first():
    clock, rung = a_client()
    watch = asyncio.create_task(clock.watch())
    until = asyncio.get_running_loop().time() + SHORT.head_s + TELLS_S
    while asyncio.get_running_loop().time() < until - 0.02:
        await asyncio.sleep(0.01)
        clock.register_activity()
    assert rung == []
    await asyncio.sleep(0.03)
    assert rung == [1]
    await watch


@timeless
async def test_a_tunnel_that_stays_silent_is_ended_sooner_than_a_connection():
    clock, rung = a_client()
    watch = asyncio.create_task(clock.watch())
    await asyncio.sleep(0.01)
    clock.reaches(Stage.IN_TUNNEL)
    await asyncio.sleep(0.07)
    assert rung == [1]
    await watch


@timeless
async def test_a_connection_at_work_is_not_idle():
    work = [1]
    clock, rung = a_client(lambda: bool(work))
    clock.reaches(Stage.SPEAKS)
    watch = asyncio.create_task(clock.watch())
    await asyncio.sleep(0.15)
    assert rung == []
    work.clear()
    with clock.disarm():
        await asyncio.sleep(0.1)
    assert rung == []
    await asyncio.sleep(0.12)
    assert rung == [1]
    await watch


@timeless
async def test_a_clock_that_is_cancelled_does_not_ring():
    clock, rung = a_client()
    watch = asyncio.create_task(clock.watch())
    await asyncio.sleep(0)
    watch.cancel()
    await watch
    assert rung == []
