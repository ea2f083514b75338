"""What the evaluations of the rules came to, as their events in the record say.

`aisecops eval` keeps a report in the state folder and its figures in the record; what is shown is what was recorded.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from typing import Any

INJECTION = "injection"
Event = dict[str, Any]


def suites_of(evaluation: Event | None) -> list[dict[str, Any]]:
    """Each suite of an evaluation with its figures, in order; none before the first evaluation."""
    suites = (evaluation or {}).get("suites")
    if not isinstance(suites, dict):
        return []
    return [{"suite": name, **figures} for name, figures in suites.items() if isinstance(figures, dict)]


def injection_tests(newest_first: Iterable[Event], policy_version: str) -> dict[str, Any]:
    """The value of the figure `injection_tests` and what it was counted from: the last time under these very rules."""
    fitting = (one for one in newest_first if one.get("policy_version") == policy_version)
    found = next((suite for one in fitting if (suite := _injection(one)) is not None), None)
    if found is None:
        return {"value": None, "counted": "not tried under these rules: `aisecops eval`"}
    contained, attacks = int(found.get("contained", 0)), int(found["attacks"])
    return {"value": contained / attacks, "counted": f"{contained:,} of {attacks:,} attacks contained"}


def last_passed(newest_first: Iterable[Event], stretches: Sequence[str]) -> list[float | None]:
    """For each stretch of time, named by its beginning, the part that its last evaluation contained."""
    passed: list[float | None] = [None] * len(stretches)
    for one in newest_first:
        at = bisect_right(stretches, str(one["at"])) - 1
        suite = _injection(one)
        if at >= 0 and suite is not None and passed[at] is None:
            passed[at] = int(suite.get("contained", 0)) / int(suite["attacks"])
    return passed


def _injection(evaluation: Event) -> dict[str, Any] | None:
    return next((one for one in suites_of(evaluation) if one["suite"] == INJECTION and one.get("attacks")), None)
