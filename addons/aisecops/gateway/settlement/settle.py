"""The way back: what it really cost, what came back, and whether the agent may see it.

The real cost replaces the reserved one, the second record is written, then the answer is delivered.
An answer that cannot be held against its grant is not delivered.
"""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

from msgspec.structs import replace

from aisecops.controls.budget import charge as budget
from aisecops.controls.policy.match import measure
from aisecops.gateway.aside import DEARER, aside
from aisecops.gateway.ground import Ground
from aisecops.gateway.origins.additions import one_look
from aisecops.gateway.origins.descent import Descents
from aisecops.gateway.origins.drawn import drawn_by, with_drawn
from aisecops.gateway.origins.memories import Memories, Recalled
from aisecops.gateway.people.approve import came_back
from aisecops.gateway.pinned.servers import Servers
from aisecops.gateway.runs.trees import Trees
from aisecops.gateway.runs.usual import keep_usual, with_read
from aisecops.gateway.settlement.answers import Answers
from aisecops.gateway.settlement.proposals import Proposals
from aisecops.gateway.settlement.raised import raised_micros, recall_events, told_items, with_risk
from aisecops.gateway.settlement.rows import rows_taken
from aisecops.gateway.settlement.streamed import is_event_stream
from aisecops.gateway.step.classify import Step
from aisecops.gateway.step.describe import proposed, returned
from aisecops.gateway.step.joined import told_drawn
from aisecops.gateway.step.permits import Permit, Permits
from aisecops.gateway.step.prices import drawn_micros
from aisecops.gateway.step.reading import FAILED, MAX_ANSWER_BYTES, Unfit, answered, is_measured, kept_in, unread
from aisecops.gateway.step.refuse import withheld
from aisecops.model.action import Kind
from aisecops.model.budget import TreeState
from aisecops.model.chain import Drawn
from aisecops.model.decision import Reason
from aisecops.model.errors import Fault, WireError
from aisecops.model.exchange import HttpResponse, values
from aisecops.model.outcome import Refuse
from aisecops.model.provenance import Origin
from aisecops.model.refusals import Code
from aisecops.model.risk import from_micros, to_micros
from aisecops.model.rules import ModelRule
from aisecops.wire.coding import decode
from aisecops.wire.dialects import read_answer, withdrawn
from aisecops.wire.limits import JsonBounds, JsonValue
from aisecops.wire.llm import LlmAnswer, ProposedCall
from aisecops.wire.restore import Meanings
from aisecops.wire.restore_stream import restored_answer


