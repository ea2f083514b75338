"""Declared memories: what is written into them, by whom and worth what; and what that is when it is read back (CTX-8).

An item is known by its id and by its text, both as keyed digests, for every agent, run and process. Who wrote a text
and where it had come from is what the gateway saw, never what the memory says. Which requests these are is
`controls/policy/memory.py`; what follows from it is `controls/firewall/judge.py`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import msgspec

from aisecops.controls.firewall.label import UNTRUSTED
from aisecops.controls.policy.memory import items_recalled
from aisecops.controls.provenance.fingerprint import packed, unpacked
from aisecops.controls.provenance.words import Vocabulary
from aisecops.gateway.origins.known import KnownAgain
from aisecops.gateway.ports import Clock, Ids, Store
from aisecops.gateway.step.classify import Step, names_a_secret
from aisecops.model.action import Kind, Principal
from aisecops.model.entry import Entry, EntryKind
from aisecops.model.envelope import Descent, NamedDestination
from aisecops.model.errors import StoreError
from aisecops.model.exchange import HttpRequest, HttpResponse
from aisecops.model.ids import RunId
from aisecops.model.memory import MEMORY, ItemState, KeptItem, MemoryText, Recall, RecalledItem, WrittenItem
from aisecops.model.provenance import Origin, TrustTier, joined
from aisecops.model.rules import HttpMatch, McpMatch, RuleSet
from aisecops.model.value import Value
from aisecops.wire.limits import JsonValue
from aisecops.wire.texts import strings_in

MAX_ITEM_WORDS = 2_000
"""Different words of an item up to which a piece of it is known again; of a longer one the whole."""
TOLD_SOURCES = 3
MAX_TOLD_ID = 200
_TRUSTED = frozenset({TrustTier.OPERATOR, TrustTier.USER})

_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(WrittenItem)


class Recalled(Value):
    """What a read brought back. `origin` is that of the answer as a whole, worth no more than its worst item."""

    origin: Origin
    items: tuple[RecalledItem, ...]

    @property
    def suspect(self) -> tuple[RecalledItem, ...]:
        """The items that raise the risk of having read them."""
        return tuple(one for one in self.items if one.state is not ItemState.OWN or one.tier in UNTRUSTED)


class Memories:
    """Follows items into declared memories and out of them."""

    def __init__(self, known: KnownAgain, store: Store, *, clock: Clock, ids: Ids) -> None:
        self._known = known
        self._store = store
        self._clock = clock
        self._ids = ids

    async def about(
        self, rules: RuleSet, root_run_id: RunId, step: Step, request: HttpRequest, descent: Descent | None
    ) -> Descent | None:
        """`descent`, with what `step` writes into a memory, and with its destination where a memory has named that.

        Raises `StoreError`.
        """
        if not rules.memory or step.action.kind is Kind.UNDECLARED:
            return descent
        kept = await self._worth(root_run_id, step.kept) if step.kept else ()
        destination = await self._destination(root_run_id, step, request.host)
        if not kept and destination is None:
            return descent
        return msgspec.structs.replace(descent or Descent(), kept=kept, remembered=destination)

    async def keep(self, principal: Principal, step: Step, descent: Descent | None) -> None:
        """Know the items of a write again from now on, whatever becomes of it: text that was not written harms nobody.

        Known to every process when this returns. Raises `StoreError`.
        """
        if not step.kept or descent is None:
            return
        prints = await self._known.printed([item.text for item in step.kept])
        entries = []
        for item, kept, (digest, words) in zip(step.kept, descent.kept, prints, strict=True):
            written = WrittenItem(
                store=step.memory,
                agent_id=principal.agent_id,
                run_id=principal.run_id,
                at_ms=self._clock.now_ms(),
                tier=kept.tier,
                sources=kept.sources,
                digest=digest,
                origin_id=kept.origin_id,
            )
            entries.append(self._entry(EntryKind.MEMORY_TEXT, step.memory, digest, written))
            if item.id:
                if len(words) <= MAX_ITEM_WORDS:
                    packed_words = {"words": packed(words.words), "pairs": packed(words.pairs)}
                    written = msgspec.structs.replace(written, **packed_words)
                entries.append(self._entry(EntryKind.MEMORY_ID, step.memory, self._known.digest(item.id), written))
        await self._store.set_entries(*entries)

    async def recalled(
        self, principal: Principal, step: Step, recall: Recall, response: HttpResponse, data: JsonValue
    ) -> Recalled:
        """What the answer `data` to a read brings back; each item known again from now on as what it is.

        Raises `StoreError`.
        """
        items, complete = await self._known.aside(lambda: items_recalled(recall, data), size=len(response.body))
        found = await self._found(principal, recall, items, returns=step.action.returns_tier)
        at_ms = self._clock.now_ms()
        base = Origin(
            origin_id=self._ids.new("prv_"),
            tier=step.action.returns_tier,
            source=f"https://{step.action.host}",
            sha256=hashlib.sha256(response.body).hexdigest(),
            at_ms=at_ms,
            tool=step.action.tool,
            label=step.action.label,
            agent_id=principal.agent_id,
            run_id=principal.run_id,
            root_run_id=principal.root_run_id,
        )
        origins = [
            (msgspec.structs.replace(base, origin_id=one.origin_id, tier=one.tier, source=one.source), item.text)
            for one, item in zip(found, items, strict=True)
        ]
        await self._known.learn_each(origins)
        rest = _beside(data, items)
        if not complete:
            base = msgspec.structs.replace(base, tier=joined(base.tier, TrustTier.EXTERNAL))
        if rest:
            await self._known.learn(base, ["\n".join(rest), *rest])
        tiers = [one.tier for one in found] + ([base.tier] if rest else [])
        return Recalled(origin=msgspec.structs.replace(base, tier=joined(*tiers)), items=tuple(found))

    async def _worth(self, root_run_id: RunId, items: Sequence[MemoryText]) -> tuple[KeptItem, ...]:
        """What each text that is written is worth: no more than what it quotes.

        And no more than what the run had read, unless it is in words that operator or user have said.
        """
        texts = [item.text for item in items]
        traced = await self._known.recognise(root_run_id, texts)
        trusted, _ = await self._known.sayings(root_run_id)
        own = await self._known.aside(lambda: [trusted.holds(text) for text in texts], texts)
        read = await self._known.read_from(root_run_id)
        found = []
        for item, stretches, said in zip(items, traced, own, strict=True):
            sources = {one.origin.source: one.origin.tier for one in stretches if one.origin.tier not in _TRUSTED}
            if not said:
                sources |= read
            tier = joined(TrustTier.USER, *sources.values())
            found.append(
                KeptItem(
                    id=_told(item.id),
                    tier=tier,
                    sources=tuple(sorted(sources, key=lambda one: -sources[one].rank))[:TOLD_SOURCES],
                    origin_id=self._ids.new("prv_"),
                )
            )
        return tuple(found)

    async def _destination(self, root_run_id: RunId, step: Step, host: str) -> NamedDestination | None:
        """The host of a request that remembered text has named to this tree, and nobody whom it trusts."""
        origin_id, origin = await self._known.named_in(root_run_id, [host], of=MEMORY)
        if not origin:
            return None
        trusted, _ = await self._known.sayings(root_run_id)
        if trusted.holds(host):
            return None
        return NamedDestination(host=host, origin_id=origin_id, origin=origin, open=host not in _written_out(step))

    async def _found(
        self, principal: Principal, recall: Recall, items: Sequence[MemoryText], *, returns: TrustTier
    ) -> list[RecalledItem]:
        """What each item is. Its text decides where it is known; else what was last written under its id."""
        prints = await self._known.printed([item.text for item in items])
        ids = {item.id: f"{recall.store}:{self._known.digest(item.id)}" for item in items if item.id}
        by_id = await self._store.find_entries(EntryKind.MEMORY_ID, list(ids.values()))
        by_text = await self._store.find_entries(
            EntryKind.MEMORY_TEXT, [f"{recall.store}:{digest}" for digest, _ in prints]
        )
        found = []
        for item, (digest, _) in zip(items, prints, strict=True):
            last = _read(by_id.get(ids.get(item.id, "")))
            same = _read(by_text.get(f"{recall.store}:{digest}"))
            if last is not None and last.digest == digest:
                found.append(self._known_item(principal, recall, item, last))
            elif same is not None:
                found.append(self._known_item(principal, recall, item, same))
            elif last is None or not last.words:
                found.append(self._unknown_item(recall, item, joined(returns, TrustTier.EXTERNAL)))
            elif await self._known.part_of(item.text, _words(last)):
                found.append(self._known_item(principal, recall, item, last))
            else:
                found.append(self._changed_item(recall, item, last))
        return found

    def _known_item(self, principal: Principal, recall: Recall, item: MemoryText, written: WrittenItem) -> RecalledItem:
        own = written.agent_id in {principal.agent_id, *recall.writers}
        came = f", from {', '.join(written.sources)}" if written.sources else ""
        return RecalledItem(
            state=ItemState.OWN if own else ItemState.FOREIGN,
            tier=written.tier if own else joined(written.tier, TrustTier.EXTERNAL),
            # what is worth what its writer's text was goes by the writer's name for it
            origin_id=written.origin_id if own else self._ids.new("prv_"),
            source=f"{MEMORY}{recall.store} (written by {written.agent_id} in {written.run_id}{came})",
            id=_told(item.id),
            written_by=written.agent_id,
            written_ms=written.at_ms,
            run_id=written.run_id,
            sources=written.sources,
        )

    def _unknown_item(self, recall: Recall, item: MemoryText, tier: TrustTier) -> RecalledItem:
        return RecalledItem(
            state=ItemState.UNKNOWN,
            tier=tier,
            origin_id=self._ids.new("prv_"),
            source=f"{MEMORY}{recall.store} (never written through the gateway)",
            id=_told(item.id),
        )

    def _changed_item(self, recall: Recall, item: MemoryText, last: WrittenItem) -> RecalledItem:
        return RecalledItem(
            state=ItemState.CHANGED,
            tier=TrustTier.HOSTILE,
            origin_id=self._ids.new("prv_"),
            source=f"{MEMORY}{recall.store} (changed since {last.agent_id} wrote it in {last.run_id})",
            id=_told(item.id),
            written_by=last.agent_id,
            written_ms=last.at_ms,
            run_id=last.run_id,
        )

    def _entry(self, kind: EntryKind, store: str, name: str, written: WrittenItem) -> Entry:
        return Entry(kind=kind, name=f"{store}:{name}", value=_encoder.encode(written), at_ms=written.at_ms)


def _written_out(step: Step) -> set[str]:
    """The hosts that the rule of `step` names itself, not by a pattern."""
    rules = [rule.match for rule in (step.model, step.source) if rule is not None]
    matches = [*rules, *(step.tool.match if step.tool else ())]
    return {match.host for match in matches if isinstance(match, HttpMatch | McpMatch)}


def _beside(data: JsonValue, items: Sequence[MemoryText]) -> list[str]:
    """The texts of an answer that are no items."""
    texts = {item.text for item in items}
    return [text for text in strings_in(data) if text not in texts and text.strip()]


def _told(item_id: str) -> str:
    """An id as it may be written down."""
    return "" if len(item_id) > MAX_TOLD_ID or names_a_secret(item_id) else item_id


def _words(written: WrittenItem) -> Vocabulary:
    return Vocabulary(words=unpacked(written.words), pairs=unpacked(written.pairs))


def _read(entry: Entry | None) -> WrittenItem | None:
    if entry is None:
        return None
    try:
        return _decoder.decode(entry.value)
    except msgspec.MsgspecError as error:
        raise StoreError("the store holds a memory's item that cannot be read") from error
