"""What tests of the injection detectors ask: did it see the attack, and does it leave the twin alone?"""

from __future__ import annotations

from aisecops.controls.firewall.assess import assess, total
from aisecops.model.envelope import Suspicion

FLAG_AT = 0.5


def seen_by(detector: str, text: str) -> list[Suspicion]:
    """What one detector saw in `text`."""
    return [one for one in assess(text) if one.detector == detector]


def quoted(text: str, one: Suspicion) -> str:
    """The words a suspicion points at."""
    return text[one.span.start : one.span.end]


def score(text: str) -> float:
    """All of it as one score."""
    return total(assess(text))
