"""The answer to a batch: each part is settled by the messages that answer it, and told of its own refusal.

What answers nobody (a notification, a request of the server's own) is settled with the first part. A response to what
never reached the server is nobody's: it does not pass.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import orjson
from msgspec.structs import replace

from aisecops.gateway.aside import aside
from aisecops.gateway.settlement.settle import Settlement
from aisecops.gateway.step.mcp_parts import Part
from aisecops.gateway.step.reading import FAILED, MAX_ANSWER_BYTES, is_stream
from aisecops.gateway.step.refuse import fault_refusal
from aisecops.gateway.together.mcp_watch import BatchWatch
from aisecops.model.errors import Fault, WireError
from aisecops.model.exchange import HttpResponse
from aisecops.model.outcome import Refuse
from aisecops.model.value import Value
from aisecops.wire.coding import decode
from aisecops.wire.limits import JsonBounds
from aisecops.wire.mcp import MessageId, MessageKind
from aisecops.wire.mcp_batch import Piece, answered_pieces, batch_of, pieces_of, stream_of
from aisecops.wire.mcp_problem import mcp_errors

_FRAMING = frozenset({"content-length", "content-encoding", "transfer-encoding", "content-type"})
_JSON = (("Content-Type", "application/json"),)
_PROVENANCE = "aisecops-provenance"


class Sent(Value):
    """A part that was forwarded under `permit`, or refused."""

    part: Part
    permit: str = ""
    refuse: Refuse | None = None


class BatchAnswer:
    """Settles what was `sent` of one batch."""

    def __init__(self, settlement: Settlement, sent: Sequence[Sent]) -> None:
        self._settlement = settlement
        self._sent = sorted(sent, key=lambda one: one.part.places[0])

    @property
    def forwarded(self) -> list[Sent]:
        """The parts that left."""
        return [one for one in self._sent if one.permit]

    @property
    def awaited(self) -> tuple[MessageId, ...]:
        """The ids that the server must answer."""
        return tuple(one for sent in self.forwarded for one in sent.part.ids)

    @property
    def _known(self) -> frozenset[str]:
        return frozenset(map(str, self.awaited)) | self.refused_ids

    @property
    def refused_ids(self) -> frozenset[str]:
        """The ids that are answered here, as text: some readers keep `1` and `"1"` in one table."""
        return frozenset(str(one) for sent in self._sent if sent.refuse for one in sent.part.ids)

    def opening(self) -> bytes:
        """The errors of what was refused, as events."""
        return stream_of(error for sent in self._sent if sent.refuse for error in _errors(sent.part, sent.refuse))

    async def settled(self, response: HttpResponse) -> HttpResponse | Refuse:
        """Each part settled by the whole answer. What cannot be told apart answers them all."""
        pieces = await aside(len(response.body), response.headers, _messages, response)
        if pieces is None or not any(_answers(piece) in self._known for piece in pieces):
            return await self._alike(response)
        raws: list[bytes] = []
        shown: list[tuple[str, str]] = []
        streamed, shares, changed = is_stream(response), self._shares(pieces), bool(self.refused_ids)
        for sent in self._sent:
            if sent.refuse is not None:
                raws += _errors(sent.part, sent.refuse)
                continue
            share = shares[sent.permit]
            body = share[0] if len(share) == 1 else batch_of(share) if share else b""
            answer = await self._one(sent, replace(response, headers=_JSON, body=body))
            if isinstance(answer, Refuse):
                raws, changed = [*raws, *_errors(sent.part, answer)], True
                continue
            changed = changed or answer.body != body
            raws += [piece.raw for piece in pieces_of(answer.body, bounds=JsonBounds())] if share else []
            shown += [pair for pair in answer.headers if pair[0].lower() == _PROVENANCE]
        if not changed:
            return replace(response, headers=(*response.headers, *shown))
        kept = tuple(pair for pair in response.headers if pair[0].lower() not in _FRAMING)
        kind = "text/event-stream" if streamed else "application/json"
        body = stream_of(raws) if streamed else batch_of(raws)
        return replace(response, headers=(("Content-Type", kind), *kept, *shown), body=body)

    async def finished(self, tap: BatchWatch) -> None:
        """Each part settled by what of the stream has passed."""
        pieces: list[Piece] = []
        strange: list[bytes] = []
        for said in tap.said:
            try:
                pieces += pieces_of(said, bounds=JsonBounds())
            except WireError:
                strange.append(said)
        shares = self._shares(pieces)
        for number, sent in enumerate(self.forwarded):
            share = [*shares[sent.permit], *(strange if number == 0 else ())]
            await self._settlement.finish(
                sent.permit,
                status=tap.status,
                size=sum(map(len, share)),
                content=HttpResponse(status=tap.status, headers=_JSON, body=batch_of(share)),
                refused=tap.refused,
            )

    async def _alike(self, response: HttpResponse) -> HttpResponse | Refuse:
        """An answer to the batch as a whole: an error of the server's, or its word that nothing waits."""
        left: HttpResponse = response
        first: Refuse | None = None
        for sent in self.forwarded:
            answer = await self._one(sent, response)
            if isinstance(answer, Refuse):
                first = first or answer
            else:
                left = answer
        if first is not None:
            each = tuple((sent.part.ids, sent.refuse or first) for sent in self._sent)
            return replace(first, each=each)
        if not self.refused_ids or response.status >= FAILED or response.body:
            return left
        errors = [error for sent in self._sent if sent.refuse for error in _errors(sent.part, sent.refuse)]
        kept = tuple(pair for pair in left.headers if pair[0].lower() not in _FRAMING)
        return replace(left, status=200, headers=(*_JSON, *kept), body=batch_of(errors))

    async def _one(self, sent: Sent, response: HttpResponse) -> HttpResponse | Refuse:
        """One part settled. A fault of it withholds its answer and no other's."""
        try:
            return await self._settlement.settle(sent.permit, response)
        except Fault as fault:
            return fault_refusal(fault)

    def _shares(self, pieces: Sequence[Piece]) -> dict[str, list[bytes]]:
        """By permit, the messages that answer it."""
        shares: dict[str, list[bytes]] = {sent.permit: [] for sent in self.forwarded}
        owner = {str(one): sent.permit for sent in self.forwarded for one in sent.part.ids}
        first = self.forwarded[0].permit
        for piece in pieces:
            answers = _answers(piece)
            if answers not in self.refused_ids:
                shares[owner.get(answers, first) if answers is not None else first].append(piece.raw)
        return shares


def _answers(piece: Piece) -> str | None:
    answers = piece.message.kind is MessageKind.RESPONSE and piece.message.id is not None
    return str(piece.message.id) if answers else None


def _messages(response: HttpResponse) -> list[Piece] | None:
    """The messages of an answer; None when it is not made of any."""
    try:
        body = decode(response.body, response.headers, max_bytes=MAX_ANSWER_BYTES, allow_names=True)
        return answered_pieces(body, streamed=is_stream(response), bounds=JsonBounds())
    except WireError:
        return None


def _errors(part: Part, refuse: Refuse) -> Iterator[bytes]:
    return (orjson.dumps(error) for error in mcp_errors(refuse, part.ids))
