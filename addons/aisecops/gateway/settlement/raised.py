"""The risk of a read from memory, raised once it is known what it brought back (CTX-8), and the events that say so.

The step was charged with the trust factor of its tool. Had it been known that the memory holds what nobody here wrote,
it would have been charged with that of untrusted content: the difference is added when the answer is there.
"""

from __future__ import annotations

import msgspec
from msgspec.structs import replace

from aisecops.controls.firewall.judge import UNTRUSTED_TRUST
from aisecops.controls.risk.score import score
from aisecops.gateway.origins.memories import Recalled
from aisecops.gateway.step.describe import event
from aisecops.gateway.step.judge import Judged
from aisecops.model.budget import TreeState
from aisecops.model.facts import Facts
from aisecops.model.memory import ItemState
from aisecops.model.record import Event, EventName
from aisecops.model.risk import from_micros


def raised_micros(judged: Judged, recalled: Recalled | None) -> int:
    """What is to be added to the risk of the tree, in millionths."""
    risk = judged.decision.risk
    if recalled is None or risk is None or not recalled.suspect:
        return 0
    now = score(base=risk.base, escalation=risk.escalation, trust=UNTRUSTED_TRUST, stress=risk.stress)
    return max(0, now.micros - risk.micros)


def with_risk(tree: TreeState, micros: int) -> TreeState:
    """`tree` with so much more risk."""
    return replace(tree, risk_micros=tree.risk_micros + micros)


def told_items(recalled: Recalled | None) -> list[dict[str, object]] | None:
    """The items of an answer for the record; None when it is none of a memory."""
    return None if recalled is None else [msgspec.to_builtins(one) for one in recalled.items]


def recall_events(
    facts: Facts, judged: Judged, recalled: Recalled | None, *, added: int, tree: TreeState
) -> list[Event]:
    """That the risk was raised and why, and each item that is not what was written."""
    if recalled is None:
        return []
    events = [
        event(
            EventName.MEMORY_POISONING_DETECTED,
            facts,
            judged.decision,
            control=("AIS-CTX-02", "AIS-OBS-01"),
            tool=facts.request.tool,
            why="the item is not what was written",
            source=one.source,
            origin=one.origin_id,
            item=one.id or None,
        )
        for one in recalled.items
        if one.state is ItemState.CHANGED
    ]
    if added:
        states = ", ".join(dict.fromkeys(one.source for one in recalled.suspect[:3]))
        why = f"`{facts.request.tool}` brought back {len(recalled.suspect)} of {len(recalled.items)} items as: {states}"
        events.append(
            event(
                EventName.RISK_ADJUSTED,
                facts,
                judged.decision,
                control=("AIS-RSK-01", "AIS-CTX-02"),
                by="gateway",
                why=why,
                added=from_micros(added),
                total=from_micros(tree.risk_micros),
            )
        )
    return events
