"""Risk that moves with what happens: signals, the moves that they make, and what those come to (spec 21.2)."""

from __future__ import annotations

from enum import StrEnum

from aisecops.model.ids import AgentId, DecisionId, RunId
from aisecops.model.value import Value


class Signal(StrEnum):
    """What moved a risk."""

    INJECTION = "injection"  # an injection was seen in what the agent reads
    REFUSED = "refused"  # the agent was refused for what it tried, not for a limit
    CHANGED = "changed"  # something that the agent uses is no longer as it was
    DENIED = "denied"  # a person said no to a step
    APPROVED = "approved"  # a person said yes to one


class Move(Value):
    """One move of an agent's risk with a tool, in millionths; without a tool, with whatever it does."""

    agent_id: AgentId
    signal: Signal
    at_ms: int
    tool: str = ""
    base_micros: int = 0
    trust_micros: int = 0
    why: str = ""
    run_id: RunId = RunId("")
    decision_id: DecisionId = DecisionId("")


class Moves(Value):
    """The newest moves of one agent's risk with one tool, oldest first."""

    agent_id: AgentId
    tool: str
    moves: tuple[Move, ...]


class Moved(Value):
    """By how much base risk and trust factor of a step were moved, within the bounds of the rules."""

    base_micros: int = 0
    trust_micros: int = 0
