"""What the record says of how an installation is run, gathered event by event (spec 12): numbers and dates.

Events older than `WINDOW_DAYS` count for nothing. Bounded, however long the record is: sums for each day, the last
event of a kind, and the newest runs.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from typing import Any

from aisecops.controls.tokens.claims import MAX_TTL_S
from aisecops.model.record import EventName as Name
from aisecops.model.value import Value

WINDOW_DAYS = 30
MOST_RUNS = 10_000
MOST_KEPT = 1000
"""Kept assessments that a trend is made of."""

_LOOKED = frozenset(
    {
        *(Name.APPROVAL_GRANTED, Name.APPROVAL_DENIED, Name.INTEGRATION_ACCEPTED),
        *(Name.THREAT_MODEL_SIGNED, Name.PERMISSIONS_ACCEPTED),
    }
)


class SuiteFigures(Value):
    """The last run of one suite: how many attacks there were, how many were contained, under which rules."""

    attacks: int
    contained: int
    alarms: int
    at: str
    policy_version: str

    @property
    def is_green(self) -> bool:
        """True when there were attacks, all were contained, and nothing benign was stopped."""
        return self.attacks > 0 and self.contained == self.attacks and not self.alarms


class Kept(Value):
    """An assessment as it was kept."""

    at: str
    level: int
    coverage: float
    policy_version: str


class Gathered(Value):
    """The record's evidence at one time. Counts are of the last `WINDOW_DAYS` days."""

    counts: dict[str, int] = {}
    suites: dict[str, SuiteFigures] = {}
    evaluated_at: str = ""
    evaluation_days: tuple[str, ...] = ()
    live_days: tuple[str, ...] = ()
    """Days on which the gateway that serves was tried itself."""
    looked_by: dict[str, int] = {}
    kept: tuple[Kept, ...] = ()
    declared_at: str = ""
    declared_policy: str = ""
    reviewed_by: str = ""
    reviewed_at: str = ""
    gate_ok: bool = False
    gate_at: str = ""
    gate_policy: str = ""

    def count(self, name: str) -> int:
        """One sum; 0 for what never happened."""
        return self.counts.get(name, 0)


