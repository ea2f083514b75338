"""What agents keep for later: items as they were written, and as they are read back (spec 3.3, CTX-8)."""

from __future__ import annotations

from enum import StrEnum

from aisecops.model.ids import AgentId, RunId
from aisecops.model.provenance import TrustTier
from aisecops.model.value import Value

MEMORY = "memory:"
"""What the source of every remembered text begins with."""


class MemoryText(Value):
    """One item in a request or an answer. `id` is empty where it has none."""

    id: str
    text: str


class Recall(Value):
    """That a step reads a declared memory back.

    `store` is the name of the memory, `writers` the agents whose items count like the reader's own. `item` and `id` are
    JMESPaths into the answer; `anywhere`: into any object of it. `known_id` is the id that the request itself names.
    """

    store: str
    writers: tuple[AgentId, ...]
    item: str
    id: str = ""
    anywhere: bool = False
    known_id: str = ""


class WrittenItem(Value):
    """An item as it was written through the gateway: by whom, and what its text was worth.

    `sources` is where the text came from, as far as it came from elsewhere. `digest` is the keyed digest of the text's
    normal form, `words` and `pairs` its keyed words, packed: neither can be read back. Without
    words it is known again as a whole only.
    """

    store: str
    agent_id: AgentId
    run_id: RunId
    at_ms: int
    tier: TrustTier
    sources: tuple[str, ...]
    digest: str
    origin_id: str
    words: bytes = b""
    pairs: bytes = b""


class ItemState(StrEnum):
    """What an item that is read back turns out to be."""

    OWN = "own"  # as the reader, or one of the rule's writers, has written it
    FOREIGN = "foreign"  # as another agent has written it
    UNKNOWN = "unknown"  # never written through the gateway
    CHANGED = "changed"  # written through the gateway, and not as it is now


class RecalledItem(Value):
    """One item of an answer: what it is, what it is worth, and who wrote it where that is known."""

    state: ItemState
    tier: TrustTier
    origin_id: str
    source: str
    id: str = ""
    written_by: AgentId = AgentId("")
    written_ms: int = 0
    run_id: RunId = RunId("")
    sources: tuple[str, ...] = ()


class KeptItem(Value):
    """One item of a write: its id, and what its text is worth by where it came from."""

    id: str
    tier: TrustTier
    sources: tuple[str, ...] = ()
    origin_id: str = ""
