"""What a model answers, held against the schemas of the request that it answers (spec 5.1, CTX-5).

Knows which schema is for what: the request's own for each text, an offered tool's for the arguments of its calls. What
is dear is done in a thread; a schema that was read once is not read again. An answer that breaks its schema is refused
here; a call that does is withdrawn by `proposals.py`.
"""

from __future__ import annotations

import hashlib
from collections import OrderedDict

import orjson

from aisecops.controls.firewall.outputs import MOST_STEPS, STEPS, Shape, TooManyStepsError, UnusableError
from aisecops.gateway.aside import in_thread
from aisecops.gateway.ports import AuditLog, Meter
from aisecops.gateway.step.describe import event
from aisecops.gateway.step.permits import Permit
from aisecops.gateway.step.refuse import withheld
from aisecops.model.decision import Mode, Reason, Verdict
from aisecops.model.errors import WireError
from aisecops.model.outcome import Refuse
from aisecops.model.record import EventName
from aisecops.model.refusals import Code
from aisecops.wire.fields import JsonObject
from aisecops.wire.limits import JsonValue, read_json
from aisecops.wire.llm import LlmAnswer, LlmCall, ProposedCall

SHAPES_KEPT = 500
FEW_STEPS = 250
"""So many are taken in the event loop."""
SHORT = 8_000
"""Characters of an output that are read in the event loop."""
_UNUSABLE = "the request's schema cannot be used"


class Answers:
    """Holds answers against schemas. One for a process; from many tasks at once."""

    def __init__(self, *, record: AuditLog, meter: Meter) -> None:
        self._record = record
        self._meter = meter
        self._shapes: OrderedDict[bytes, Shape | str] = OrderedDict()

    async def fault_of_call(self, asked: LlmCall, call: ProposedCall, *, declared: bool) -> str:
        """Why `call` is no call of a tool that `asked` offers; empty when it is one.

        Of a request that offers no tool at all, only a call of a tool that the rules declare is one: they judge it.
        """
        offer = next((one for one in asked.tools if one.name == call.name and not one.hosted), None)
        if offer is None:
            unknown = asked.offers_elsewhere or (declared and not asked.tools)
            return "" if unknown else "the request offers the model no tool of this name"
        if offer.free_text:
            return ""
        if offer.schema is None and len(call.arguments) > SHORT:
            return await in_thread(_fault_of_text, call.arguments)
        if offer.schema is None:
            return _fault_of_text(call.arguments)
        fault = await self._fault(offer.schema, call.arguments.strip() or "{}")
        return fault and f"its arguments: {fault}"

    async def refusal_of(self, permit: Permit, answer: LlmAnswer | None) -> Refuse | None:
        """The refusal of an answer in which a text is not what its request declared, recorded and counted.

        None when all are, and where the agent is only observed. Raises `RecordError`.
        """
        call = permit.step.call
        fault = await self._fault_of_texts(call, answer) if call is not None and answer is not None else ""
        if not fault:
            return None
        facts, decision = permit.facts, permit.judged.decision
        observed = decision.mode is Mode.OBSERVE
        enforced = Verdict.ALLOW.value if observed else Verdict.DENY.value
        code, tool = Code.OUTPUT_INVALID, facts.request.tool
        serves = ("AIS-CTX-01", "AIS-OBS-01")
        said = {"code": code, "why": fault, "tool": tool, "model": facts.request.model, "enforced": enforced}
        await self._record.append(event(EventName.OUTPUT_REJECTED, facts, decision, control=serves, **said))
        self._meter.decided(
            agent=facts.principal.agent_id,
            tool=tool,
            effect=facts.request.effect.value,
            decision=enforced,
            code="" if observed else code.value,
            seconds=0.0,
        )
        return None if observed else withheld(permit, Reason(code=code, detail=fault))

    async def _fault_of_texts(self, asked: LlmCall, answer: LlmAnswer) -> str:
        # a text without a word in it breaks nothing: the model calls tools, declines, or has not begun
        if asked.response_schema is None:
            return ""
        for text in filter(str.strip, answer.texts):
            if fault := await self._fault(asked.response_schema, text):
                return f"the answer: {fault}{_ended(answer)}"
        return ""

    async def _fault(self, schema: JsonObject, text: str) -> str:
        shape = await self._shape(schema)
        if isinstance(shape, str):
            return f"{_UNUSABLE}: {shape}"
        if len(text) <= SHORT and not shape.patterned:
            try:
                return _fault_in(shape, text, FEW_STEPS)
            except TooManyStepsError:
                pass  # then it is work for a thread
        return await in_thread(_fault_in, shape, text, min(STEPS + len(text), MOST_STEPS))

    async def _shape(self, schema: JsonObject) -> Shape | str:
        name = hashlib.blake2b(orjson.dumps(schema), digest_size=16).digest()
        found = self._shapes.get(name)
        if found is None:
            found = self._shapes[name] = await in_thread(_read, schema)
            while len(self._shapes) > SHAPES_KEPT:
                self._shapes.popitem(last=False)
        self._shapes.move_to_end(name)
        return found


def _read(schema: JsonObject) -> Shape | str:
    try:
        return Shape(schema)
    except UnusableError as error:
        return str(error)


def _fault_in(shape: Shape, text: str, steps: int) -> str:
    """Raises TooManyStepsError when it was asked to take few."""
    try:
        fault = shape.fault_in(_json_in(text), steps=steps)
    except WireError as error:
        return error.detail
    except UnusableError as error:
        if isinstance(error, TooManyStepsError) and steps == FEW_STEPS:
            raise
        return f"{_UNUSABLE}: {error}"
    return fault and f"not what the request's schema asks for at {fault}"


def _fault_of_text(text: str) -> str:
    try:
        said = _json_in(text.strip() or "{}")
    except WireError as error:
        return f"its arguments: {error.detail}"
    return "" if isinstance(said, dict) else "its arguments: no JSON object"


def _json_in(text: str) -> JsonValue:
    data = text.encode("utf-8", "surrogatepass")
    return read_json(data, max_bytes=len(data), max_values=None)


def _ended(answer: LlmAnswer) -> str:
    return f" (it ended with `{answer.finish[:40]}`)" if answer.finish else ""
