"""What the store keeps by name beside runs: what was seen first, and what was written where.

Knows the kinds and how many of each are kept. What is in an entry is for whoever keeps it.
"""

from __future__ import annotations

from enum import StrEnum

from aisecops.model.value import Value


class EntryKind(StrEnum):
    """What an entry is about."""

    PROMPT = "prompt"  # an agent's system prompts
    SERVER = "server"  # the tools that an MCP server has described
    INTEGRATION = "integration"  # something that agents were let use
    ANNOUNCEMENT = "announcement"  # a held step that people were told of
    RISK = "risk"  # how an agent's risk was moved
    USUAL = "usual"  # what the newest runs of an agent have sent with a tool
    RULES = "rules"  # the newest signed bundle of rules that was taken up
    MEMORY_ID = "memory-id"  # the last item written under an id
    MEMORY_TEXT = "memory-text"  # the last item written with a text

    @property
    def most(self) -> int:
        """So many are kept; of more, those go first that were written longest ago."""
        return MOST_ITEMS if self in {EntryKind.MEMORY_ID, EntryKind.MEMORY_TEXT} else MOST_ENTRIES


MOST_ENTRIES = 10_000
MOST_ITEMS = 20_000


class Entry(Value):
    """One thing kept under a name. `value` is its keeper's, `version` moves with every write; 0 is not kept yet."""

    kind: EntryKind
    name: str
    value: bytes
    at_ms: int
    version: int = 0
