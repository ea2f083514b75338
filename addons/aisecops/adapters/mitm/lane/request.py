"""One request of the lane and its answer, from the head that was taken to the last byte.

Judged by `judging.py`, kept to the bounds of the gate, and answered as the core's layers would.
INVARIANT: what leaves has just been let out by `gate.may_go`; a permit is given back on every path, once.
"""

from __future__ import annotations

import asyncio
import itertools
import logging
from collections.abc import Awaitable
from typing import TYPE_CHECKING

from mitmproxy import http
from mitmproxy.net.http import http1
from mitmproxy.net.http.validate import validate_headers
from mitmproxy.proxy.layers.http._events import ErrorCode, ResponseProtocolError

from aisecops.adapters.mitm.apply import clean_answer
from aisecops.adapters.mitm.exchange import Exchange
from aisecops.adapters.mitm.failures import NO_ROOM, TOO_LARGE, refused_connection, upstream_failure
from aisecops.adapters.mitm.faults import describe, is_our_own_end, refusal_of
from aisecops.adapters.mitm.guard import FailClosedAddonManager
from aisecops.adapters.mitm.host_refusals import BODY_TOO_SLOW, CHANGED, NO_ROOM_FOR_BODY, SWITCHED
from aisecops.adapters.mitm.judging import begin_answer, judge_head, judge_whole, let_go, settle
from aisecops.adapters.mitm.lane.answers import AnswerReader, BrokenAnswerError
from aisecops.adapters.mitm.lane.heads import Head
from aisecops.adapters.mitm.lane.upstream import NotReachedError, Upstream
from aisecops.adapters.mitm.lane.writing import is_chunked, piece_of, whole
from aisecops.adapters.mitm.load import SMALL_ANSWER_BYTES
from aisecops.adapters.mitm.streams import TappedStream
from aisecops.adapters.mitm.unread import Unread
from aisecops.model.errors import Fault
from aisecops.model.outcome import Refuse

if TYPE_CHECKING:
    from aisecops.adapters.mitm.lane.connection import LaneConnection

logger = logging.getLogger(__name__)

_numbers = itertools.count(1)
_ENDED = "the client or the upstream ended it"


