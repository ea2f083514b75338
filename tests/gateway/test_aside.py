"""What is large or compressed is read in another thread; what is small stays where it is."""

from __future__ import annotations

import asyncio
import threading
import time

import pytest

from aisecops.gateway.aside import ASIDE_FROM_BYTES, TURN_S, Steps, aside, in_steps

GZIP = (("Content-Encoding", "gzip"),)
PLAIN = (("Content-Encoding", "identity"),)


@pytest.mark.parametrize(
    ("size", "headers", "elsewhere"),
    [(10, (), False), (10, PLAIN, False), (ASIDE_FROM_BYTES, (), True), (10, GZIP, True), (0, GZIP, False)],
)
async def test_where_a_body_is_read(size, headers, elsewhere):
    read_in = await aside(size, headers, threading.current_thread)
    assert (read_in is not threading.current_thread()) is elsewhere


async def test_what_is_raised_elsewhere_is_raised_here():
    def fail(why: str) -> None:
        raise ValueError(why)

    with pytest.raises(ValueError, match="why"):
        await aside(ASIDE_FROM_BYTES, (), fail, why="why")


async def test_between_the_steps_of_long_work_others_get_their_turn() -> None:
    done: list[str] = []

    async def other() -> None:
        done.append("other")

    def work(seconds: float) -> Steps[str]:
        for name in "ab":
            done.append(name)
            until = time.perf_counter() + seconds
            while time.perf_counter() < until:
                pass
            yield
        return "done"

    task = asyncio.create_task(other())
    assert await in_steps(work(0)) == "done"
    assert done == ["a", "b"]
    assert await in_steps(work(TURN_S)) == "done"
    await task
    assert done == ["a", "b", "a", "other", "b"]


async def test_what_fails_in_steps_fails_here():
    def work() -> Steps[None]:
        yield
        raise ValueError("why")

    with pytest.raises(ValueError, match="why"):
        await in_steps(work())