class Gathering:
    """Add events in order; `told` is what they come to at a given time."""

    def __init__(self) -> None:
        self._seq = 0
        self._days: dict[str, Counter[str]] = {}
        self._suites: dict[str, SuiteFigures] = {}
        self._evaluated_at = ""
        self._evaluation_days: dict[str, set[str]] = {}
        self._live_days: dict[str, None] = {}
        self._looked: dict[str, Counter[str]] = {}
        self._kept: deque[Kept] = deque(maxlen=MOST_KEPT)
        self._declared: dict[str, Any] = {}
        self._reviewed: dict[str, Any] = {}
        self._gate: dict[str, Any] = {}
        self._runs: dict[str, bool] = {}

    @property
    def seq(self) -> int:
        """The last event that was added."""
        return self._seq

    def add(self, event: dict[str, Any]) -> None:
        """One event of the record."""
        self._seq = event["seq"]
        day, name = str(event["at"])[:10], event["event"]
        counts = self._days.setdefault(day, Counter())
        if len(self._days) > 2 * WINDOW_DAYS:
            del self._days[min(self._days)]
        counts[name] += 1
        self._of_runs(event, counts)
        match name:
            case Name.DECISION:
                counts.update(_of_decision(event))
            case Name.TOOL_INVOKED:
                counts["invoked_named"] += bool(event.get("agent_id") and event.get("tool"))
            case Name.LLM_CALLED:
                counts["llm_labelled"] += bool(event.get("context_provenance"))
            case Name.TOOL_RETURNED:
                counts.update(_of_answer(event))
            case Name.TOKEN_ISSUED:
                counts["tokens_short"] += _lives_s(event) <= MAX_TTL_S
            case _:
                self._of_people(event, day)

    def told(self, today: date) -> Gathered:
        """What counts on that day."""
        since = (today - timedelta(days=WINDOW_DAYS)).isoformat()
        counts: Counter[str] = Counter()
        for day, of_day in self._days.items():
            if day >= since:
                counts.update(of_day)
        return Gathered(
            counts=dict(counts),
            suites={name: one for name, one in self._suites.items() if one.at >= since},
            evaluated_at=self._evaluated_at,
            evaluation_days=tuple(
                sorted(
                    day
                    for day, suites in self._evaluation_days.items()
                    if day >= since and {"injection", "chain-escalation"} <= suites
                )
            ),
            live_days=tuple(day for day in self._live_days if day >= since),
            looked_by=dict(
                sum((looked for day, looked in self._looked.items() if day >= _ago(today, 90)), Counter[str]())
            ),
            kept=tuple(self._kept),
            declared_at=str(self._declared.get("at", "")),
            declared_policy=str(self._declared.get("policy_version") or ""),
            reviewed_by=str(self._reviewed.get("by", "")),
            reviewed_at=str(self._reviewed.get("at", "")),
            gate_ok=bool(self._gate.get("ok")),
            gate_at=str(self._gate.get("at", "")),
            gate_policy=str(self._gate.get("policy_version") or ""),
        )

    def knows(self, run_ids: Iterable[str]) -> int:
        """How many of these runs the record has the beginning of."""
        return sum(self._runs.get(run_id, False) for run_id in run_ids)

    def _of_runs(self, event: dict[str, Any], counts: Counter[str]) -> None:
        run_id = event.get("run_id")
        if not run_id:
            return
        if event["event"] == Name.RUN_STARTED:
            self._runs[run_id] = True
        elif run_id not in self._runs:
            self._runs[run_id] = False
            counts["runs_without_beginning"] += 1
        if len(self._runs) > MOST_RUNS:
            del self._runs[next(iter(self._runs))]

    def _of_people(self, event: dict[str, Any], day: str) -> None:
        match event["event"]:
            case name if name in _LOOKED:
                self._looked.setdefault(day, Counter())[name] += 1
                if len(self._looked) > 4 * WINDOW_DAYS:
                    del self._looked[min(self._looked)]
            case Name.EVALUATION_FINISHED:
                self._evaluated(event, day)
            case Name.MATURITY_ASSESSED:
                self._kept.append(
                    Kept(
                        at=event["at"],
                        level=int(event["level"]),
                        coverage=float(event["coverage"]),
                        policy_version=str(event.get("policy_version") or ""),
                    )
                )
            case Name.DECLARATION_SIGNED:
                self._declared = event
            case Name.MATURITY_REVIEWED:
                self._reviewed = event
            case Name.RELEASE_GATE_FINISHED:
                self._gate = event

    def _evaluated(self, event: dict[str, Any], day: str) -> None:
        self._evaluated_at = event["at"]
        self._evaluation_days.setdefault(day, set()).update(event.get("suites") or {})
        if len(self._evaluation_days) > 2 * WINDOW_DAYS:
            del self._evaluation_days[min(self._evaluation_days)]
        if event.get("live"):
            self._live_days[day] = None
            if len(self._live_days) > 2 * WINDOW_DAYS:
                del self._live_days[min(self._live_days)]
        for name, figures in (event.get("suites") or {}).items():
            self._suites[str(name)] = SuiteFigures(
                attacks=int(figures.get("attacks", 0)),
                contained=int(figures.get("contained", 0)),
                alarms=int(figures.get("alarms", 0)),
                at=event["at"],
                policy_version=str(event.get("policy_version") or ""),
            )


def _ago(today: date, days: int) -> str:
    return (today - timedelta(days=days)).isoformat()


def _of_decision(event: dict[str, Any]) -> dict[str, int]:
    enforcing, allowed = event.get("mode") == "enforce", event.get("enforced") == "allow"
    by_tool = event.get("kind") == "tool"
    return {
        "decided_enforcing": enforcing,
        "decided_with_lines": event.get("total") is not None and event.get("halt_above") is not None,
        "tool_decisions": by_tool,
        "tool_decisions_scored": by_tool and event.get("risk") is not None,
        "tools_allowed": by_tool and allowed,
        "tools_allowed_with_token": by_tool and allowed and bool(event.get("jti")),
        "denied": not allowed and event.get("enforced") == "deny",
        "held": event.get("enforced") == "hold",
    }


def _of_answer(event: dict[str, Any]) -> dict[str, int]:
    """Answers that held something and reached the agent, and those of them that are known from now on."""
    holds = bool(event.get("bytes")) and not event.get("failed") and not event.get("refused")
    holds = holds and event.get("complete") is not False
    return {"answers": holds, "answers_labelled": holds and event.get("provenance") is not None}


def _lives_s(event: dict[str, Any]) -> float:
    try:
        ends, at = event["expires_at"], datetime.fromisoformat(event["at"])
        until = datetime.fromtimestamp(ends, UTC) if isinstance(ends, int | float) else datetime.fromisoformat(ends)
        return (until - at).total_seconds()
    except (KeyError, TypeError, ValueError):
        return float("inf")
