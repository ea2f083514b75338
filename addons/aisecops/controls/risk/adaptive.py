"""How live signals move the risk of an agent's steps, within the bounds that the rules state (spec 21.2).

Knows which events are signals, how far each moves, and what the moves come to. Does not know where they are kept.

An agent moves its own risk alone: what it tries cannot make another's steps dearer. Only a person's yes makes one
cheaper. Every move fades: after `within_ms` it counts no more.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

from msgspec.structs import replace

from aisecops.model.adaptive import Move, Moved, Moves, Signal
from aisecops.model.decision import BY_A_PERSON
from aisecops.model.record import Event, EventName
from aisecops.model.refusals import Code
from aisecops.model.risk import MICROS
from aisecops.model.rules import AdaptiveRules

MOST_MOVES = 100
"""Moves of one agent with one tool that are kept; older ones are over any bound already, or have faded."""
_TRIED = frozenset(
    {
        *(Code.SCOPE_VIOLATION, Code.POLICY_DENIED, Code.EGRESS_BLOCKED, Code.ARGUMENT_UNTRUSTED),
        *(Code.CONTEXT_REJECTED, Code.DESTINATION_DENIED, Code.TOOL_UNDECLARED, Code.PROTOCOL_DENIED),
        *(Code.TOKEN_REPLAYED, Code.TOKEN_WRONG_AGENT, Code.TOKEN_WRONG_RUN, Code.TOKEN_SIGNATURE_INVALID),
    }
)
"""Refusals for what was tried; those for a limit, for time, or for a fault of ours say nothing of an agent."""
_POISON = frozenset({EventName.RETRIEVAL_POISONING_DETECTED, EventName.MEMORY_POISONING_DETECTED})
_BASE = Decimal(0), Decimal(1)  # spec 8
_TRUST = Decimal("0.5"), Decimal(2)


def move_of(event: Event, rules: AdaptiveRules, *, tool: str = "", now_ms: int) -> Move | None:
    """The move that `event` makes, or None. `tool` is the tool of an approval, which its event may not say."""
    if event.agent_id is None:
        return None
    signal, why = _signal(event)
    if signal is None:
        return None
    still = Move(
        agent_id=event.agent_id,
        signal=signal,
        at_ms=now_ms,
        why=why,
        run_id=event.run_id or "",  # type: ignore[arg-type]  # an event of nobody's run
        decision_id=event.decision_id or "",  # type: ignore[arg-type]
    )
    step = rules.step_micros
    if signal in {Signal.INJECTION, Signal.CHANGED}:
        return replace(still, trust_micros=step)
    named = tool or str(event.fields.get("tool", ""))
    if not named:
        return None
    return replace(still, tool=named, base_micros=-step if signal is Signal.APPROVED else step)


def with_move(moves: Iterable[Move], new: Move) -> tuple[Move, ...]:
    """`moves` and one more, the newest of them."""
    return (*moves, new)[-MOST_MOVES:]


def moved_by(moves: Iterable[Move], rules: AdaptiveRules, *, now_ms: int) -> Moved:
    """What `moves` come to now, within the bounds of `rules`."""
    live = [move for move in moves if now_ms - move.at_ms < rules.within_ms]
    return Moved(
        base_micros=_within(sum(move.base_micros for move in live), -rules.base_down_micros, rules.base_up_micros),
        trust_micros=_within(sum(move.trust_micros for move in live), 0, rules.trust_up_micros),
    )


def together(moves: Iterable[Moves]) -> tuple[Move, ...]:
    """All moves of several."""
    return tuple(move for one in moves for move in one.moves)


def applied(base: Decimal, trust: Decimal, moved: Moved | None, rules: AdaptiveRules | None) -> tuple[Decimal, Decimal]:
    """The two factors as they were moved, within their ranges; as they are where the rules move none.

    A base risk of nothing stays nothing: what the rules count for no risk is no step of a chain.
    """
    if moved is None or rules is None:
        return base, trust
    by_base = _within(moved.base_micros, -rules.base_down_micros, rules.base_up_micros)
    by_trust = _within(moved.trust_micros, 0, rules.trust_up_micros)
    if base == 0:
        return base, trust
    return _in_range(base, by_base, _BASE), _in_range(trust, by_trust, _TRUST)


def _signal(event: Event) -> tuple[Signal | None, str]:
    fields = event.fields
    if event.event in _POISON:
        return Signal.INJECTION, f"an injection was seen in {fields.get('source') or 'what it reads'}"
    if event.event is EventName.INTEGRATION_CHANGED:
        return Signal.CHANGED, f"`{fields.get('tool') or fields.get('name') or 'an integration'}` has changed"
    if event.event is EventName.APPROVAL_GRANTED:
        return Signal.APPROVED, f"{fields.get('by', 'somebody')} approved a step"
    if event.event is EventName.APPROVAL_DENIED:
        return Signal.DENIED, f"{fields.get('by', 'somebody')} denied a step"
    refused = event.event is EventName.DECISION and fields.get("enforced") == "deny"
    if refused and fields.get("code") in _TRIED and not _answered(fields):
        return Signal.REFUSED, f"it was refused: {fields['code']}"
    return None, ""


def _answered(fields: Mapping[str, Any]) -> bool:
    """True for a decision that a person has made: their answer has an event of its own, which counts already."""
    judgments = fields.get("decision", {}).get("judgments", ())
    return any(one["control"] == BY_A_PERSON and one["verdict"] == "deny" for one in judgments)


def _within(number: int, low: int, high: int) -> int:
    return max(low, min(high, number))


def _in_range(factor: Decimal, by_micros: int, bounds: tuple[Decimal, Decimal]) -> Decimal:
    return max(bounds[0], min(bounds[1], factor + Decimal(by_micros) / MICROS))
