"""What agents are let use, as it was first seen and as it is now: system prompts, MCP tools, places (spec 22.2).

Digests only: neither a prompt nor a description is kept.
"""

from __future__ import annotations

from aisecops.model.ids import AgentId, RunId
from aisecops.model.value import Value


class SeenPrompt(Value):
    """A system prompt that is not the pinned one: its digest, and when it was first seen, in which run."""

    digest: str
    at_ms: int
    run_id: RunId


class PromptPins(Value):
    """The system prompts of one agent.

    `accepted` are their digests, the first one seen or those that a person has accepted; `pieces` the keyed digests of
    the sentences of the newest of them. `changed` wait for a person, the newest last.
    """

    accepted: tuple[str, ...]
    at_ms: int
    pieces: tuple[str, ...] = ()
    changed: tuple[SeenPrompt, ...] = ()
    accepted_by: str = ""
    why: str = ""


class ToolDigests(Value):
    """A tool as its MCP server describes it: SHA-256 of its words, and of its schemas."""

    description: str
    schema: str


class ToolPin(Value):
    """One tool of an MCP server: as it was first seen or accepted, and as it is described now if that waits.

    `suspicion` is what the detectors of injections made of the waiting description, 0 to 1.
    """

    pinned: ToolDigests
    first_ms: int
    last_ms: int
    waiting: ToolDigests | None = None
    suspicion: float = 0.0
    accepted_by: str = ""
    why: str = ""


class ServerPins(Value):
    """The tools that one MCP server has described, by their names."""

    tools: dict[str, ToolPin] = {}


class Seen(Value):
    """A destination, tool, model or source that was used: by whom first, and when last (within minutes)."""

    first_ms: int
    last_ms: int
    agent_id: AgentId
    run_id: RunId