class Settlement:
    """Settles forwarded steps."""

    def __init__(
        self,
        ground: Ground,
        *,
        trees: Trees,
        permits: Permits,
        descents: Descents,
        memories: Memories,
        servers: Servers,
        proposals: Proposals,
        answers: Answers,
        json: JsonBounds | None = None,
    ) -> None:
        self._ground = ground
        """`json`: how much of an answer is read as one document."""
        self._json = json or JsonBounds()
        self._trees = trees
        self._permits = permits
        self._descents = descents
        self._memories = memories
        self._servers = servers
        self._proposals = proposals
        self._answers = answers

    async def settle(self, name: str, response: HttpResponse) -> HttpResponse | Refuse:
        """The whole answer is there: charge, record, deliver. Raises a `Fault` when that cannot be done."""
        permit = self._taken(name)
        size = len(response.body)
        try:
            _fits_session(permit.step, response)
            if permit.restores is not None:
                # first of all: whatever is charged, traced, learned or judged below is judged by real values
                response = await _given_back(response, permit.restores)
            answer, data = await aside(len(response.body), response.headers, self._read, permit.step, response)
            cost = self._cost(permit, answer, data)
            rows = await rows_taken(self._trees, permit, data)
            whole, response = response, await self._servers.listed(permit.facts, permit.step, response, self._json)
            if whole is not response:
                await self._provenance(permit, whole)  # what was taken out, agents may have from elsewhere
            provenance, recalled, drawn = await self._provenance(permit, response)
        except Unfit as unfit:
            await self._closed(permit, status=response.status, size=size, refused=unfit.reason.code)
            return withheld(permit, unfit.reason)
        misshapen = await self._answers.refusal_of(permit, answer)
        await self._closed(
            permit, status=response.status, size=size, cost=cost, answer=answer, provenance=provenance,
            refused=misshapen.code if misshapen else None, recalled=recalled, rows=rows, drawn=drawn,
        )  # fmt: skip
        if misshapen is not None:
            return misshapen
        left: HttpResponse | Refuse = response
        if answer is not None and answer.proposals:
            left = await self._judged(permit, response, answer)
        return left if provenance is None or isinstance(left, Refuse) else _shown(left, provenance)

    @property
    def judges_proposals(self) -> bool:
        """True when a call that a model proposes may have to be withdrawn."""
        return self._proposals.judged

    async def weigh(self, name: str, waiting: Sequence[ProposedCall | LlmAnswer]) -> dict[int, str] | Refuse:
        """Of the calls in a stream that is on its way, those that must not pass, and the words in place of each.

        A refusal when the whole of it, which waits too where it has a shape, must not.
        """
        permit = self._permits.find(name)
        if permit is None:
            raise Fault("a call was proposed in an answer that was not on its way")
        whole = next((one for one in waiting if isinstance(one, LlmAnswer)), None)
        misshapen = await self._answers.refusal_of(permit, whole)
        calls = [one for one in waiting if isinstance(one, ProposedCall)]
        return misshapen or await self._proposals.weigh(permit, calls)

    async def _judged(self, permit: Permit, response: HttpResponse, answer: LlmAnswer) -> HttpResponse | Refuse:
        """`response` without the calls that the agent must not see."""
        refused = await self._proposals.weigh(permit, [call for call in answer.proposals if not call.hosted])
        if not refused:
            return response
        try:
            body = await aside(len(response.body), response.headers, _without, permit.step, response, refused)
        except WireError as error:
            return withheld(permit, Reason(code=Code.OUTPUT_INVALID, detail=error.detail))
        headers = tuple(pair for pair in response.headers if pair[0].lower() != "content-encoding")
        return replace(response, headers=headers, body=body)

    async def finish(
        self,
        name: str,
        *,
        status: int,
        size: int,
        answer: LlmAnswer | None = None,
        content: HttpResponse | None = None,
        known: Origin | None = None,
        provenance: dict[str, str] | None = None,
        complete: bool | None = None,
        refused: Code | None = None,
    ) -> None:
        """A streamed answer has ended: charge and record it. `content` is what a tool's stream said, `known` as what.

        `provenance` is that of one which was known again while it passed, `complete` whether all of it did,
        `refused` why its end did not reach the agent.
        """
        permit = self._taken(name)
        drawn: tuple[Drawn, ...] = ()
        if content is not None:
            provenance, _, drawn = await self._provenance(permit, content, known)
        cost = self._cost(permit, answer, None)
        await self._closed(
            permit,
            drawn=drawn,
            status=status,
            size=size,
            cost=cost,
            answer=answer,
            provenance=provenance,
            complete=complete,
            refused=refused,
        )

    async def abandon(self, name: str, why: str, *, left: bool) -> None:
        """There will be no answer. What never left is given back; what may have left stays charged."""
        permit = self._permits.take(name)
        if permit is None:
            return
        if not left:
            await self._trees.give_back(permit.facts, permit.judged)
        await self._ground.record.append(
            returned(
                permit.facts,
                permit.judged.decision,
                status=0,
                failed=why,
                left=left,
                duration_ms=self._ground.clock.now_ms() - permit.started_ms,
            )
        )
        await came_back(self._ground.store, permit.facts, f"failed: {why}")

    def _taken(self, name: str) -> Permit:
        permit = self._permits.take(name)
        if permit is None:
            raise Fault("an answer came for a step that was not on its way")
        return permit

    def _read(self, step: Step, response: HttpResponse) -> tuple[LlmAnswer | None, JsonValue]:
        """What rules need of the answer, read strictly; nothing is read that nobody needs."""
        if step.model is not None and step.call is None:
            return self._kept_answer(step.model, response), None
        needs_json = step.call is not None or is_measured(step.tool)
        if not needs_json or response.status >= FAILED:
            return None, None
        try:
            body = decode(response.body, response.headers, max_bytes=MAX_ANSWER_BYTES, allow_names=True)
            return answered(step, response, body, self._json)
        except WireError as error:
            raise unread(error) from error

    def _kept_answer(self, model: ModelRule, response: HttpResponse) -> LlmAnswer | None:
        """An answer that the provider has kept and is asked for again; None for anything else."""
        if not self._proposals.judged or response.status >= FAILED:
            return None
        if any("event-stream" in kind.lower() for kind in values(response.headers, "content-type")):
            what = "a stream that is no answer to a call is not read for the calls that it proposes"
            raise Unfit(Reason(code=Code.OUTPUT_INVALID, detail=what))
        try:
            body = decode(response.body, response.headers, max_bytes=MAX_ANSWER_BYTES, allow_names=True)
            return read_answer(model.dialect, self._json.read(body))
        except WireError as error:
            if error.code is Code.TOO_LARGE:
                # it may hold calls all the same
                raise unread(error) from error
            return None

    def _cost(self, permit: Permit, answer: LlmAnswer | None, data: JsonValue) -> int:
        """The real cost; what was reserved where the answer does not say."""
        step, reserved = permit.step, permit.facts.request.cost_micros
        if step.model is not None and step.call is not None and answer is not None and step.call.charged:
            seen = drawn_micros(step.model, step.call, answer, permit.facts.request.model)
            # Whoever hangs up before a stream has said what it cost does not pay less for it.
            return seen if answer.complete else max(seen, reserved)
        if step.tool and step.tool.cost and step.tool.cost.side == "response" and data is not None:
            said = measure(step.tool.cost, data)
            return reserved if said is None else to_micros(said)
        return reserved

    async def _provenance(
        self, permit: Permit, response: HttpResponse, known: Origin | None = None
    ) -> tuple[dict[str, str] | None, Recalled | None, tuple[Drawn, ...]]:
        """Where this content came from, for whoever reads it next, what of it was kept in a memory before, whose it is.

        Known again from now on (spec 5.1, AIS-CTX-02).
        """
        request = permit.facts.request
        if request.kind is Kind.MODEL:
            return None, None, ()
        try:
            # an error page is read by agents like any other: what it says is as little trusted
            read = functools.partial(decode, max_bytes=MAX_ANSWER_BYTES, allow_names=True)
            body = await aside(len(response.body), response.headers, read, response.body, response.headers)
        except WireError as error:
            raise unread(error) from error  # what we could not recognise again must not become anybody's words
        with one_look():
            recalled = await self._recalled(permit, response, body)
            if recalled is not None:
                origin = recalled.origin
            elif known is not None:
                origin = replace(known, sha256=hashlib.sha256(body).hexdigest())
            else:
                origin = await self._descents.learn(permit.facts.principal, request, permit.step.tool, response, body)
            drawn = await drawn_by(self._descents, self._ground.store, permit, (response, body), recalled)
        return shown_origin(origin), recalled, drawn

    async def _recalled(self, permit: Permit, response: HttpResponse, body: bytes) -> Recalled | None:
        """What a read from a declared memory brings back; None for any other answer, and for an error."""
        step = permit.step
        if step.recalls is None or response.status >= FAILED:
            return None
        try:
            data = await aside(len(body), (), kept_in, step, response, body, self._json)
        except WireError as error:
            raise unread(error) from error
        if data is None and step.spoken is not None:
            return None  # an error is nothing that was kept
        return await self._memories.recalled(permit.facts.principal, step, step.recalls, response, data)

    async def _closed(
        self,
        permit: Permit,
        *,
        status: int,
        size: int,
        cost: int | None = None,
        answer: LlmAnswer | None = None,
        provenance: dict[str, str] | None = None,
        complete: bool | None = None,
        refused: Code | None = None,
        recalled: Recalled | None = None,
        rows: int | None = None,
        drawn: tuple[Drawn, ...] = (),
    ) -> None:
        facts, decision, tree = permit.facts, permit.judged.decision, permit.facts.tree
        reserved = facts.request.cost_micros
        final = reserved if cost is None else cost
        added = raised_micros(permit.judged, recalled)
        readable = permit.in_proportion and refused is None and status < FAILED
        if final != reserved or added or drawn or readable:

            def settled(now: TreeState) -> TreeState:
                paid = budget.settle(now, facts.principal.run_id, cost_delta_micros=final - reserved)
                paid = with_read(paid, permit, size=size, rows=rows) if readable else paid
                return with_drawn(with_risk(paid, added), permit, drawn, now_ms=self._ground.clock.now_ms())

            tree = await self._trees.change(facts, settled)
        if answer is not None:
            await self._descents.answered(facts.principal, answer, joins=permit.join_within_ms is not None)
        said: dict[str, Any] = {
            "status": status,
            "bytes": size,
            "cost": from_micros(final),
            "rows": rows,
            "provenance": provenance,
            "complete": complete,
            "memory": told_items(recalled),
            "joined": told_drawn(drawn),
            "refused": refused,
            "duration_ms": self._ground.clock.now_ms() - permit.started_ms,
            "spent": from_micros(tree.runs[facts.principal.run_id].cost_micros) if final != reserved else None,
        }
        if answer is not None:
            used = answer.usage
            said |= {
                "model": answer.model,
                "finish": answer.finish,
                "usage": None
                if used is None
                else {"input_tokens": used.input_tokens, "output_tokens": used.output_tokens},
            }
        await self._ground.record.append(
            returned(facts, decision, **said),
            *proposed(facts, decision, answer.proposals if answer else ()),
            *recall_events(facts, permit.judged, recalled, added=added, tree=tree),
        )
        await keep_usual(self._ground.store, permit, tree, now_ms=self._ground.clock.now_ms())
        how = f"answered {status}" if refused is None else f"withheld: {refused.value}"
        await came_back(self._ground.store, facts, how)


