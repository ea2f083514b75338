"""TLS over real sockets of the loopback, with the standard library's own client at the other end."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator

import pytest

from aisecops.adapters.mitm.lane.line import Line
from aisecops.adapters.mitm.lane.tls_pipe import TlsPipe
from support.upstream import Authority


@pytest.fixture(scope="module")
def authority(tmp_path_factory) -> Authority:
    return Authority(tmp_path_factory.mktemp("tls"))


@contextlib.asynccontextmanager
async def piped(authority: Authority, early: bytes = b"") -> AsyncIterator[tuple[int, asyncio.Future]]:
    """A server with a pipe for its one client: its port, and line and pipe once somebody came."""
    loop = asyncio.get_running_loop()
    came: asyncio.Future = loop.create_future()
    context = authority.server_context("api.test")

    class Begins(asyncio.Protocol):
        def connection_made(self, transport) -> None:
            line = Line()
            pipe = TlsPipe(transport, line, context, server_side=True)
            line.connection_made(pipe)
            pipe.begin(early)
            came.set_result((line, pipe))

    server = await loop.create_server(Begins, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1], came
    finally:
        server.close()
        line, _ = await came
        line.abort()


def trusting(authority: Authority) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(authority.file)
    return context


@contextlib.asynccontextmanager
async def joined(
    authority: Authority,
) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter, Line, TlsPipe]]:
    """A client of the standard library, and the line and the pipe that serve it."""
    async with piped(authority) as (port, came):
        reader, writer = await asyncio.open_connection(
            "127.0.0.1", port, ssl=trusting(authority), server_hostname="api.test"
        )
        line, pipe = await came
        yield reader, writer, line, pipe
        writer.close()


async def until(line: Line, size: int) -> bytes:
    while len(line.buf) < size and await line.more():
        pass
    return bytes(line.buf)


async def test_what_is_said_arrives_on_both_sides_however_large(authority):
    async with joined(authority) as (reader, writer, line, pipe):
        await pipe.shaken
        writer.write(b"a" * 200_000)
        line.write(b"b" * 200_000)
        assert await until(line, 200_000) == b"a" * 200_000
        assert await reader.readexactly(200_000) == b"b" * 200_000
        line.close()
        assert await reader.read() == b""


@pytest.mark.parametrize("size", [1, 5, 1000])
async def test_however_records_are_cut_all_that_came_is_handed_on_at_once(authority, size):
    class Cuts(asyncio.Protocol):
        def __init__(self, pipe: TlsPipe) -> None:
            self.pipe = pipe

        def data_received(self, data: bytes) -> None:
            for at in range(0, len(data), size):
                self.pipe.data_received(data[at : at + size])

    async with joined(authority) as (_, writer, line, pipe):
        await pipe.shaken
        pipe._raw.set_protocol(Cuts(pipe))
        for said in (b"a", b"b" * 3000, b"c" * 40_000):
            writer.write(said)
            assert await until(line, len(said)) == said
            line.take(len(said))


async def test_an_end_that_was_said_is_told_from_one_that_was_not(authority):
    async with joined(authority) as (_, writer, line, pipe):
        writer.write(b"all")
        writer.close()
        assert await until(line, 4) == b"all"
        assert not pipe.ragged
    async with joined(authority) as (_, writer, line, pipe):
        writer.write(b"not all")
        await until(line, 7)
        writer.transport._ssl_protocol._transport.close()  # the socket, behind the back of TLS
        assert not await line.more() or not await line.more()
        assert pipe.ragged


@pytest.mark.parametrize("junk", [b"GET / HTTP/1.1\r\n\r\n", b"\x16\x03\x01\x00\x05hello", b"\x16\x03\x01"])
async def test_junk_is_no_handshake(authority, junk):
    async with piped(authority) as (port, came):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        _, pipe = await came
        writer.write(junk)
        writer.write_eof()
        with pytest.raises(OSError):
            await asyncio.wait_for(asyncio.shield(pipe.shaken), 20)
        await reader.read()
        writer.close()


async def test_who_says_that_nothing_more_comes_can_still_be_written_to(authority):
    async with joined(authority) as (reader, _, line, pipe):
        await pipe.shaken
        line.write(b"last words")
        assert pipe.can_write_eof()
        pipe.write_eof()
        line.write(b"too late")
        assert await reader.read() == b"last words"
        pipe.data_received(b"junk, as nobody reads it")
        assert not pipe.is_closing()


async def test_a_broken_record_ends_the_connection(authority):
    async with joined(authority) as (_, writer, line, pipe):
        await pipe.shaken
        writer.transport._ssl_protocol._transport.write(b"\x17\x03\x03\x00\x20" + b"x" * 32)
        while await line.more():
            pass
        assert bytes(line.buf) == b""
        assert pipe.is_closing()


async def test_a_transport_that_has_ended_shakes_no_hands(authority):
    async with joined(authority) as (_, _, _, pipe):
        raw = pipe._raw
        raw.abort()
        late = TlsPipe(raw, Line(), trusting(authority), server_side=False, server_hostname="api.test")
        late.begin()
        with pytest.raises(ConnectionError):
            await late.shaken
