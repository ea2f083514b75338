"""What is large or compressed is read in another thread; what is small stays where it is."""

from __future__ import annotations

import threading

import pytest

from aisecops.gateway.aside import ASIDE_FROM_BYTES, aside

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