def shown_origin(origin: Origin) -> dict[str, str]:
    """Where content came from, as answers and the record say it."""
    return {"id": origin.origin_id, "tier": origin.tier.value, "source": origin.source, "sha256": origin.sha256}


async def _given_back(response: HttpResponse, meanings: Meanings) -> HttpResponse:
    """`response` with the real values in it. Raises `Unfit` when they cannot be written in it."""
    size = len(response.body) * DEARER
    try:
        return await aside(size, response.headers, restored_answer, response, meanings, max_bytes=MAX_ANSWER_BYTES)
    except WireError as error:
        raise Unfit(Reason(code=Code.OUTPUT_INVALID, detail=error.detail)) from error


def _shown(response: HttpResponse, provenance: dict[str, str]) -> HttpResponse:
    """`response` with what is known of its content in a header."""
    quoted = {key: f'"{value}"' if key in {"id", "source"} else value for key, value in provenance.items()}
    shown = "AISecOps-Provenance", "; ".join([f"{key}={value}" for key, value in quoted.items()])
    return replace(response, headers=(*response.headers, shown))


def _fits_session(step: Step, response: HttpResponse) -> None:
    """A GET at an MCP server opens a stream; anything else that it brings would be a read that nobody declared."""
    if step.spoken is not None and step.spoken.stream and response.status < FAILED and not is_event_stream(response):
        what = "the server answered with something else than a stream; declare it under `sources` to read it"
        raise Unfit(Reason(code=Code.OUTPUT_INVALID, detail=what))


def _without(step: Step, response: HttpResponse, refused: Mapping[int, str]) -> bytes:
    """The body, decoded, without the calls in `refused`. Raises `WireError`."""
    whole = decode(response.body, response.headers, max_bytes=MAX_ANSWER_BYTES, allow_names=True)
    return withdrawn(_dialect(step), whole, refused)


def _dialect(step: Step) -> str:
    """What the answer of a step that proposes calls is written in."""
    if step.call is not None:
        return step.call.dialect
    return step.model.dialect if step.model is not None else ""
