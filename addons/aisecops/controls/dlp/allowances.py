"""What the rules let pass although it was found: by fingerprint, kind, field, agent or destination, until a day.

Knows allowances and where a finding stands. Does not know what would have been done without one (`judge.py`).
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime

from aisecops.model.entities import CANARY, GROUPS, PLANTED, named_by
from aisecops.model.envelope import Descent
from aisecops.model.field import covers_field
from aisecops.model.finding import Finding
from aisecops.model.ids import AgentId
from aisecops.model.provenance import TrustTier
from aisecops.model.rules import Allowance
from aisecops.model.value import Value

_BODY = "body:"


class Sent(Value):
    """Who sends, when (milliseconds since the epoch), and where the words come from.

    `one_way`: in what comes back nothing is restored. `headers` are those in which something may be replaced.
    """

    agent_id: AgentId
    now_ms: int
    one_way: bool = False
    headers: tuple[str, ...] = ()
    descent: Descent | None = None

    @property
    def labels(self) -> frozenset[str]:
        """The labels of content that is in what is sent."""
        return frozenset(one.label for one in self.descent.carried) if self.descent else frozenset()

    def tier_at(self, where: str) -> TrustTier | None:
        """The tier of the text at `where`; None where nobody has looked: in what is not said to a model."""
        if self.descent is None or not where.startswith(_BODY):
            return None
        position = where.removeprefix(_BODY)
        return next((segment.tier for segment in self.descent.segments if segment.position == position), None)


def allowance_for(
    allowances: Iterable[Allowance], finding: Finding, to: frozenset[str], sent: Sent
) -> Allowance | None:
    """The first allowance in force that covers `finding`; every word that it says must be true.

    None ever covers a canary; a secret only one that names its fingerprint or its kind.
    """
    if finding.entity == CANARY:
        return None
    secret = finding.entity in GROUPS["SECRET"] or finding.entity in PLANTED
    today = datetime.fromtimestamp(sent.now_ms / 1000, UTC).date()
    for one in allowances:
        if today > one.until or (secret and not (one.fingerprint or one.entities)):
            continue
        if one.fingerprint and one.fingerprint != finding.fingerprint:
            continue
        if one.agent and one.agent != sent.agent_id:
            continue
        if one.to and one.to not in to:
            continue
        if one.entities and not named_by(one.entities, finding.entity):
            continue
        if one.field and not covers_field(one.field, finding.where):
            continue
        return one
    return None
