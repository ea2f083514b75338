"""A run as the record tells it, in the eight fields of spec 5.4, gathered event by event."""

from __future__ import annotations

from typing import Any

from aisecops.model.risk import MICROS, from_micros

_ACTS = {"tool_invoked", "llm_called", "source_read"}
_RETURNS = {"tool_returned", "llm_returned"}


class RunExport:
    """Add the events of the run's whole tree in order; `told` is the export as it stands."""

    def __init__(self, run_id: str) -> None:
        self._run_id = run_id
        self._agent_id: str | None = None
        self._root_run_id: str | None = None
        self._prompt_hash: str | None = None
        self._provenance: list[dict[str, Any]] = []
        self._invocations: dict[str, dict[str, Any]] = {}
        self._decisions: list[dict[str, Any]] = []
        self._steps: dict[str, dict[str, Any]] = {}
        self._risk_micros = 0
        self._span_ms: list[int] = []

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
        if event["run_id"] == self._run_id:
            state = facts["tree"]["runs"][self._run_id]
            self._span_ms += [state["started_ms"], facts["now_ms"]]
            self._decisions.append(_only(event, "decision_id", "seq", "at", *_DECISION))

    def _acted(self, event: dict[str, Any]) -> None:
        if event["event"] == "llm_called":
            self._prompt_hash = event.get("prompt_hash") or self._prompt_hash
        if event["event"] == "tool_invoked":
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
        if event["run_id"] != self._run_id:
            return
        if (invocation := self._invocations.get(decision_id)) is not None:
            invocation.update(_only(event, *_RETURN))
        if (provenance := event.get("provenance")) is not None:
            self._provenance.append({**provenance, "decision_id": decision_id, "tool": event.get("tool")})

    def _consumed(self) -> dict[str, Any]:
        steps = [step for step in self._steps.values() if step["counts"]]
        return {
            "tool_calls": sum(step["call"] for step in steps),
            "write_operations": sum(step["write"] for step in steps),
            "cost": from_micros(sum(step["cost_micros"] for step in steps)),
            "rows": sum(step["rows"] for step in steps),
            "recipients": len({one for step in steps for one in step["recipients"]}),
            "egress_bytes": sum(step["egress_bytes"] for step in steps),
            "execution_ms": max(self._span_ms, default=0) - min(self._span_ms, default=0),
        }


_DECISION = (
    *("kind", "tool", "effect", "scope", "method", "host", "verdict", "enforced", "code", "reasons"),
    *("risk", "total", "approve_above", "halt_above", "policy_version", "jti"),
)
_INVOCATION = ("tool", "effect", "scope", "method", "host", "path_hash")
_RETURN = ("status", "bytes", "cost", "rows", "duration_ms", "refused", "failed", "left")


def _only(event: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: event[name] for name in names if name in event}
