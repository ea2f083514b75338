"""The first page: the eleven figures of spec 19 with their trend, and what waits for somebody."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request

from aisecops.gateway.ports import Clock, RuleSource, Store
from aisecops.ops.dashboard.charts import sparkline
from aisecops.ops.dashboard.page import Page, PageAt, Shown, Visitor
from aisecops.ops.dashboard.records import shown_record
from aisecops.ops.dashboard.run_facts import standings
from aisecops.ops.figures.eleven import FIGURES, Figure, Group, told
from aisecops.ops.figures.index import RecordIndex
from aisecops.ops.figures.tested import injection_tests
from aisecops.ops.figures.windows import Span, Windows, shortest
from aisecops.ops.prune import what_is_gone

TITLES = {
    Group.OPERATIONAL: "Operation",
    Group.SECURITY: "Security",
    Group.MATURITY: "Maturity",
}
TOOLS_SHOWN = 6
LATEST = 8
EVALUATIONS = 50


class Overview:
    """The page at `/`."""

    def __init__(self, index: RecordIndex, store: Store, rules: RuleSource, clock: Clock) -> None:
        self._index = index
        self._store = store
        self._rules = rules
        self._clock = clock

    def pages(self) -> Sequence[PageAt]:
        """Its one place."""
        return (PageAt("/", "events", self.page),)

    async def page(self, request: Request, visitor: Visitor) -> Shown:  # noqa: ARG002 - one shape for all
        whole = await run_in_threadpool(self._index.refresh)
        gone = await run_in_threadpool(what_is_gone, self._index.folder)
        now_ms = self._clock.now_ms()
        asked = request.query_params.get("span")
        span = Span(asked) if asked in set(Span) else shortest(self._index.began_at, now_ms=now_ms)
        facts = {
            "policy_version": self._rules.current().policy_version,
            "record": {
                "seq": self._index.seq,
                "began_at": self._index.began_at,
                "read_to_its_end": whole,
                "gone": gone,
            },
            "runs": await standings(self._store, await self._store.list_runs()),
            "span": span.value,
            "figures": await run_in_threadpool(self._figures, span, now_ms),
            "tools": self._index.tools(),
        }
        latest = await run_in_threadpool(self._latest)
        return Page("overview.html", "Overview", facts, {**_drawn(facts), "latest": latest})

    def _figures(self, span: Span, now_ms: int) -> list[dict[str, Any]]:
        total, windows = self._index.total(), self._index.windows()
        shown = []
        for figure in FIGURES:
            one = told(figure, total) | {
                "records": f"/records?figure={figure.name}",
                "trend": _trend(figure, windows, span, now_ms),
            }
            if figure.name == "injection_tests":
                newest = self._index.recent(figure.name, most=EVALUATIONS)
                tested = injection_tests(newest, self._rules.current().policy_version)
                one |= tested | {"records": "/evaluation"}
            shown.append(one)
        return shown

    def _latest(self) -> list[dict[str, Any]]:
        """The newest refusals and the newest things stopped on their way out, newest first."""
        found = [event for name in ("denials", "egress_attempts") for event in self._index.recent(name, most=LATEST)]
        found.sort(key=lambda event: -event["seq"])
        return [shown_record(event) for event in found[:LATEST]]


def _trend(figure: Figure, windows: Windows, span: Span, now_ms: int) -> list[dict[str, Any]]:
    return [{"at": at, "value": figure.value(counts)} for at, counts in windows.points(span, now_ms=now_ms)]


def _drawn(facts: dict[str, Any]) -> dict[str, Any]:
    sparks = {one["name"]: sparkline([point["value"] for point in one["trend"]]) for one in facts["figures"]}
    tools = list(facts["tools"].items())[:TOOLS_SHOWN]
    most = max((count for _, count in tools), default=1)
    return {
        "sparks": sparks,
        "groups": [
            {"title": TITLES[group], "figures": [one for one in facts["figures"] if one["group"] == group.value]}
            for group in Group
        ],
        "tool_bars": [{"tool": tool, "count": count, "part": round(100 * count / most, 1)} for tool, count in tools],
        "more_tools": max(0, len(facts["tools"]) - TOOLS_SHOWN),
        "spans": [span.value for span in Span],
    }
