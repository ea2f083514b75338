"""A batch to an MCP server: every call in it is a step of its own, and only those that were admitted leave.

Each part (`mcp_parts.py`) goes the way of a request that comes alone: its own token, argument tracing, judgment,
reservation and record, then its own charge and origin. What remains of the batch is forwarded as one request under one
name; what was refused is answered with an error of its own, beside the server's answers.

INVARIANT: nothing is reserved while a person is waited for. What would be held is foreseen first, in order, and all of
it asked about at once; then every part is judged for good, and what is held by then is answered and not waited for.

Cutting short: a crash leaves charged what did not run, never the reverse; a fault refuses its part, and one between the
parts gives all back; a halt or a revocation of one ends the whole batch, since what is on the line is one request.
"""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass, field

from msgspec.structs import replace

from aisecops.gateway.admission.admit import Admission
from aisecops.gateway.admission.asking import Asked, Question
from aisecops.gateway.admission.course import Course
from aisecops.gateway.admission.gather import Looked, Presented
from aisecops.gateway.aside import aside
from aisecops.gateway.enforcer import Caller
from aisecops.gateway.ground import Ground
from aisecops.gateway.settlement.settle import Settlement
from aisecops.gateway.settlement.streamed import is_event_stream
from aisecops.gateway.step.mcp_parts import Part, may_be_batch, parts_of
from aisecops.gateway.step.permits import Permits
from aisecops.gateway.step.reading import is_needed_whole
from aisecops.gateway.step.refuse import fault_refusal
from aisecops.gateway.together.batch_answer import BatchAnswer, Sent
from aisecops.gateway.together.mcp_watch import BatchWatch
from aisecops.gateway.together.presented_together import Cards
from aisecops.model.decision import Verdict
from aisecops.model.errors import Fault
from aisecops.model.exchange import HttpRequest, HttpResponse
from aisecops.model.outcome import Forward, Outcome, Refuse
from aisecops.model.refusals import Code
from aisecops.wire.limits import JsonBounds
from aisecops.wire.mcp_batch import batch_of, pieces_of

BATCH_PERMIT = "bat_"


@dataclass
class _Way:
    """How far one part has come."""

    part: Part
    batch: str
    asked: Asked | None = None
    looked: Looked | None = None
    course: Course | None = None
    outcome: Outcome | None = None


@dataclass
class _Open:
    """A batch from its first admitted part to its answer; `cut` once it must end."""

    sent: list[Sent] = field(default_factory=list)
    cut: Refuse | None = None


