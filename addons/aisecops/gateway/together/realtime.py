"""A talk with a realtime model over a WebSocket: what is said to it, and the calls that it proposes.

What the client says is told apart by role and origin like any model's input, and untrusted text of it wears its
envelope. What it must not be told leaves as a stand-in, and comes back in what it says, before anything is judged.
Calls are weighed before the agent sees them, as in any stream. Knows one open talk per permit; what passes otherwise
is `messages.py`'s.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field

import orjson
from msgspec.structs import replace

from aisecops.controls.dlp.lexicon import Lexicon
from aisecops.controls.firewall.envelope import NOTICE
from aisecops.gateway.admission.dispatch import receiver
from aisecops.gateway.aside import DEARER, aside
from aisecops.gateway.enforcer import Pass
from aisecops.gateway.leaving.pseudonyms import Pseudonyms
from aisecops.gateway.origins.descent import Descents
from aisecops.gateway.settlement.proposals import Proposals
from aisecops.gateway.step.fetched import only_named_places
from aisecops.gateway.step.judge import destination_words
from aisecops.gateway.step.permits import Permit
from aisecops.model.action import Kind
from aisecops.model.envelope import Descent
from aisecops.model.errors import WireError
from aisecops.model.finding import JudgedFinding
from aisecops.model.refusals import Code
from aisecops.model.rules import RuleSet
from aisecops.wire.fields import JsonObject
from aisecops.wire.framing import StreamEvent
from aisecops.wire.growing import talk_pieces
from aisecops.wire.limits import read_json
from aisecops.wire.llm import LlmCall, ProposedCall
from aisecops.wire.realtime_call import SPOKEN, offered_by, read_event
from aisecops.wire.realtime_withdraw import RealtimeCalls
from aisecops.wire.restore import restored_body
from aisecops.wire.restore_stream import EventRestorer

_TELLING = (b"session.", b"conversation.item.", b"response.create", b"_call", b"response.done", b"\\")
"""One of these is in every event that tells or proposes anything; sound has none of them."""

_SOUND = b'audio.delta"'

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
    restorer: EventRestorer | None = None

    def knows(self, meanings: Lexicon | None) -> None:
        """From now on `meanings` come back, which are no fewer than before."""
        if self.restorer is not None and meanings is not None:
            self.restorer.meanings = meanings
        elif meanings is not None:
            self.restorer = EventRestorer(meanings, talk_pieces, lambda _, data: data.encode())

    def restored(self, data: bytes) -> list[bytes]:
        """The messages that a server's message is with real values in it; none while they may be on their way."""
        if self.restorer is None or _is_sound(data):
            return [data]
        try:
            event = StreamEvent(raw=data, data=data.decode())
        except UnicodeDecodeError:
            return [data]
        return [one.raw for one in self.restorer.restored(event)]


