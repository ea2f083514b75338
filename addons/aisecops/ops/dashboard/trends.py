"""The figures of spec 19 with their trends, and how long answers took: numbers for pages, twins and charts alike."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from aisecops.gateway.ports import Clock, RuleSource
from aisecops.ops.figures.counts import Counts
from aisecops.ops.figures.eleven import FIGURES, Figure, told
from aisecops.ops.figures.index import RecordIndex
from aisecops.ops.figures.tested import injection_tests, last_passed
from aisecops.ops.figures.took import Took, within_ms
from aisecops.ops.figures.windows import Span, shortest

EVALUATIONS = 50
"""The newest evaluations that the pass rate and its trend look at."""
HALF, NEARLY_ALL = 0.5, 0.95

Points = Sequence[tuple[str, Counts]]


class Trends:
    """Reads them from the index, each over the whole record, with one point for each stretch of a span."""

    def __init__(self, index: RecordIndex, rules: RuleSource, clock: Clock) -> None:
        self._index = index
        self._rules = rules
        self._clock = clock

    def span(self, asked: str | None) -> Span:
        """The span of this name, or the one that shows the record best."""
        if asked in set(Span):
            return Span(asked)
        return shortest(self._index.began_at, now_ms=self._clock.now_ms())

    def all(self, span: Span) -> list[dict[str, Any]]:
        """The eleven."""
        total, points = self._index.total(), self._points(span)
        return [self._shown(figure, total, points) for figure in FIGURES]

    def one(self, figure: Figure, span: Span) -> dict[str, Any]:
        """One of them."""
        return self._shown(figure, self._index.total(), self._points(span))

    def answers(self, span: Span) -> list[dict[str, Any]]:
        """How long tools and models took to answer, as the record says: half, and 95 of 100, were there within."""
        total, points = self._index.total(), self._points(span)
        return [
            {
                "of": of,
                "answers": sum(took(total).values()),
                **_within(took(total)),
                "trend": [{"at": at, **_within(took(counts))} for at, counts in points],
            }
            for of, took in (("tools", _of_tools), ("models", _of_models))
        ]

    def _points(self, span: Span) -> Points:
        return self._index.windows().points(span, now_ms=self._clock.now_ms())

    def _shown(self, figure: Figure, total: Counts, points: Points) -> dict[str, Any]:
        shown = told(figure, total) | {
            "records": f"/records?figure={figure.name}",
            "trend": [{"at": at, "value": figure.value(counts)} for at, counts in points],
        }
        if figure.name == "injection_tests":
            newest = self._index.recent(figure.name, most=EVALUATIONS)
            passed = last_passed(newest, [at for at, _ in points])
            shown |= injection_tests(newest, self._rules.current().policy_version)
            shown["trend"] = [{"at": at, "value": value} for (at, _), value in zip(points, passed, strict=True)]
        return shown


def _of_tools(counts: Counts) -> Took:
    return counts.tools_took


def _of_models(counts: Counts) -> Took:
    return counts.models_took


def _within(took: Took) -> dict[str, float | None]:
    return {"half_ms": _tenth(within_ms(took, HALF)), "nearly_all_ms": _tenth(within_ms(took, NEARLY_ALL))}


def _tenth(ms: float | None) -> float | None:
    return None if ms is None else round(ms, 1)