class Batches:
    """Batches that are judged or on their way; one object for a process."""

    def __init__(self, ground: Ground, *, admission: Admission, settlement: Settlement, permits: Permits) -> None:
        self._ground = ground
        self._admission = admission
        self._settlement = settlement
        self._permits = permits
        self._open: dict[str, _Open] = {}

    def is_open(self, permit: str) -> bool:
        """True for the name of a batch that is on its way."""
        return permit in self._open

    def carrier(self, permit: str, refuse: Refuse) -> str:
        """`permit` must end with `refuse`: the name of what is on the line for it. A batch still judged will not go."""
        for name, batch in self._open.items():
            if any(one.permit == permit for one in batch.sent):
                batch.cut = batch.cut or refuse
                return name
        return permit

    async def admit(self, caller: Caller, request: HttpRequest) -> Outcome | None:
        """What becomes of `request`; None when it is no batch of several steps."""
        rules = self._ground.rules.current()
        if not may_be_batch(rules, request):
            return None
        parts = await aside(len(request.body), request.headers, parts_of, rules, request)
        if not parts:
            return None
        name = self._ground.ids.new(BATCH_PERMIT)
        ways = [_Way(part, name) for part in parts]
        batch = self._open[name] = _Open()
        try:
            await self._judged(caller, Cards.of(request), ways, batch)
            outcome = _together(name, ways, batch.cut)
        except BaseException:
            await self._given_back(name)
            raise
        if not isinstance(outcome, Forward):
            await self._given_back(name)
        return outcome

    # the way in

    async def _judged(self, caller: Caller, cards: Cards, ways: Sequence[_Way], batch: _Open) -> None:
        for way in ways:
            await self._prepare(caller, cards, way)
        if await self._asked_about(ways):
            now = self._ground.rules.current().policy_version
            for way in ways:
                if way.outcome is None and way.asked is not None and way.asked.rules.policy_version != now:
                    await self._prepare(caller, cards, way)
        for way in ways:
            outcome = way.outcome or await self._decided(way)
            if way.asked is not None:
                outcome = self._admission.told(way.asked, outcome)
            way.outcome = outcome
            if isinstance(outcome, Forward):
                batch.sent.append(Sent(part=way.part, permit=outcome.permit))
            else:
                batch.sent.append(Sent(part=way.part, refuse=outcome))

    async def _decided(self, way: _Way) -> Outcome:
        """4 to 8 of `admit.py`, without waiting for anybody."""
        if way.asked is None or way.looked is None or way.course is None:
            raise Fault("a part of a batch was neither understood nor refused")
        way.course.waited = True
        try:
            return await self._admission.decide(way.asked, way.looked, way.course)
        except Fault as fault:
            return _fault(way.asked, fault)

    async def _prepare(self, caller: Caller, cards: Cards, way: _Way) -> None:
        """1 to 3 of `admit.py`, with the token and the approval that are for this part."""
        asked = await self._admission.understood(caller, way.part.request)
        if isinstance(asked, Refuse):
            way.outcome = asked
            return
        action = replace(asked.step.action, batch=way.batch)
        asked = dataclasses.replace(asked, step=replace(asked.step, action=action))
        way.asked = asked = await cards.dealt(asked, self._admission.asking)
        try:
            token = cards.token_of(asked)
            looked = await self._admission.looked_up(asked, cards.seen.get(token))
            if isinstance(looked, Refuse):
                way.outcome = looked
                return
            if token and isinstance(looked.presented, Presented):
                cards.seen[token] = looked.presented  # one proof of possession is for the one request that they are
            approval = await self._admission.asking.presented_approval(asked)
        except Fault as fault:
            way.outcome = _fault(asked, fault)
            return
        way.looked, way.course = looked, self._admission.course(approval)

    async def _asked_about(self, ways: Sequence[_Way]) -> bool:
        """Ask a person about every part that would be held, wait for all answers at once; True when any was asked."""
        asked: list[tuple[_Way, Question]] = []
        tree = None
        for way in ways:
            if way.outcome is not None or way.asked is None or way.looked is None or way.course is None:
                continue
            try:
                foreseen = await self._admission.foreseen(way.asked, way.looked, way.course, tree)
                if isinstance(foreseen, Refuse):
                    way.outcome = foreseen
                    continue
                facts, judged = foreseen
                if judged.decision.enforced is Verdict.ALLOW:
                    tree = judged.tree or tree
                elif judged.decision.enforced is Verdict.HOLD:
                    question = await self._admission.asking.question(way.asked, facts, judged)
                    if isinstance(question, Refuse):
                        way.outcome = question
                    else:
                        asked.append((way, question))
            except Fault as fault:
                way.outcome = _fault(way.asked, fault)
        answers = await asyncio.gather(*(self._admission.asking.awaited(question) for _, question in asked))
        for (way, question), approval in zip(asked, answers, strict=True):
            stray = way.course is not None and bool(way.course.stray)
            way.outcome = self._admission.asking.answered(question, approval, stray=stray)
            way.course = self._admission.course(approval)
        return bool(asked)

    async def _given_back(self, name: str) -> None:
        """Nothing of the batch leaves."""
        batch = self._open.pop(name)
        for one in batch.sent:
            if one.permit:
                await self._settlement.abandon(one.permit, "the batch did not leave", left=False)

    # the way back

    async def settle(self, name: str, response: HttpResponse) -> HttpResponse | Refuse:
        """The whole answer is there: settle each part by what answers it. Raises a `Fault`."""
        return await BatchAnswer(self._settlement, self._open.pop(name).sent).settled(response)

    def tap(self, name: str, response: HttpResponse) -> BatchWatch | None:
        """A tap when the answer is a stream in which nothing has to be looked at before it is whole."""
        answer = BatchAnswer(self._settlement, self._open[name].sent)
        permits = [found for one in answer.forwarded if (found := self._permits.find(one.permit)) is not None]
        if not is_event_stream(response) or any(is_needed_whole(permit.step) for permit in permits):
            return None
        return BatchWatch(
            status=response.status,
            awaited=answer.awaited,
            refused=answer.refused_ids,
            first=answer.opening(),
            restores=permits[-1].restores if permits else None,  # of them all: each knows those before it
        )

    def least_trusted(self, name: str) -> str:
        """The permit of the part of a batch whose answer is worth least: what nobody can tell whose it is, is that."""
        found = [one.permit for one in self._open[name].sent if self._permits.find(one.permit) is not None]
        return max(found, key=self._worth, default="")

    def _worth(self, permit: str) -> int:
        found = self._permits.find(permit)
        return found.facts.request.returns_tier.rank if found is not None else 0

    async def finish(self, name: str, tap: BatchWatch) -> None:
        """A streamed answer has ended. Raises a `Fault`."""
        await BatchAnswer(self._settlement, self._open.pop(name).sent).finished(tap)

    async def abandon(self, name: str, why: str, *, left: bool) -> None:
        """There will be no answer."""
        for one in self._open.pop(name).sent:
            if one.permit:
                await self._settlement.abandon(one.permit, why, left=left)


