"""Where content came from, and how far that is trusted."""

from __future__ import annotations

from enum import StrEnum

from aisecops.model.ids import AgentId, RunId
from aisecops.model.value import Value


class TrustTier(StrEnum):
    """From most to least trusted; what nobody declared is `external` (spec 4.1)."""

    OPERATOR = "operator"
    USER = "user"
    INTERNAL = "internal"
    EXTERNAL = "external"
    HOSTILE = "hostile"

    @property
    def rank(self) -> int:
        """0 for the most trusted."""
        return _RANKS[self]


_RANKS = {tier: rank for rank, tier in enumerate(TrustTier)}


def joined(*tiers: TrustTier) -> TrustTier:
    """The trust of content made of parts: that of its least trusted part; of none, `hostile`."""
    return max(tiers, key=lambda tier: tier.rank, default=TrustTier.HOSTILE)


class Span(Value):
    """A stretch of text, in characters, end exclusive."""

    start: int
    end: int


class Origin(Value):
    """Content that came in through the gateway: who read it, from where, and how far it is trusted.

    `source` is where it was read (scheme, host and port, never a path: that may hold a secret), `sha256` the digest
    of the bytes, `at_ms` when. `tool` is the tool or source rule that brought it, `label` what the rules call it.
    """

    origin_id: str
    tier: TrustTier
    source: str
    sha256: str
    at_ms: int
    tool: str = ""
    label: str = ""
    agent_id: AgentId = AgentId("")
    run_id: RunId = RunId("")
    root_run_id: RunId = RunId("")


class Traced(Value):
    """A stretch of a text and the content it is known to come from."""

    span: Span
    origin: Origin
