"""Trees of runs that are one chain by what they say: one works on what a run of another has put out (spec 22.2)."""

from __future__ import annotations

from enum import StrEnum

from aisecops.model.ids import AgentId, RunId
from aisecops.model.value import Value


class Way(StrEnum):
    """How a run's words got out of it."""

    MODEL = "model"  # its model said them
    TOOL = "tool"  # it wrote them with a tool: a message, a file
    MEMORY = "memory"  # it wrote them into a declared memory


class Drawn(Value):
    """Words of a run of another tree that this one has worked on: the newest, by when they were put out."""

    root_run_id: RunId
    run_id: RunId
    agent_id: AgentId
    way: Way
    at_ms: int


class JoinedChain(Value):
    """Another tree on whose words this one works, as it stood when a step was judged. Risk in millionths."""

    drawn: Drawn
    risk_micros: int
    halted_ms: int | None = None
    halted_why: str = ""


class Join(StrEnum):
    """What follows when a chain is found by content."""

    OFF = "off"
    HOLD = "hold"  # its risk and its halt hold a step for a person
    HALT = "halt"  # they count like its own
