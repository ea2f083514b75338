"""What charts and bars say beside their numbers: the terms of a step's risk, and the part of a limit that is used.

The charts themselves are drawn in the browser, from the page's JSON twin (`static/charts.js`).
"""

from __future__ import annotations

from typing import Any

Event = dict[str, Any]

_BECAME = {"allow": "passed", "hold": "held", "deny": "refused"}


def share(used: float, limit: float | None) -> float:
    """How much of a limit is used, from 0 to 100; all of it once it is over, and of no limit nothing."""
    if not limit:
        return 0.0
    return round(min(100.0, 100.0 * used / limit), 1)


def terms(one: Event) -> list[str]:
    """What a step's risk is made of, in words, line by line (spec 8)."""
    words = [f"{one.get('tool') or one.get('host') or one['kind']}: {_BECAME.get(one['enforced'], '?')}"]
    risk = one.get("risk")
    if risk is not None:
        words.append(f"risk {_number(risk['step'])} = {_number(risk['base'])} base")
        factors = [
            f"\N{MULTIPLICATION SIGN} {_number(risk[name])} {name}"
            for name in ("escalation", "trust", "stress")
            if risk[name] != 1
        ]
        if factors:
            words.append(" ".join(factors))
    words.append(f"chain {_number(one['before'])} \N{RIGHTWARDS ARROW} {_number(one['total'])}")
    return words


def _number(value: float) -> str:
    return f"{value:.3f}".rstrip("0").rstrip(".")
