"""What the evaluations of the rules came to, as their events in the record say.

`aisecops eval` keeps a report in the state folder and its figures in the record; what is shown is what was recorded.
"""

from __future__ import annotations

from collections.abc import Iterable
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
    suites = (suite for one in fitting for suite in suites_of(one))
    found = next((one for one in suites if one["suite"] == INJECTION and one.get("attacks")), None)
    if found is None:
        return {"value": None, "counted": "not tried under these rules: `aisecops eval`"}
    contained, attacks = int(found.get("contained", 0)), int(found["attacks"])
    return {"value": contained / attacks, "counted": f"{contained:,} of {attacks:,} attacks contained"}
