"""Where the lines of the small charts run. Numbers in, places out; the templates draw them as SVG.

Places are in the units of the drawing (`viewBox`), rounded to what an eye can tell apart.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

SPARK_WIDTH, SPARK_HEIGHT = 160.0, 36.0
CURVE_WIDTH, CURVE_HEIGHT = 880.0, 220.0
_LEFT, _RIGHT, _TOP, _BOTTOM = 44.0, 20.0, 16.0, 28.0
_HEADROOM = 1.15
_TIP_WIDTH = 250.0
_TIP_LINE = 16.0
_EDGE = 2.0
_LOWEST = 1.5
_FILLED = 0.62

Event = dict[str, Any]


def sparkline(values: Sequence[float | None]) -> dict[str, Any]:
    """A column for each value, a dot on the ground for zero, and nothing where nothing is known."""
    most = max((value for value in values if value is not None), default=0.0)
    apart = SPARK_WIDTH / max(1, len(values))
    wide = max(1.0, apart * _FILLED)
    columns = []
    for at, value in enumerate(values):
        if value is not None:
            high = max(_LOWEST, (SPARK_HEIGHT - _EDGE) * value / most) if most and value else _LOWEST
            columns.append(
                {
                    "x": _place(at * apart + (apart - wide) / 2),
                    "y": _place(SPARK_HEIGHT - high),
                    "width": _place(wide),
                    "height": _place(high),
                    "zero": not value,
                }
            )
    return {"width": SPARK_WIDTH, "height": SPARK_HEIGHT, "columns": columns}


def share(used: float, limit: float | None) -> float:
    """How much of a limit is used, from 0 to 100; all of it once it is over, and of no limit nothing."""
    if not limit:
        return 0.0
    return round(min(100.0, 100.0 * used / limit), 1)


def risk_curve(decisions: Sequence[Event]) -> dict[str, Any] | None:
    """The chain's risk, step by step, against the lines where a person is asked and where the run is halted.

    A step that passed moves the line; one that was stopped stands where it would have taken it. None without a step.
    """
    if not decisions:
        return None
    approve, halt = float(decisions[-1]["approve_above"]), float(decisions[-1]["halt_above"])
    top = max(halt, *(float(one["total"]) for one in decisions)) * _HEADROOM or 1.0

    def y(value: float) -> float:
        return _place(CURVE_HEIGHT - _BOTTOM - (CURVE_HEIGHT - _TOP - _BOTTOM) * value / top)

    apart = (CURVE_WIDTH - _LEFT - _RIGHT) / max(1, len(decisions))
    line, points = [f"M{_LEFT} {y(float(decisions[0]['before']))}"], []
    for at, one in enumerate(decisions):
        x = _place(_LEFT + apart * (at + 0.5))
        passed = one["enforced"] == "allow"
        stands = float(one["total"] if passed else one["before"])
        line.append(f"H{x} V{y(stands)}")
        points.append(_point(one, x, y(float(one["total"]))))
    line.append(f"H{CURVE_WIDTH - _RIGHT}")
    run = " ".join(line)
    base = y(0.0)
    return {
        "width": CURVE_WIDTH,
        "height": CURVE_HEIGHT,
        "left": _LEFT,
        "right": CURVE_WIDTH - _RIGHT,
        "base": base,
        "line": run,
        "area": f"{run} V{base} H{_LEFT} Z",
        "points": points,
        "approve": {"y": y(approve), "value": approve},
        "halt": {"y": y(halt), "value": halt},
        "ticks": [{"y": y(top * part), "value": top * part} for part in (0.0,)],
    }


def _point(one: Event, x: float, y: float) -> dict[str, Any]:
    words = terms(one)
    height = _TIP_LINE * len(words) + 14
    left = min(max(x - _TIP_WIDTH / 2, 0.0), CURVE_WIDTH - _TIP_WIDTH)
    below = y - height - 12 < 0
    return {
        "x": x,
        "y": y,
        "verdict": one["enforced"],
        "decision_id": one["decision_id"],
        "words": words,
        "tip": {
            "x": _place(left),
            "y": _place(y + 12 if below else y - height - 12),
            "width": _TIP_WIDTH,
            "height": height,
            "lines": [
                {
                    "x": _place(left + 10),
                    "y": _place((y + 12 if below else y - height - 12) + 20 + _TIP_LINE * at),
                    "text": w,
                }
                for at, w in enumerate(words)
            ],
        },
    }


_STOPPED = {"allow": "passed", "hold": "held", "deny": "refused"}


def terms(one: Event) -> list[str]:
    """What a step's risk is made of, in words, line by line (spec 8)."""
    words = [f"{_cut(str(one.get('tool') or one.get('host') or one['kind']))}: {_STOPPED.get(one['enforced'], '?')}"]
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


def _cut(text: str, most: int = 28) -> str:
    return text if len(text) <= most else f"{text[: most - 1]}…"


def _number(value: float) -> str:
    return f"{value:.3f}".rstrip("0").rstrip(".")


def _place(value: float) -> float:
    return round(value, 1)
