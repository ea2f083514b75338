"""Risk that adapts: signals are taken off the record as it is written, their moves kept in the store for every process.

Each move is an event of its own (`risk_adjusted`) with its signal, so that the record tells why a step weighed what it
weighed. What the moves come to is read before a decision and recorded with it. How far anything moves is
`controls/risk/adaptive.py`.
"""

from __future__ import annotations

import contextlib
from collections.abc import Sequence

import msgspec

from aisecops.controls.risk.adaptive import move_of, moved_by, together, with_move
from aisecops.gateway.ground import Ground
from aisecops.gateway.ports import AuditLog, Clock, RuleSource, Store
from aisecops.model.adaptive import Move, Moved, Moves
from aisecops.model.entry import Entry, EntryKind
from aisecops.model.errors import Fault, Stale, StoreError
from aisecops.model.ids import AgentId, ApprovalId
from aisecops.model.outcome import Refuse
from aisecops.model.record import Event, EventName
from aisecops.model.refusals import Code
from aisecops.model.risk import from_micros
from aisecops.model.rules import RuleSet

SERVES = ("AIS-RSK-01", "AIS-OBS-01")
KIND = EntryKind.RISK
SWAP_TRIES = 20
_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(Moves)


class AdaptingRecord:
    """An `AuditLog` that moves risk by what is written into it, while the rules say so."""

    def __init__(self, record: AuditLog, *, store: Store, rules: RuleSource, clock: Clock) -> None:
        self._record = record
        self._store = store
        self._rules = rules
        self._clock = clock

    async def append(self, *events: Event, durable: bool = False) -> None:
        await self._record.append(*events, durable=durable)
        if self._rules.current().risk.adaptive is None:
            return
        # what is recorded has happened: a store that cannot be asked now must not make it unhappened
        with contextlib.suppress(Fault):
            moved = [told for event in events for told in await self._moved(event)]
            if moved:
                await self._record.append(*moved)

    async def close(self) -> None:
        await self._record.close()

    async def _moved(self, event: Event) -> list[Event]:
        rules = self._rules.current().risk.adaptive
        if rules is None:
            return []
        tool = await self._tool_of(event)
        move = move_of(event, rules, tool=tool, now_ms=self._clock.now_ms())
        if move is None:
            return []
        before, after = await _kept_with(self._store, move)
        was = moved_by(before, rules, now_ms=move.at_ms)
        now = moved_by(after, rules, now_ms=move.at_ms)
        if was == now:
            return []  # a bound is reached: nothing moved
        return [_told(move, was, now, by=f"signal:{move.signal}", policy_version=event.policy_version)]

    async def _tool_of(self, event: Event) -> str:
        if event.event not in {EventName.APPROVAL_GRANTED, EventName.APPROVAL_DENIED}:
            return ""
        approval = await self._store.find_approval(ApprovalId(str(event.fields.get("approval_id", ""))))
        return approval.tool if approval else ""


class MovedRisk:
    """What was moved, for people: shown, and taken back."""

    def __init__(self, ground: Ground) -> None:
        self._ground = ground

    async def all(self) -> Sequence[tuple[Moves, Moved]]:
        """Every agent and tool with moves, and what they come to now."""
        rules, now_ms = self._ground.rules.current().risk.adaptive, self._ground.clock.now_ms()
        kept = [_read(entry) for entry in await self._ground.store.list_entries(KIND)]
        return [(one, moved_by(one.moves, rules, now_ms=now_ms) if rules else Moved()) for one in kept if one.moves]

    async def reset(self, agent_id: AgentId, tool: str, *, by: str, why: str) -> Moves | Refuse:
        """Take back every move of an agent's risk with `tool`; empty is with whatever it does."""
        name = _name(agent_id, tool)
        for _ in range(SWAP_TRIES):
            entry = (await self._ground.store.find_entries(KIND, [name])).get(name)
            kept = _read(entry) if entry is not None else None
            if entry is None or kept is None or not kept.moves:
                what = f"no risk of `{agent_id}`{f' with `{tool}`' if tool else ''} was moved"
                return Refuse(code=Code.POLICY_DENIED, detail=what)
            now_ms = self._ground.clock.now_ms()
            try:
                await self._ground.store.swap_entry(entry_of(agent_id, tool, (), now_ms), seen=entry.version)
            except Stale:
                continue
            rules = self._ground.rules.current()
            was = moved_by(kept.moves, rules.risk.adaptive, now_ms=now_ms) if rules.risk.adaptive else None
            last = kept.moves[-1]
            still = Move(agent_id=agent_id, tool=tool, signal=last.signal, at_ms=now_ms, why=why)
            told = _told(still, was or Moved(), Moved(), by=by, policy_version=rules.policy_version)
            await self._ground.record.append(told, durable=True)
            return Moves(agent_id=agent_id, tool=tool, moves=())
        raise StoreError("the moves are changed by others faster than they can be read")


async def moved_for(store: Store, rules: RuleSet, agent_id: AgentId, tool: str, *, now_ms: int) -> Moved | None:
    """By how much the risk of a step is moved now; None where the rules move none. Raises `StoreError`."""
    adaptive = rules.risk.adaptive
    if adaptive is None:
        return None
    names = [_name(agent_id, tool), _name(agent_id, "")]
    found = await store.find_entries(KIND, names)
    return moved_by(together(_read(entry) for entry in found.values()), adaptive, now_ms=now_ms)


async def _kept_with(store: Store, move: Move) -> tuple[tuple[Move, ...], tuple[Move, ...]]:
    """The moves before and after `move` was kept among them."""
    name = _name(move.agent_id, move.tool)
    for _ in range(SWAP_TRIES):
        entry = (await store.find_entries(KIND, [name])).get(name)
        before = _read(entry).moves if entry is not None else ()
        after = with_move(before, move)
        try:
            new = entry_of(move.agent_id, move.tool, after, move.at_ms)
            await store.swap_entry(new, seen=entry.version if entry is not None else 0)
        except Stale:
            continue
        return before, after
    raise StoreError("the moves are changed by others faster than they can be read")


def _told(move: Move, was: Moved, now: Moved, *, by: str, policy_version: str | None) -> Event:
    return Event(
        event=EventName.RISK_ADJUSTED,
        run_id=move.run_id or None,
        agent_id=move.agent_id,
        decision_id=move.decision_id or None,
        policy_version=policy_version,
        control=SERVES,
        fields={
            "by": by,
            "why": move.why,
            "tool": move.tool or None,
            "base": {"was": from_micros(was.base_micros), "now": from_micros(now.base_micros)},
            "trust": {"was": from_micros(was.trust_micros), "now": from_micros(now.trust_micros)},
        },
    )


def _name(agent_id: AgentId, tool: str) -> str:
    return f"{agent_id}:{tool}"


def entry_of(agent_id: AgentId, tool: str, moves: tuple[Move, ...], at_ms: int) -> Entry:
    """The entry that keeps `moves`."""
    value = _encoder.encode(Moves(agent_id=agent_id, tool=tool, moves=moves))
    return Entry(kind=KIND, name=_name(agent_id, tool), value=value, at_ms=at_ms)


def _read(entry: Entry) -> Moves:
    try:
        return _decoder.decode(entry.value)
    except msgspec.MsgspecError as error:
        raise StoreError("the store holds moves of risk that cannot be read") from error
