"""Where content came from, and how far that is trusted."""

from __future__ import annotations

from enum import StrEnum

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