def _fault(asked: Asked, fault: Fault) -> Refuse:
    return fault_refusal(fault, asked.run_id)


def _together(name: str, ways: Sequence[_Way], cut: Refuse | None) -> Outcome:
    """One forward of all that was admitted, or one refusal of everything."""
    forwards = [(way.part, way.outcome) for way in ways if isinstance(way.outcome, Forward)]
    refused = [(way.part.ids, way.outcome) for way in ways if isinstance(way.outcome, Refuse)]
    if cut is not None:
        return cut
    if not forwards:
        return replace(refused[0][1], each=tuple(refused))
    first, last = forwards[0][1], forwards[-1][1]
    changed = bool(refused) or any(forward.body is not None for _, forward in forwards)
    paths = {forward.path for _, forward in forwards if forward.path is not None}
    addresses = tuple(one for one in first.addresses if all(one in forward.addresses for _, forward in forwards))
    if len(paths) > 1 or not addresses or (changed and any(way.asked and way.asked.step.action.signed for way in ways)):
        return Refuse(
            code=Code.PROTOCOL_DENIED,
            detail="the calls of this batch cannot leave in one request; send them one by one",
            run_id=first.run_id,
        )
    return replace(
        first,
        permit=name,
        addresses=addresses,
        remove_headers=("Content-Encoding",) if changed else (),
        path=next(iter(paths), None),
        body=_left_of(forwards) if changed else None,
        response_headers=_told_of(forwards, last),
    )


def _left_of(forwards: Sequence[tuple[Part, Forward]]) -> bytes:
    """The batch without what was refused, in the order in which it came."""
    left: dict[int, bytes] = {}
    for part, forward in forwards:
        body = part.request.body if forward.body is None else forward.body
        pieces = pieces_of(body, bounds=JsonBounds(max_bytes=len(body)))
        left |= {place: piece.raw for place, piece in zip(part.places, pieces, strict=True)}
    return batch_of(left[place] for place in sorted(left))


def _told_of(forwards: Sequence[tuple[Part, Forward]], last: Forward) -> tuple[tuple[str, str], ...]:
    """Each decision by its id; run and risk as they are after the last."""
    decisions = tuple(("AISecOps-Decision", forward.decision_id) for _, forward in forwards)
    return decisions + tuple(pair for pair in last.response_headers if pair[0] != "AISecOps-Decision")