class LaneRequest:
    """One request on `client`. `run` says whether the connection may go on after it."""

    def __init__(self, client: LaneConnection, head: Head) -> None:
        self.flow_id = f"lane-{next(_numbers)}"
        self.exchange: Exchange | None = None
        self.is_overdue = False
        self._client = client
        self._gate = client.gate
        self._manager = client.manager
        self._request = head.request
        self._left_bytes = head.body_bytes

    @property
    def is_whole(self) -> bool:
        """True when all of it has come: what comes now belongs to another."""
        return self._left_bytes == 0

    async def run(self) -> bool:
        """Judge it, carry it out, answer it."""
        outcome = await or_refusal(
            self._manager, judge_head(self._gate, self.flow_id, self._request, self._client.client)
        )
        if isinstance(outcome, Refuse):
            self._gate.exchanges.pop(self.flow_id, None)
            return await self._answer_early(outcome) if self._left_bytes else self._refuse(outcome)
        exchange = self.exchange = outcome
        exchange.gone = exchange.gone or self._client.has_gone
        why = _ENDED
        try:
            return not exchange.gone and await self._carry_out(exchange)
        except BaseException as fault:
            if is_our_own_end(fault):
                raise
            words = describe(fault)
            logger.error("a request in the lane failed and its connection was dropped: %s", words)  # noqa: TRY400
            self._client.abort()
            return False
        finally:
            self._gate.exchanges.pop(self.flow_id, None)
            self._gate.over(exchange)
            if exchange.gone:
                why = "the client has gone"
            await let_go(self._gate, exchange, why)

    # the request

    async def _carry_out(self, exchange: Exchange) -> bool:
        body = await self._body(exchange)
        if not isinstance(body, bytes):
            return await self._refuse_unread(body) if body is not None else False
        self._request.data.content = body
        exchange.clock.waits()
        judging = asyncio.get_running_loop().create_task(self._judged(exchange))
        await self._client.done_or_gone(judging)
        if self._has_gone(exchange):
            return False  # the judging goes on by itself, and gives back what it is given
        refuse = judging.result()
        if refuse:
            await let_go(self._gate, exchange, "refused")
            return self._refuse(refuse)
        try:
            upstream = await self._sent(exchange)
            return await self._answered(exchange, upstream)
        except NotReachedError as failed:
            return await self._failed(exchange, str(failed), ErrorCode.CONNECT_FAILED)
        except BrokenAnswerError as broken:
            self._client.abort_upstream()
            return await self._failed(exchange, str(broken), ErrorCode.GENERIC_SERVER_ERROR)

    async def _judged(self, exchange: Exchange) -> Refuse | None:
        with exchange.at_work():
            judged = judge_whole(self._gate, exchange, self._request, self._client.client)
            return await or_refusal(self._manager, judged)

    async def _body(self, exchange: Exchange) -> bytes | Refuse | None:
        """The whole body; or why it is refused unread; None when the client ended before."""
        line, load = self._client.line, self._gate.load
        pieces: list[bytes] = []
        while self._left_bytes:
            piece = line.take(self._left_bytes)
            if piece:
                self._left_bytes -= len(piece)
                exchange.clock.got_body(len(piece))
                if not exchange.held.take(len(piece)):
                    return NO_ROOM_FOR_BODY
                pieces.append(piece)
                if self._left_bytes and load.room.is_tight:
                    await load.room.wait(load.bounds.room_wait_s)
                continue
            if self.is_overdue:
                return BODY_TOO_SLOW
            if not await line.more():
                return None
        return b"".join(pieces)

    async def _sent(self, exchange: Exchange) -> Upstream:
        """The one way out. Raises NotReachedError, also where the gate would not let it go."""
        if not self._gate.may_go(exchange):
            raise NotReachedError(_REFUSED)
        exchange.clock.dials()
        forward = exchange.forward
        assert forward is not None  # or the gate had said no
        upstream = await self._client.upstream((exchange.caller.agent_id, forward.run_id), exchange)
        if not self._gate.may_go(exchange) or self._has_gone(exchange):
            raise NotReachedError(_REFUSED)
        exchange.sent, exchange.server = True, upstream.server
        exchange.asked_bytes = exchange.held.size_bytes
        exchange.clock.sent()
        upstream.line.write(http1.assemble_request_head(self._request) + (self._request.data.content or b""))
        return upstream

    # the answer

    async def _answered(self, exchange: Exchange, upstream: Upstream) -> bool:
        reader = AnswerReader(upstream.line, self._request)
        response = await reader.head()
        exchange.clock.moved()
        if reader.size != 0 and self._says_too_much(exchange, response):
            raise BrokenAnswerError(TOO_LARGE)
        instead = self._instead_of(exchange, response)
        if instead is not None:
            self._client.abort_upstream()
            await let_go(self._gate, exchange, "refused")
            self._write(instead)
            return False
        ends = reader.size == -1 or _closes(self._request) or _closes(response)
        if exchange.stream is not None:
            return await self._streamed(exchange, upstream, reader, response, ends=ends)
        response.data.content = await self._content(exchange, reader)
        if ends:
            upstream.line.close()
        with exchange.at_work():
            refuse = await or_refusal(self._manager, settle(self._gate, exchange, response))
        if self._has_gone(exchange):
            return False
        if refuse:
            return self._refuse(refuse)
        self._write(response)
        return not (_closes(self._request) or _closes(response) or self._has_no_end(response))

    def _instead_of(self, exchange: Exchange, response: http.Response) -> http.Response | None:
        """What is answered in the place of an answer whose head is unfit; None when it is fit, and clean then."""
        try:
            validate_headers(response)
        except ValueError:
            return upstream_failure(None, None)
        clean_answer(response)
        if response.status_code == 101:  # noqa: PLR2004 - the HTTP status
            return self._refusal(SWITCHED, closes=True)
        try:
            begin_answer(self._gate, exchange, self._request, response, cut=self._client.abort)
        except BaseException as fault:
            if is_our_own_end(fault):
                raise
            logger.error("the head of an answer failed and was refused: %s", describe(fault))  # noqa: TRY400
            return self._refusal(refusal_of(fault), closes=True)
        return None

    def _has_no_end(self, response: http.Response) -> bool:
        try:
            return http1.expected_http_body_size(self._request, response) == -1
        except ValueError:
            return True

    def _says_too_much(self, exchange: Exchange, response: http.Response) -> bool:
        if exchange.forward is not None and exchange.forward.any_size:
            return False
        said = response.headers.get("content-length", "")
        return said.isdecimal() and int(said) > self._gate.load.bounds.answer_bytes

    async def _content(self, exchange: Exchange, reader: AnswerReader) -> bytes:
        """An answer that is read whole, within its bounds. Raises BrokenAnswerError."""
        load = self._gate.load
        pieces, size = [], 0
        async for piece in reader.pieces():
            exchange.clock.moved()
            size += len(piece)
            if not exchange.held.take(len(piece)):
                raise BrokenAnswerError(NO_ROOM)
            if size > load.bounds.answer_bytes:
                raise BrokenAnswerError(TOO_LARGE)
            pieces.append(piece)
            if load.room.is_tight and exchange.held.size_bytes - exchange.asked_bytes > SMALL_ANSWER_BYTES:
                await load.room.wait(load.bounds.room_wait_s)
        if exchange.cut is not None or exchange.clock.passed is not None:
            raise BrokenAnswerError("cut")
        return b"".join(pieces)

    async def _streamed(
        self, exchange: Exchange, upstream: Upstream, reader: AnswerReader, response: http.Response, *, ends: bool
    ) -> bool:
        stream = exchange.stream
        assert stream is not None  # or it was not called
        chunked = is_chunked(response)
        self._say_last(response)
        self._client.line.write(http1.assemble_response_head(response))
        try:
            async for piece in reader.pieces():
                exchange.clock.moved()
                if exchange.cut is not None:
                    break
                await self._pass_on(exchange, stream(piece), chunked=chunked)
            else:
                if exchange.cut is None:
                    await self._pass_on(exchange, stream(b""), chunked=chunked)
        except BrokenAnswerError:
            if exchange.cut is None:
                self._client.abort_upstream()
                return False  # without its end, which tells that it is not whole
        if ends or exchange.cut is not None:
            upstream.line.close()
        await let_go(self._gate, exchange, "it was cut" if exchange.cut else _ENDED)
        if self._has_gone(exchange) or not self._ends_stream(exchange, stream, chunked=chunked):
            return False
        return not (_closes(self._request) or _closes(response)) and (chunked or exchange.cut is None)

    def _ends_stream(self, exchange: Exchange, stream: TappedStream, *, chunked: bool) -> bool:
        """Write the end that the stream has earned; False when it has none, and must not look whole."""
        if exchange.cut is not None:
            if not stream.tap.has_words:
                return False
            self._client.line.write(piece_of(stream.tap.refusal(exchange.cut), chunked=chunked))
        elif stream.dead:
            return False
        if chunked:
            self._client.line.write(b"0\r\n\r\n")
        return True

    async def _pass_on(self, exchange: Exchange, pieces: list[bytes], *, chunked: bool) -> None:
        """Pass `pieces` on, then what is judged while the stream waits; and wait until the client takes it."""
        stream, line = exchange.stream, self._client.line
        assert stream is not None  # as above
        for piece in pieces:
            line.write(piece_of(piece, chunked=chunked))
        if not stream.dead and stream.tap.waiting:
            permit = exchange.permit
            if permit is None:
                raise Fault("a stream waits whose answer is over")
            for piece in await stream.weigh(lambda tap: self._gate.enforcer.weigh(permit, tap)):
                line.write(piece_of(piece, chunked=chunked))
        await self._client.taken()

    # other ends

    async def _failed(self, exchange: Exchange, why: str, code: ErrorCode) -> bool:
        """There is no answer, and none of it was passed on: say so in its place."""
        await let_go(self._gate, exchange, "it was cut" if exchange.cut else _ENDED)
        if self._has_gone(exchange):
            return False
        refuse = exchange.cut
        if refuse is None and why == _REFUSED:
            refuse = self._gate.closed or CHANGED
        event = ResponseProtocolError(1, why, code)
        refuse = refuse or refused_connection(event, exchange)
        if refuse:
            return self._refuse(refuse, closes=True)
        response = upstream_failure(event, exchange)
        response.headers["Connection"] = "close"
        self._write(response)
        return False

    async def _refuse_unread(self, refuse: Refuse) -> bool:
        unread = Unread(self._client.client, refuse, self.flow_id)
        await self._client.tell_unread(unread)
        if refuse is not BODY_TOO_SLOW:
            return await self._answer_early(unread.refuse)
        return self._refuse(unread.refuse, closes=True)

    async def _answer_early(self, refuse: Refuse) -> bool:
        """Answer before the body has come. What still comes of it is read and dropped; then the connection closes."""
        self._refuse(refuse, closes=True)
        await self._client.drop_what_comes(self._left_bytes)
        return False

    def _refuse(self, refuse: Refuse, *, closes: bool = False) -> bool:
        response = self._refusal(refuse, closes=closes)
        self._write(response)
        return not (_closes(self._request) or _closes(response))

    def _refusal(self, refuse: Refuse, *, closes: bool) -> http.Response:
        response = self._gate.answer(refuse, self.exchange.request if self.exchange else None)
        if closes:
            response.headers["Connection"] = "close"
        return response

    def _say_last(self, response: http.Response) -> None:
        if self._gate.is_leaving:
            response.headers["connection"] = "close"

    def _write(self, response: http.Response) -> None:
        self._say_last(response)
        self._client.line.write(whole(response, without_body=self._request.data.method == b"HEAD"))

    def _has_gone(self, exchange: Exchange) -> bool:
        exchange.gone = exchange.gone or self._client.has_gone
        return exchange.gone


_REFUSED = "refused before sending"


def _closes(message: http.Message) -> bool:
    return bool(http1.connection_close(message.http_version, message.headers))


async def or_refusal[T](manager: FailClosedAddonManager, asked: Awaitable[T]) -> T | Refuse:
    """What was asked; or the refusal that a fault in it is."""
    try:
        return await asked
    except BaseException as fault:
        if is_our_own_end(fault):
            raise
        logger.error("a check failed and was refused: %s", describe(fault))  # noqa: TRY400 - without foreign words
        manager.ends_with(fault, "lane")
        return refusal_of(fault)
