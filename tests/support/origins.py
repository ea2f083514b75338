"""Origins for tests."""

from __future__ import annotations

from aisecops.model.provenance import Origin, TrustTier


def origin(origin_id: str = "prv_1", tier: TrustTier = TrustTier.EXTERNAL, **more: str) -> Origin:
    """An origin with nothing special about it."""
    return Origin(origin_id=origin_id, tier=tier, source="https://page.test", sha256="", at_ms=1, **more)
