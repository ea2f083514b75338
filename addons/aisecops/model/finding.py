"""What a detector saw. Never the thing itself: where, what kind, and a keyed fingerprint."""

from __future__ import annotations

from enum import StrEnum

from aisecops.model.provenance import Span
from aisecops.model.value import Value


class FindingAction(StrEnum):
    """What the rules do about a finding."""

    BLOCK = "block"
    MASK = "mask"
    HOLD = "hold"
    COUNT = "count"


class Finding(Value):
    """One entity in outgoing content.

    `where` names the part of the request (`body:/messages/0/content`, `query:q`, `header:x-note`);
    `span` is inside that part. `fingerprint` is keyed, so a short secret cannot be guessed from it.
    """

    entity: str
    where: str
    span: Span
    confidence: float
    fingerprint: str
    detector: str = ""


class JudgedFinding(Value):
    """A finding and what the rules say of it; `rule` is the rule's place, empty when none spoke."""

    finding: Finding
    action: FindingAction
    rule: str = ""
