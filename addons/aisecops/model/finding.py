"""What a detector saw. Never the thing itself: where, what kind, and a keyed fingerprint."""

from __future__ import annotations

from enum import StrEnum

from aisecops.model.provenance import Span
from aisecops.model.value import Value

DRESSED = "/"
"""Stands in the `detector` of a finding that was seen under a dress (base64, escapes): its span is the whole dress."""


class FindingAction(StrEnum):
    """What the rules do about a finding."""

    BLOCK = "block"
    MASK = "mask"
    PSEUDONYMISE = "pseudonymise"
    HOLD = "hold"
    COUNT = "count"


class Finding(Value):
    """One entity in outgoing content.

    `where` names the part of the request (`body:/messages/0/content`, `query:q`, `header:x-note`);
    `span` is inside that part. `fingerprint` is keyed, so a short secret cannot be guessed from it. `fixed`: where it
    stands nothing can be put in its place (a number, a name in an object, text in another charset).
    """

    entity: str
    where: str
    span: Span
    confidence: float
    fingerprint: str
    detector: str = ""
    fixed: bool = False


class JudgedFinding(Value):
    """A finding and what the rules say of it; `rule` is the rule's place, empty when none spoke.

    `allowed_by` is the place of the allowance that let it pass, with COUNT for its action.
    """

    finding: Finding
    action: FindingAction
    rule: str = ""
    allowed_by: str = ""

    @property
    def done(self) -> str:
        """What was done about it, in one word for people and counters."""
        return "allow" if self.allowed_by else self.action.value
