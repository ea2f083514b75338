"""A run as the record tells it, in the eight fields of spec 5.4, gathered event by event."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sized
from typing import Any

from aisecops.model.risk import MICROS, from_micros

_ACTS = {"tool_invoked", "llm_called", "source_read"}
_RETURNS = {"tool_returned", "llm_returned"}


class RunExport:
    """Add the events of the run's whole tree in order; `told` is the export as it stands.

    With `most`, no list in it grows longer, and what has its answer is summed up: then it stays small however long
    the run lasts.
    """

    def __init__(self, run_id: str, *, most: int | None = None) -> None:
        self._run_id = run_id
        self._most = most
        self._agent_id: str | None = None
        self._root_run_id: str | None = None
        self._prompt_hash: str | None = None
        self._provenance: list[dict[str, Any]] = []
        self._invocations: dict[str, dict[str, Any]] = {}
        self._decisions: list[dict[str, Any]] = []
        self._steps: dict[str, dict[str, Any]] = {}
        self._answered: Counter[str] = Counter()
        self._recipients: set[str] = set()
        self._risk_micros = 0
        self._span_ms: tuple[int, int] | None = None

    def add(self, event: dict[str, Any]) -> None:
        """One event of the tree."""
        name = event["event"]
        if name == "decision":
            self._decided(event)
        elif name in _RETURNS:
            self._returned(event)
        elif name == "risk_adjusted" and "total" in event:
            self._risk_micros = round(event["total"] * MICROS)
        if event["run_id"] != self._run_id:
            return
        self._agent_id = event["agent_id"] or self._agent_id
        self._root_run_id = event["root_run_id"] or self._root_run_id
        if name in _ACTS:
            self._acted(event)

    def told(self) -> dict[str, Any]:
        """The export; JSON only. Money and risk in units, times in milliseconds."""
        return {
            "run_id": self._run_id,
            "root_run_id": self._root_run_id,
            "agent_id": self._agent_id,
            "prompt_hash": self._prompt_hash,
            "context_provenance": self._provenance,
            "tool_invocations": list(self._invocations.values()),
            "policy_decisions": self._decisions,
            "cumulative_risk_score": from_micros(self._risk_micros),
            "budget_consumption": self._consumed(),
        }

    def _decided(self, event: dict[str, Any]) -> None:
        decision, facts = event["decision"], event["facts"]
        allowed = decision["enforced"] == "allow"
        # what a refused step would have come to is not what the run has come to
        self._risk_micros = decision["total_micros"] if allowed else facts["tree"]["risk_micros"]
        if allowed:
            self._steps[event["decision_id"]] = {
                "counts": self._run_id in facts["principal"]["lineage"],
                "call": event["kind"] == "tool",
                "write": event["kind"] == "tool" and event["effect"] in {"write", "memory-write"},
                "cost_micros": facts["request"]["cost_micros"],
                "rows": facts["request"].get("rows") or 0,
                "recipients": facts["request"].get("recipients") or (),
                "egress_bytes": facts["request"].get("size_bytes", 0) if event["kind"] in {"tool", "source"} else 0,
                "risk_micros": (decision["risk"] or {"micros": 0})["micros"],
            }
            if self._most is not None and event["kind"] == "local":  # no answer comes through us
                self._sum_up(self._steps.pop(event["decision_id"]))
        if event["run_id"] == self._run_id:
            state = facts["tree"]["runs"][self._run_id]
            first, last = self._span_ms or (state["started_ms"], state["started_ms"])
            self._span_ms = min(first, state["started_ms"]), max(last, facts["now_ms"])
            if self._has_room(self._decisions):
                self._decisions.append(_only(event, "decision_id", "seq", "at", *_DECISION))

    def _acted(self, event: dict[str, Any]) -> None:
        if event["event"] == "llm_called":
            self._prompt_hash = event.get("prompt_hash") or self._prompt_hash
        if event["event"] == "tool_invoked" and self._has_room(self._invocations):
            self._invocations[event["decision_id"]] = _only(event, "decision_id", "seq", "at", *_INVOCATION)

    def _returned(self, event: dict[str, Any]) -> None:
        decision_id = event["decision_id"]
        step = self._steps.get(decision_id)
        if event.get("left") is False:  # nothing left, so the charge was given back
            self._steps.pop(decision_id, None)
            self._risk_micros -= step["risk_micros"] if step is not None else 0
        elif step is not None and "cost" in event:
            step["cost_micros"] = round(event["cost"] * MICROS)
            step["rows"] = event.get("rows") or step["rows"]
        if step is not None and self._most is not None and self._steps.pop(decision_id, None) is not None:
            self._sum_up(step)
        if event["run_id"] != self._run_id:
            return
        if (invocation := self._invocations.get(decision_id)) is not None:
            invocation.update(_only(event, *_RETURN))
        if (provenance := event.get("provenance")) is not None and self._has_room(self._provenance):
            self._provenance.append({**provenance, "decision_id": decision_id, "tool": event.get("tool")})

    def _has_room(self, listed: Sized) -> bool:
        return self._most is None or len(listed) < self._most

    def _sum_up(self, step: dict[str, Any]) -> None:
        if step["counts"]:
            self._answered.update({of: step[of] for of in _SUMS.values()})
            self._recipients.update(step["recipients"])

    def _consumed(self) -> dict[str, Any]:
        steps = [step for step in self._steps.values() if step["counts"]]
        summed = {name: self._answered[of] + sum(step[of] for step in steps) for name, of in _SUMS.items()}
        first, last = self._span_ms or (0, 0)
        return {
            **summed,
            "cost": from_micros(summed["cost"]),
            "recipients": len(self._recipients.union(*(step["recipients"] for step in steps))),
            "execution_ms": last - first,
        }


_SUMS = {
    "tool_calls": "call",
    "write_operations": "write",
    "cost": "cost_micros",
    "rows": "rows",
    "egress_bytes": "egress_bytes",
}
"""What is summed up over steps: its name in the export, and in a step."""

_DECISION = (
    *("kind", "tool", "effect", "scope", "method", "host", "verdict", "enforced", "code", "reasons"),
    *("risk", "total", "approve_above", "halt_above", "policy_version", "jti"),
)
_INVOCATION = ("tool", "effect", "scope", "method", "host", "path_hash")
_RETURN = ("status", "bytes", "cost", "rows", "duration_ms", "refused", "failed", "left")


def _only(event: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: event[name] for name in names if name in event}
