"""The metrics that docs/telemetry.md promises: their labels and types, by name."""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

PAGE = Path(__file__).parents[2] / "docs" / "telemetry.md"
_ROW = re.compile(r"\| `(aisecops_\w+)` \| ([\w, ]*)\| (\w+) \|")


class Promised(NamedTuple):
    """One metric's labels and type."""

    labels: frozenset[str]
    type: str


def promised() -> dict[str, Promised]:
    """Every metric of the table, by its family's name: a counter without `_total`."""
    return {
        name.removesuffix("_total"): Promised(frozenset(labels.replace(",", " ").split()), kind)
        for name, labels, kind in _ROW.findall(PAGE.read_text())
    }
