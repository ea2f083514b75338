"""What is kept, what waits, and when nothing comes any more."""

from __future__ import annotations

import asyncio

from aisecops.adapters.mitm.lane.line import Line


class Transport(asyncio.Transport):
    """Counts what it is told."""

    def __init__(self) -> None:
        super().__init__()
        self.reads = True
        self.waiting = 0
        self.written = b""
        self.is_over = False

    def pause_reading(self) -> None:
        self.reads = False

    def resume_reading(self) -> None:
        self.reads = True

    def write(self, data) -> None:
        self.written += data

    def can_write_eof(self) -> bool:
        return True

    def is_closing(self) -> bool:
        return self.is_over

    def get_write_buffer_size(self) -> int:
        return self.waiting


def a_line(**how) -> tuple[Line, Transport]:
    line, transport = Line(**how), Transport()
    line.connection_made(transport)
    return line, transport


async def test_who_waits_gets_what_comes_and_then_the_end():
    line, _ = a_line()
    waits = asyncio.ensure_future(line.more())
    await asyncio.sleep(0)
    line.data_received(b"some")
    assert await waits
    assert bytes(line.buf) == b"some"
    waits = asyncio.ensure_future(line.more())
    await asyncio.sleep(0)
    assert line.eof_received()
    assert await waits
    assert not await line.more()
    assert not line.is_open


async def test_much_that_nobody_wants_yet_is_not_read():
    line, transport = a_line(most=10)
    line.data_received(b"a" * 11)
    assert not transport.reads
    waits = asyncio.ensure_future(line.more())
    await asyncio.sleep(0)
    assert transport.reads
    line.data_received(b"b")
    assert await waits


async def test_what_is_taken_makes_room_so_that_an_end_is_noticed():
    line, transport = a_line(most=10)
    line.data_received(b"a" * 25)
    assert line.take(5) == b"a" * 5
    assert not transport.reads
    assert line.take(100) == b"a" * 20
    assert transport.reads
    assert line.take(100) == b""


async def test_each_end_is_told_once():
    told = []
    line, _ = a_line(on_end=lambda: told.append("end"), on_more=lambda: told.append("more"))
    line.on_lost = lambda: told.append("lost")
    line.data_received(b"a")
    line.eof_received()
    line.connection_lost(None)
    assert told == ["more", "end", "lost"]
    assert not line.broken


async def test_a_line_that_breaks_says_so_and_takes_nothing_more():
    line, transport = a_line()
    line.connection_lost(ConnectionResetError())
    line.write(b"late")
    assert line.broken
    assert line.ended
    assert not transport.written
    assert await line.gone(0)


async def test_who_writes_waits_for_room_but_not_for_ever():
    line, transport = a_line()
    transport.waiting = 100_000
    line.pause_writing()
    await line.room(0)
    waits = asyncio.ensure_future(line.room(60))
    await asyncio.sleep(0)
    assert not waits.done()
    line.resume_writing()
    await waits
    assert line.unwritten == 100_000
    assert not await line.gone(0)


async def test_who_waits_may_be_asked_to_look_again():
    line, _ = a_line()
    waits = asyncio.ensure_future(line.more())
    await asyncio.sleep(0)
    line.wake()
    assert await waits
