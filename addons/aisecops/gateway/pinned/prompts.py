"""Pinned system prompts: the first one seen of an agent, those that a person accepted, or what the rules name (CTX-2).

`pinned`: another prompt passes and is told, once, with where it differs. `sha256:…`: another prompt is refused.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from typing import Any

from msgspec.structs import replace

from aisecops.controls.firewall.label import INSTRUCTING
from aisecops.controls.firewall.prompt import Piece, differences, exact_digest, pieces, prompt_digest
from aisecops.gateway.entries import Entries
from aisecops.gateway.ground import Ground
from aisecops.gateway.origins.known import KnownAgain
from aisecops.model.decision import Judgment, Reason, Verdict
from aisecops.model.entry import EntryKind
from aisecops.model.ids import AgentId
from aisecops.model.integration import PromptPins, SeenPrompt
from aisecops.model.record import Event, EventName
from aisecops.model.refusals import Code
from aisecops.model.rules import RuleSet
from aisecops.model.state import Run
from aisecops.wire.llm import LlmCall, Segment, SegmentKind

FREE, PINNED = "free", "pinned"
SERVES = ("AIS-CTX-01",)
MAX_CHANGED = 50
"""Prompts of an agent that wait for a person; of more the oldest are told again when they come back."""
GOOD_KEPT = 10_000
"""Prompts that are known to be accepted, so that they cost one digest."""


class Prompts:
    """Compares the system prompts of agents with those that are pinned."""

    def __init__(self, ground: Ground, known: KnownAgain) -> None:
        self._ground = ground
        self._known = known
        self._pins = Entries(ground.store, ground.clock, EntryKind.PROMPT, PromptPins)
        self._good: OrderedDict[tuple[AgentId, str, str], None] = OrderedDict()

    async def opinion(self, rules: RuleSet, run: Run, call: LlmCall) -> Judgment | None:
        """DENY for a prompt that the rules do not name where they name one; else None, and a change is told.

        Raises a `Fault` when a change cannot be recorded or kept.
        """
        agent = rules.agents.get(run.agent_id)
        wanted = agent.system_prompt if agent else FREE
        if wanted == FREE:
            return None
        parts = _prompt_in(call)
        texts = [part.text for part in parts]
        exact = exact_digest(texts)
        if (run.agent_id, wanted, exact) in self._good:
            self._good.move_to_end((run.agent_id, wanted, exact))
            return None
        digest = await self._known.aside(lambda: prompt_digest(texts), texts)
        accepted = wanted in {exact, digest}
        if wanted == PINNED:
            accepted = await self._pinned(run.agent_id, texts, digest)
        if accepted:
            self._good[run.agent_id, wanted, exact] = None
            while len(self._good) > GOOD_KEPT:
                self._good.popitem(last=False)
            return None
        at = [part.position for part in parts]
        await self._changed(run, at, texts, digest, pinned=wanted, policy_version=rules.policy_version)
        return None if wanted == PINNED else _refused(digest, wanted)

    async def opinion_of_message(self, rules: RuleSet, run: Run, call: LlmCall) -> Judgment | None:
        """The same of a message in a talk: one that gives no instructions leaves those that were given as they are."""
        return await self.opinion(rules, run, call) if _prompt_in(call) else None

    async def _pinned(self, agent_id: AgentId, texts: Sequence[str], digest: str) -> bool:
        """True for a prompt that is pinned; the first one that says anything is, from now on."""
        prints = await self._prints(texts)

        def first(now: PromptPins | None) -> PromptPins | None:
            if now is None and texts:
                return PromptPins(accepted=(digest,), at_ms=self._ground.clock.now_ms(), pieces=prints)
            if now is not None and not now.pieces and now.accepted and now.accepted[-1] == digest:
                return replace(now, pieces=prints)
            return None

        pins = await self._pins.change(agent_id, first)
        return pins is None or digest in pins.accepted

    async def _changed(
        self, run: Run, positions: Sequence[str], texts: Sequence[str], digest: str, *, pinned: str, policy_version: str
    ) -> None:
        """Tell of a prompt that is not the pinned one, once; recorded before it is known as told."""
        pins = await self._pins.find(run.agent_id) or PromptPins(accepted=(), at_ms=self._ground.clock.now_ms())
        if any(one.digest == digest for one in pins.changed):
            return
        was = pinned if pinned != PINNED else pins.accepted[-1] if pins.accepted else ""
        fields: dict[str, Any] = {"was": was, "now": digest, "pinned": pinned}
        if pins.pieces:
            at = await self._known.aside(lambda: pieces(texts), texts)
            new, gone = differences(pins.pieces, await self._prints(texts), at)
            fields |= {"differs": [_place(one, positions) for one in new], "gone": gone}
        event = Event(
            event=EventName.SYSTEM_PROMPT_CHANGED,
            run_id=run.run_id,
            root_run_id=run.root_run_id,
            agent_id=run.agent_id,
            policy_version=policy_version,
            control=SERVES,
            fields=fields,
        )
        await self._ground.record.append(event)
        seen = SeenPrompt(digest=digest, at_ms=self._ground.clock.now_ms(), run_id=run.run_id)

        def with_it(now: PromptPins | None) -> PromptPins:
            before = now or PromptPins(accepted=(), at_ms=seen.at_ms)
            others = tuple(one for one in before.changed if one.digest != digest)
            return replace(before, changed=(*others, seen)[-MAX_CHANGED:])

        await self._pins.change(run.agent_id, with_it)

    async def _prints(self, texts: Sequence[str]) -> tuple[str, ...]:
        """The keyed digest of each sentence: a prompt's sentences are short enough to be guessed from plain ones."""
        return await self._known.aside(
            lambda: tuple(self._known.digest(one.words)[:16] for one in pieces(texts)), texts
        )


def _prompt_in(call: LlmCall) -> list[Segment]:
    return [part for part in call.segments if part.role.value in INSTRUCTING and part.kind is SegmentKind.TEXT]


def _place(piece: Piece, positions: Sequence[str]) -> dict[str, Any]:
    return {"position": positions[piece.text], "start": piece.span.start, "end": piece.span.end}


def _refused(digest: str, wanted: str) -> Judgment:
    detail = f"the system prompt is `{digest}`, and the rules pin `{wanted}`; send that one, or pin the new one"
    reason = Reason(code=Code.CONTEXT_REJECTED, detail=detail, rule="system_prompt")
    return Judgment(control="firewall", verdict=Verdict.DENY, reasons=(reason,), serves=SERVES)
