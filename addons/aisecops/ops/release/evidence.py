"""What the gate knows: the rules as they are, and what the record holds of signatures, acceptances and evaluations.

Read in one pass. A report of an evaluation counts only when the record has its digest.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from aisecops.adapters.audit.reader import events
from aisecops.model.record import EventName
from aisecops.model.rules import RuleSet
from aisecops.ops.evaluation.kept import last_reports
from aisecops.ops.evaluation.outcome import Report
from aisecops.ops.settings import Settings


@dataclass
class Evidence:
    """Everything the six checks look at."""

    settings: Settings
    rules: RuleSet
    signatures: dict[str, set[tuple[str, str]]] = field(default_factory=dict)
    """By agent, the digests and names of signed threat models."""
    acceptances: list[dict[str, Any]] = field(default_factory=list)
    """Events, oldest first."""
    reports: list[Report] = field(default_factory=list)
    """Of these very rules and this version, whole and in the record; the last recorded first."""
    stale: int = 0
    """Reports of other rules or another version, or that the record does not know."""
    used: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    """Allowed steps by agent, tool and scope."""
    runs: Counter[str] = field(default_factory=Counter)


def gathered(settings: Settings, rules: RuleSet, *, version: str) -> Evidence:
    """All evidence there is. Raises `RecordError` for a record that cannot be read."""
    found = Evidence(settings, rules)
    recorded: dict[str, int] = {}
    for event in events(settings.record_folder) if settings.record_folder.exists() else ():
        agent = str(event.get("agent_id"))
        match event["event"]:
            case EventName.THREAT_MODEL_SIGNED:
                found.signatures.setdefault(agent, set()).add((str(event["digest"]), str(event["by"])))
            case EventName.PERMISSIONS_ACCEPTED:
                found.acceptances.append(event)
            case EventName.EVALUATION_FINISHED:
                recorded[str(event["digest"])] = event["seq"]
            case EventName.RUN_STARTED:
                found.runs[agent] += 1
            case EventName.DECISION if event.get("enforced") == "allow":
                found.used[agent, str(event.get("tool")), str(event.get("scope"))] += 1
    whole = {digest: report for report, digest in last_reports(settings.paths.state)}
    for digest in sorted(whole, key=lambda digest: recorded.get(digest, 0), reverse=True):
        report = whole[digest]
        if report.live:
            continue  # what serves already is watched by it, not released
        counts = digest in recorded and (report.policy_version, report.version) == (rules.policy_version, version)
        found.stale += not counts
        if counts:
            found.reports.append(report)
    return found
