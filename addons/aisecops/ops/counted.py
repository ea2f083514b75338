"""The record, with the metrics told of what has been written to it: tokens issued, runs ended, people's answers.

Knows which events are counted. An event that could not be recorded did not happen, and is not counted.
"""

from __future__ import annotations

from typing import Any

from aisecops.gateway.ports import AuditLog
from aisecops.model.record import Event, EventName
from aisecops.ops.metrics import Metrics

ENDED = {EventName.RUN_FINISHED: "finished", EventName.RUN_HALTED: "halted"}
ANSWERED = {
    EventName.APPROVAL_GRANTED: "approved",
    EventName.APPROVAL_DENIED: "denied",
    EventName.APPROVAL_EXPIRED: "expired",
}


class CountedRecord:
    """An `AuditLog` that hands everything to another one, then counts."""

    def __init__(self, record: AuditLog, metrics: Metrics) -> None:
        self._record = record
        self._metrics = metrics

    async def append(self, *events: Event, durable: bool = False) -> None:
        await self._record.append(*events, durable=durable)
        for event in events:
            self._count(event)

    async def close(self) -> None:
        await self._record.close()

    def _count(self, event: Event) -> None:
        self._metrics.recorded(event.event)
        if event.event is EventName.DECISION:
            self._decided(event.fields)
        elif event.event is EventName.TOKEN_ISSUED:
            self._metrics.token_issued()
        elif event.event in ENDED:
            self._metrics.run_ended(event.agent_id or "", ENDED[event.event], float(event.fields.get("total", 0)))
        elif event.event in ANSWERED:
            self._metrics.approval_ended(ANSWERED[event.event], float(event.fields.get("waited_s", 0)))

    def _decided(self, said: dict[str, Any]) -> None:
        self._metrics.decision_recorded(kind=said["kind"], enforced=said["enforced"], mode=said["mode"])
        if said["total"] > said["approve_above"]:
            passed = said["enforced"] == "allow" and said["facts"]["approval"] is None
            self._metrics.escalation_recorded("passed" if passed else "stopped")
