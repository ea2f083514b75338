"""The answer of an upstream, read as the core's own client reads one, with the bounds of `upstream_layer.py`.

Leans on the core for heads and on its h11 readers for bodies, so that both lanes end an answer at the same byte.
"""

from __future__ import annotations

from collections.abc import AsyncIterator

import h11
from mitmproxy import http
from mitmproxy.net.http import http1
from mitmproxy.proxy.layers.http._http1 import TBodyReader, make_body_reader

from aisecops.adapters.mitm.headers import asked
from aisecops.adapters.mitm.host_refusals import MAX_HEAD_BYTES
from aisecops.adapters.mitm.lane.line import Line
from aisecops.adapters.mitm.upstream_layer import MAX_INTERIM, fault_of, is_interim


class BrokenAnswerError(Exception):
    """The upstream ended, or sent what cannot be read in one way. The words are ours."""


class AnswerReader:
    """Reads one answer to `request` from `line`. `size` is its body's: None in chunks, -1 when only its end tells."""

    size: int | None
    _body: TBodyReader

    def __init__(self, line: Line, request: http.Request) -> None:
        self._line = line
        self._request = request

    async def head(self) -> http.Response:
        """The head of the answer itself, interim ones taken off. Raises BrokenAnswerError."""
        interim = 0
        while True:
            lines = self._line.buf.maybe_extract_lines()
            if not lines:
                await self._more()
                continue
            try:
                response = http1.read_response_head([bytes(line) for line in lines])
                asked(response)
                size = http1.expected_http_body_size(self._request, response)
            except ValueError:
                raise BrokenAnswerError("cannot read the answer") from None
            if is_interim(response):
                interim += 1
                if interim > MAX_INTERIM:
                    raise BrokenAnswerError("cannot read the answer: it sent interim answers without an end")
                continue
            if fault := fault_of(response):
                raise BrokenAnswerError(f"cannot read the answer: {fault}")
            self.size, self._body = size, make_body_reader(size)
            return response

    async def pieces(self) -> AsyncIterator[bytes]:
        """The body as it comes. Raises BrokenAnswerError when it is not whole."""
        while True:
            try:
                event = self._body(self._line.buf)
                if event is None:
                    event = await self._later()
            except h11.ProtocolError:
                raise BrokenAnswerError("cannot read the answer: its frame is broken") from None
            if isinstance(event, h11.Data):
                if event.data:
                    yield bytes(event.data)
            elif event is not None:
                return  # trailers, if there are any, are left away (RFC 9110 6.5.1)

    async def _later(self) -> h11.Data | h11.EndOfMessage | None:
        """Wait for more; at the end of the line, what that makes of the body."""
        try:
            await self._more()
        except _EndError:
            if self._line.broken:
                raise BrokenAnswerError("the connection broke in the answer") from None
            return self._body.read_eof()  # raises where a frame says that more should come
        return None

    async def _more(self) -> None:
        # a complete line never stays in the buffer, so what is left there belongs to a line without an end
        if len(self._line.buf) > MAX_HEAD_BYTES:
            raise BrokenAnswerError("cannot read the answer: its head or a chunk's line has no end")
        if not await self._line.more():
            raise _EndError("server closed connection")


class _EndError(BrokenAnswerError):
    """The line has ended."""
