"""What the record says of an agent: which grants it used, what its runs came to, what was refused, when it last ran."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any

from aisecops.model.rules import AgentRule
from aisecops.model.scope import covers
from aisecops.ops.threat_model.part import Part, part

SECTION = "From the record"
_MOST_TOTALS = 3

Event = dict[str, Any]


class Recorded:
    """Add events in any number; `parts` is what they come to."""

    def __init__(self, agent: AgentRule) -> None:
        self._agent = agent
        self._used: Counter[str] = Counter()
        self._codes: Counter[str] = Counter()
        self._totals: dict[str, float] = {}
        self._runs: dict[str, str] = {}

    def add(self, event: Event) -> None:
        """One event; those of other agents are left out."""
        if event.get("agent_id") != self._agent.agent_id:
            return
        if event.get("run_id"):
            self._runs[str(event["run_id"])] = str(event.get("at"))
        if event["event"] != "decision":
            return
        allowed = event.get("enforced") == "allow"
        if allowed:
            self._allowed(event)
        if event.get("verdict") != "allow":
            self._codes[f"{event.get('code')}{', and only observed' if allowed else ''}"] += 1

    def parts(self) -> tuple[Part, ...]:
        """The headings, in words; counts and totals are of all that was added."""
        return (
            part(SECTION, "Runs", self._told_runs(), nothing="the record knows no run of it"),
            part(SECTION, "Grants used", self._told_grants(), nothing="it has none"),
            part(SECTION, "Highest totals", self._told_totals(), nothing="no step of it was allowed"),
            part(SECTION, "Refused and held", self._told_codes(), nothing="nothing"),
        )

    def _allowed(self, event: Event) -> None:
        tool, scope = str(event.get("tool")), str(event.get("scope"))
        for rule in self._agent.grants:
            if covers(rule.grant.tool, tool) and covers(rule.grant.scope, scope):
                self._used[rule.name] += 1
        root, total = str(event.get("root_run_id")), event.get("total")
        if total is not None:
            self._totals[root] = max(self._totals.get(root, 0.0), float(total))

    def _told_runs(self) -> Iterator[str]:
        if self._runs:
            last = max(self._runs, key=lambda run: (self._runs[run], run))
            yield f"{len(self._runs)} runs, the last `{last}` until {self._runs[last]}"

    def _told_grants(self) -> Iterator[str]:
        for rule in self._agent.grants:
            times = self._used[rule.name]
            yield f"`{rule.grant.tool}` on `{rule.grant.scope}`: {f'{times} times' if times else 'never'}"

    def _told_totals(self) -> Iterable[str]:
        ranked = sorted(self._totals.items(), key=lambda one: (-one[1], one[0]))
        return (f"{total:g} in the tree of `{root}`" for root, total in ranked[:_MOST_TOTALS])

    def _told_codes(self) -> Iterator[str]:
        for code, times in sorted(self._codes.items()):
            yield f"{code}: {times} times"
