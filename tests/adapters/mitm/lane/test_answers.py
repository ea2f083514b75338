"""Answers of upstreams in pieces, whole and broken, on a line without a network."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest
from mitmproxy.test import tutils

from aisecops.adapters.mitm.host_refusals import MAX_HEAD_BYTES
from aisecops.adapters.mitm.lane.answers import AnswerReader, BrokenAnswerError
from aisecops.adapters.mitm.lane.line import Line
from aisecops.adapters.mitm.upstream_layer import MAX_INTERIM

HEAD = b"HTTP/1.1 200 OK\r\n"
BROKEN = "broken"


class Still(asyncio.Transport):
    """Nothing comes of it by itself."""

    def pause_reading(self) -> None:
        pass

    def resume_reading(self) -> None:
        pass


async def read(pieces: Sequence[bytes], *, method: bytes = b"GET", how: str = "ends") -> tuple[int, bytes]:
    """What a reader makes of `pieces`, after which the connection `ends` or is `broken`."""
    line = Line()
    line.connection_made(Still())
    reader = AnswerReader(line, tutils.treq(method=method))

    async def answer() -> tuple[int, bytes]:
        response = await reader.head()
        return response.status_code, b"".join([piece async for piece in reader.pieces()])

    reading = asyncio.ensure_future(answer())
    for piece in pieces:
        await asyncio.sleep(0)
        line.data_received(piece)
    await asyncio.sleep(0)
    line.connection_lost(ConnectionResetError() if how == BROKEN else None)
    return await reading


@pytest.mark.parametrize(
    ("answer", "body"),
    [
        (HEAD + b"Content-Length: 5\r\n\r\nhello", b"hello"),
        (HEAD + b"Transfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n", b"hello"),
        (HEAD + b"Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nX-Trailer: 1\r\n\r\n", b"hello"),
        (HEAD + b"\r\nhello", b"hello"),
        (b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\n\r\n" + HEAD + b"\r\nhello", b"hello"),
    ],
)
async def test_an_answer_is_read_whole_however_it_comes(answer, body):
    assert await read([answer]) == (200, body)
    assert await read([answer[at : at + 1] for at in range(len(answer))]) == (200, body)


@pytest.mark.parametrize(("method", "status"), [(b"HEAD", b"200"), (b"GET", b"204"), (b"GET", b"304")])
async def test_an_answer_without_body_ends_with_its_head(method, status):
    head = b"HTTP/1.1 " + status + b" OK\r\nContent-Length: 5\r\n\r\n"
    assert await read([head, b"hello"], method=method) == (int(status), b"")


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        HEAD,
        HEAD + b"Content-Length: 5\r\n\r\nhell",
        HEAD + b"Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",
        HEAD + b"Transfer-Encoding: chunked\r\n\r\n5\r\nhello!\r\n0\r\n\r\n",
        HEAD + b"Transfer-Encoding: chunked\r\n\r\nx\r\n",
        HEAD + b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
        HEAD + b"Transfer-Encoding: magic\r\n\r\n",
        HEAD + b"Content-Length: five\r\n\r\nhello",
        HEAD + b"X-A: a\r\n folded\r\n\r\n",
        b"HTTP/3.0 200 OK\r\n\r\n",
        b"HTTP/1.1 99 OK\r\n\r\n",
        b"ICY 200 OK\r\n\r\n",
        HEAD + b"X-A: " + b"a" * MAX_HEAD_BYTES,
        HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + b"1" * (MAX_HEAD_BYTES + 1),
        b"HTTP/1.1 100 Continue\r\n\r\n" * (MAX_INTERIM + 1) + HEAD + b"Content-Length: 0\r\n\r\n",
    ],
)
async def test_what_is_cut_or_can_be_read_in_two_ways_is_no_answer(answer):
    with pytest.raises(BrokenAnswerError):
        await read([answer, b""])


async def test_a_connection_that_breaks_ends_no_answer():
    assert await read([HEAD + b"\r\nhello"]) == (200, b"hello")
    with pytest.raises(BrokenAnswerError):
        await read([HEAD + b"\r\nhello"], how=BROKEN)
