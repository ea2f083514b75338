"""Scenario files: those that ship, and the operator's own beside the rules."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

from aisecops.adapters.policies.files import SCENARIOS
from aisecops.model.place import Problem
from aisecops.ops.evaluation.parse import parse_scenarios
from aisecops.ops.evaluation.scenario import Scenario

SHIPPED = "aisecops:"
"""How the place of a scenario that ships begins."""


def scenarios_of(rules: Path) -> tuple[tuple[Scenario, ...], tuple[Problem, ...]]:
    """The scenarios that ship, and the operator's own beside the rules; and what is wrong with any."""
    found = shipped()
    if rules.is_dir():
        own = (path for path in sorted(rules.rglob("*")) if path.name.lower().endswith(SCENARIOS) and path.is_file())
        found |= {path.relative_to(rules).as_posix(): path.read_bytes() for path in own}
    return parse_scenarios(found)


def shipped() -> dict[str, bytes]:
    """The scenario files that ship."""
    folder = files(__package__).joinpath("scenarios")
    return {f"{SHIPPED}{file.name}": file.read_bytes() for file in folder.iterdir() if file.name.endswith(SCENARIOS)}
