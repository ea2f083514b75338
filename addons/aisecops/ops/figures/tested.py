"""What the evaluations of the rules came to, as their events in the record say.

`aisecops eval` keeps a report in the state folder and its figures in the record; what is shown is what was recorded.
"""

from __future__ import annotations

from typing import Any

INJECTION = "injection"
Event = dict[str, Any]


def suites_of(evaluation: Event | None) -> list[dict[str, Any]]:
    """Each suite of an evaluation with its figures, in order; none before the first evaluation."""
    suites = (evaluation or {}).get("suites")
    if not isinstance(suites, dict):
        return []
    return [{"suite": name, **figures} for name, figures in suites.items() if isinstance(figures, dict)]


def injection_tests(evaluation: Event | None) -> dict[str, Any]:
    """The value of the figure `injection_tests` and what it was counted from."""
    found = next((one for one in suites_of(evaluation) if one["suite"] == INJECTION), None)
    if found is None or not found.get("attacks"):
        return {"value": None, "counted": "not tested yet: `aisecops eval`"}
    contained, attacks = int(found.get("contained", 0)), int(found["attacks"])
    return {"value": contained / attacks, "counted": f"{contained:,} of {attacks:,} attacks contained"}
