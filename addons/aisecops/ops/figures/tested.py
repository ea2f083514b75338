"""What the last evaluation of the rules came to, as its results in the state folder say."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec

RESULTS = "evaluation.json"
INJECTION = "injection"
MAX_BYTES = 16 * 1024 * 1024


def last_evaluation(state_folder: Path) -> dict[str, Any] | None:
    """The results as they were written; None when there are none that can be read."""
    try:
        with (state_folder / RESULTS).open("rb") as file:
            return msgspec.json.decode(file.read(MAX_BYTES), type=dict[str, Any])
    except (OSError, msgspec.MsgspecError, UnicodeDecodeError):
        return None


def injection_tests(state_folder: Path) -> dict[str, Any]:
    """The value of the figure `injection_tests` and what it was counted from; no value before the first evaluation."""
    results = last_evaluation(state_folder) or {}
    suite = next((one for one in results.get("suites", ()) if one.get("name") == INJECTION), None)
    if suite is None or not suite.get("scenarios"):
        return {"value": None, "counted": "not tested yet: `aisecops eval`"}
    passed, scenarios = int(suite["passed"]), int(suite["scenarios"])
    return {"value": passed / scenarios, "counted": f"{passed:,} of {scenarios:,} scenarios"}