class Realtime:
    """Every talk that is open in this process."""

    def __init__(self, *, descents: Descents, proposals: Proposals, pseudonyms: Pseudonyms) -> None:
        self._descents = descents
        self._proposals = proposals
        self._pseudonyms = pseudonyms
        self._talks: dict[str, _Talk] = {}

    async def told(self, rules: RuleSet, permit: Permit, data: bytes) -> tuple[LlmCall, Descent] | None:
        """What a client's message tells its model, and where that came from; None for one that tells it nothing.

        Raises `WireError` and `StoreError`.
        """
        event = _event(permit, data)
        call = read_event(event, permit.facts.request.model) if event is not None else None
        if event is None or call is None:
            return None
        only_named_places(rules, permit.facts.request.host, call)
        talk = self._talk(permit)
        talk.calls.said(event)
        if call.tools or call.offers_elsewhere:
            # an answer may be asked for with tools of its own, beside those of the session
            known = talk.offers.tools if talk.offers is not None else ()
            talk.offers = replace(call, segments=(), tools=(*call.tools, *known)[:MOST_OFFERS])
        return call, await self._descents.of_call(rules, permit.facts.principal.root_run_id, call)

    async def replaced(self, rules: RuleSet, permit: Permit, found: Sequence[JudgedFinding], data: bytes) -> bytes:
        """A message that leaves, with masks and stand-ins where `found` asks for them and where a known value stands.

        On a channel on which nothing comes back (`gives_back`) it has masks alone. Raises `Fault` and `StoreError`.
        """
        request, principal = permit.facts.request, permit.facts.principal
        run, to = (principal.run_id, principal.root_run_id), receiver(request.host, request.port)
        words = destination_words(request) if gives_back(permit) else frozenset[str]()
        now = await self._pseudonyms.replaced(rules.egress, found, data, run=run, to=to, words=words)
        if now != data and is_talk(permit):
            self._talk(permit).knows(await self._pseudonyms.coming_back(rules.egress, run=run, to=to))
        return now

    async def given_back(self, rules: RuleSet, permit: Permit, data: bytes) -> bytes:
        """A message of a tool's server with real values in it: what this run gave to this host, also in a request.

        Each message is one text, so what a server cuts over two of them stays cut. Raises `StoreError`.
        """
        request, principal = permit.facts.request, permit.facts.principal
        run, to = (principal.run_id, principal.root_run_id), receiver(request.host, request.port)
        meanings = await self._pseudonyms.coming_back(rules.egress, run=run, to=to)
        return data if meanings is None else await aside(len(data) * DEARER, (), restored_body, (), data, meanings)

    def enveloped(self, permit: Permit, data: bytes, told: tuple[LlmCall, Descent]) -> Pass:
        """The message as it leaves: its untrusted text in envelopes, and before the first of them what they mean."""
        body = self._descents.enveloped(data, *told)
        if body is None:
            return Pass(data=data)
        talk = self._talk(permit)
        first, talk.noticed = not talk.noticed, True
        return Pass(data=body, before=(_NOTICE_ITEM,) if first else ())

    async def heard(self, rules: RuleSet, permit: Permit, data: bytes) -> tuple[Pass, list[ProposedCall]]:
        """What goes on to the agent of a message of the model's, and the calls in it that were weighed for that.

        Raises `Fault` and `WireError`.
        """
        if not is_talk(permit):
            return Pass(data=data), []
        talk = self._talk(permit)
        pieces: list[bytes] = []
        back: list[bytes] = []
        weighed: list[ProposedCall] = []
        for one in talk.restored(data):
            goes, told, calls = await self._weighed(permit, talk, one)
            pieces += goes
            weighed += calls
            # a refusal may name a real value, which the model is not told either
            back += [await self.replaced(rules, permit, (), why) for why in told]
        if not pieces:
            return Pass(data=None, back=tuple(back)), weighed
        return Pass(data=pieces[-1], before=tuple(pieces[:-1]), back=tuple(back)), weighed

    async def _weighed(
        self, permit: Permit, talk: _Talk, data: bytes
    ) -> tuple[list[bytes], list[bytes], list[ProposedCall]]:
        """What goes on of one message, what the model is told of its refused calls, and the calls."""
        event = _event(permit, data)
        if event is None:
            return [data], [], []
        talk.offers = offered_by(event) or talk.offers
        calls = talk.calls.unweighed(event)
        if calls:
            asked = talk.offers or _UNKNOWN
            refused = await self._proposals.weigh(permit, calls, asked=asked)
            keys = [(call.call_id, call.name, call.arguments) for call in calls]
            talk.calls.weighed({key: refused.get(number) for number, key in enumerate(keys)})
        return talk.calls.passed(data, event), talk.calls.back(event), calls

    def end(self, permit: Permit) -> None:
        """The talk is over."""
        self._talks.pop(permit.decision_id, None)

    def _talk(self, permit: Permit) -> _Talk:
        talk = self._talks.get(permit.decision_id)
        if talk is None:
            talk = self._talks[permit.decision_id] = _Talk()
            talk.knows(permit.restores)
        return talk


MOST_OFFERS = 1_000
"""Tools of one talk that are remembered."""
_UNKNOWN = LlmCall(
    dialect="openai", model="", stream=True, max_output_tokens=None, segments=(), offers_elsewhere=True, charged=False
)


def is_talk(permit: Permit) -> bool:
    """True for a WebSocket whose messages are read as a talk with a model."""
    model = permit.step.model
    return model is not None and model.dialect in SPOKEN


def gives_back(permit: Permit) -> bool:
    """True for a WebSocket on which what stands for a value comes back as it: a talk with a model, and any tool's."""
    return is_talk(permit) or permit.facts.request.kind is Kind.TOOL


def _is_sound(data: bytes) -> bool:
    """True for a piece of what a model says aloud: no text, though it is written as one."""
    if _SOUND not in data:
        return False
    try:
        event = orjson.loads(data)
    except orjson.JSONDecodeError:
        return False
    return isinstance(event, dict) and str(event.get("type")).endswith("audio.delta")


def _event(permit: Permit, data: bytes) -> JsonObject | None:
    """The event that `data` is; None for sound, for what nobody reads as one, and for another provider's talk.

    Raises WireError for one that can be read in more than one way.
    """
    if not is_talk(permit) or not any(mark in data for mark in _TELLING):
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
