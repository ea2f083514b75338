"""The share of each suite that is contained under the rules in force, from the reports in the state folder.

A suite that was not evaluated under these very rules passes nothing: a change of the rules asks for a new evaluation.
"""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from aisecops.ops.evaluation.kept import folder_of, last_reports
from aisecops.ops.evaluation.outcome import Report, tally
from aisecops.ops.evaluation.scenario import Suite


class Figures:
    """Looks at the folder again when it has changed."""

    def __init__(self, state: Path) -> None:
        self._state = state
        self._seen: tuple[int, str] | None = None
        self._ratios: dict[str, float] = {}
        self.live_at_s = 0.0
        """When the running gateway itself was last tried, as Unix time; 0 for never."""

    def __call__(self, policy_version: str) -> dict[str, float]:
        """By suite, from 0 to 1."""
        folder = folder_of(self._state)
        seen = (folder.stat().st_mtime_ns if folder.is_dir() else 0, policy_version)
        if seen != self._seen:
            kept = [one for one, _ in last_reports(self._state)]
            self.live_at_s = next((datetime.fromisoformat(one.at).timestamp() for one in kept if one.live), 0.0)
            reports = [one for one in kept if one.policy_version == policy_version]
            self._ratios = {suite.value: _ratio(suite, reports) for suite in Suite}
            self._seen = seen
        return self._ratios


def _ratio(suite: Suite, newest_first: list[Report]) -> float:
    """Of the newest report that has the suite: the attacks that were contained, of those that were played."""
    report = next((one for one in newest_first if suite in one.suites), None)
    results = (one for one in report.results if one.suite is suite) if report else ()
    return tally(suite.value, results).containment or 0.0
