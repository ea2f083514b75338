"""A talk with a realtime model over a WebSocket: what is said to it, and the calls that it proposes.

What the client says is told apart by role and origin like any model's input, and untrusted text of it wears its
envelope. Calls are weighed before the agent sees them, as in any stream. Knows one open talk per permit; what passes
otherwise is `messages.py`'s.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field

import orjson
from msgspec.structs import replace

from aisecops.controls.firewall.envelope import NOTICE
from aisecops.gateway.descent import Descents
from aisecops.gateway.enforcer import Pass
from aisecops.gateway.permits import Permit
from aisecops.gateway.proposals import Proposals
from aisecops.model.envelope import Descent
from aisecops.model.errors import WireError
from aisecops.model.refusals import Code
from aisecops.model.rules import RuleSet
from aisecops.wire.fields import JsonObject
from aisecops.wire.limits import read_json
from aisecops.wire.llm import LlmCall, ProposedCall
from aisecops.wire.realtime_call import SPOKEN, offered_by, read_event
from aisecops.wire.realtime_withdraw import RealtimeCalls

_TELLING = (b"session.", b"conversation.item.", b"response.create", b"_call", b"response.done", b"\\")
"""One of these is in every event that tells or proposes anything; sound has none of them."""

_NOTICE_ITEM = orjson.dumps(
    {
        "type": "conversation.item.create",
        "item": {"type": "message", "role": "system", "content": [{"type": "input_text", "text": NOTICE}]},
    }
)


@dataclass
class _Talk:
    """What is known of one open talk. `offers` None: nobody has said yet what tools the model has."""

    calls: RealtimeCalls = field(default_factory=RealtimeCalls)
    offers: LlmCall | None = None
    noticed: bool = False


class Realtime:
    """Every talk that is open in this process."""

    def __init__(self, *, descents: Descents, proposals: Proposals) -> None:
        self._descents = descents
        self._proposals = proposals
        self._talks: dict[str, _Talk] = {}

    async def told(self, rules: RuleSet, permit: Permit, data: bytes) -> tuple[LlmCall, Descent] | None:
        """What a client's message tells its model, and where that came from; None for one that tells it nothing.

        Raises `WireError` and `StoreError`.
        """
        event = _event(permit, data)
        call = read_event(event, permit.facts.request.model) if event is not None else None
        if event is None or call is None:
            return None
        talk = self._talk(permit)
        talk.calls.said(event)
        if call.tools or call.offers_elsewhere:
            # an answer may be asked for with tools of its own, beside those of the session
            known = talk.offers.tools if talk.offers is not None else ()
            talk.offers = replace(call, segments=(), tools=(*call.tools, *known)[:MOST_OFFERS])
        return call, await self._descents.of_call(rules, permit.facts.principal.root_run_id, call)

    def enveloped(self, permit: Permit, data: bytes, told: tuple[LlmCall, Descent]) -> Pass:
        """The message as it leaves: its untrusted text in envelopes, and before the first of them what they mean."""
        body = self._descents.enveloped(data, *told)
        if body is None:
            return Pass(data=data)
        talk = self._talk(permit)
        first, talk.noticed = not talk.noticed, True
        return Pass(data=body, before=(_NOTICE_ITEM,) if first else ())

    async def heard(self, permit: Permit, data: bytes) -> tuple[Pass, list[ProposedCall]]:
        """What goes on to the agent of a message of the model's, and the calls in it that were weighed for that.

        Raises `Fault` and `WireError`.
        """
        event = _event(permit, data)
        if event is None:
            return Pass(data=data), []
        talk = self._talk(permit)
        talk.offers = offered_by(event) or talk.offers
        calls = talk.calls.unweighed(event)
        if calls:
            asked = talk.offers or _UNKNOWN
            refused = await self._proposals.weigh(permit, calls, asked=asked)
            keys = [(call.call_id, call.name, call.arguments) for call in calls]
            talk.calls.weighed({key: refused.get(number) for number, key in enumerate(keys)})
        pieces = talk.calls.passed(data, event)
        if not pieces:
            return Pass(data=None), calls
        return Pass(data=pieces[-1], before=tuple(pieces[:-1]), back=tuple(talk.calls.back(event))), calls

    def end(self, permit: Permit) -> None:
        """The talk is over."""
        self._talks.pop(permit.decision_id, None)

    def _talk(self, permit: Permit) -> _Talk:
        return self._talks.setdefault(permit.decision_id, _Talk())


MOST_OFFERS = 1_000
"""Tools of one talk that are remembered."""
_UNKNOWN = LlmCall(
    dialect="openai", model="", stream=True, max_output_tokens=None, segments=(), offers_elsewhere=True, charged=False
)


def _event(permit: Permit, data: bytes) -> JsonObject | None:
    """The event that `data` is; None for sound, for what nobody reads as one, and for another provider's talk.

    Raises WireError for one that can be read in more than one way.
    """
    model = permit.step.model
    if model is None or model.dialect not in SPOKEN or not any(mark in data for mark in _TELLING):
        return None
    try:
        json.loads(data)  # as leniently as any client reads
    except ValueError:
        return None
    try:
        found = read_json(data, max_bytes=len(data))
    except (WireError, RecursionError) as error:
        what = error.detail if isinstance(error, WireError) else "it is too deep"
        raise WireError(f"the message can be read in more than one way: {what}", Code.OUTPUT_INVALID) from error
    return found if isinstance(found, dict) else None
