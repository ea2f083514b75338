"""What is large or compressed is read in another thread; what is small stays where it is."""

from __future__ import annotations

import asyncio
import threading
import time

import pytest

from aisecops.gateway.aside import ASIDE_FROM_BYTES, TURN_S, aside, in_turns

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


async def test_in_turns_others_get_their_turn() -> None:
    done: list[str] = []

    async def other() -> None:
        done.append("other")

    task = asyncio.create_task(other())
    async for item in in_turns("ab"):
        done.append(item)
        until = time.perf_counter() + TURN_S
        while time.perf_counter() < until:
            pass
    await task
    assert done == ["a", "other", "b"]
