"""The first page: the eleven figures of spec 19 with their trend, and what waits for somebody."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request

from aisecops.gateway.ports import RuleSource, Store
from aisecops.ops.dashboard.page import Page, PageAt, Shown, Visitor
from aisecops.ops.dashboard.records import shown_record
from aisecops.ops.dashboard.run_facts import counted
from aisecops.ops.dashboard.trends import Trends
from aisecops.ops.figures.eleven import Group
from aisecops.ops.figures.index import RecordIndex
from aisecops.ops.figures.windows import Span
from aisecops.ops.prune import what_is_gone

TITLES = {
    Group.OPERATIONAL: "Operation",
    Group.SECURITY: "Security",
    Group.MATURITY: "Maturity",
}
TOOLS_SHOWN = 3
LATEST = 8


class Overview:
    """The page at `/`."""

    def __init__(self, index: RecordIndex, store: Store, rules: RuleSource, trends: Trends) -> None:
        self._index = index
        self._store = store
        self._rules = rules
        self._trends = trends

    def pages(self) -> Sequence[PageAt]:
        """Its one place."""
        return (PageAt("/", "events", self.page),)

    async def page(self, request: Request, visitor: Visitor) -> Shown:  # noqa: ARG002 - one shape for all
        whole = await run_in_threadpool(self._index.refresh)
        gone = await run_in_threadpool(what_is_gone, self._index.folder)
        span = self._trends.span(request.query_params.get("span"))
        facts = {
            "policy_version": self._rules.current().policy_version,
            "rules_rejected_at": await run_in_threadpool(self._rejected_at),
            "record": {
                "seq": self._index.seq,
                "began_at": self._index.began_at,
                "read_to_its_end": whole,
                "gone": gone,
            },
            "runs": await counted(self._store, await self._store.list_runs()),
            "span": span.value,
            "figures": await run_in_threadpool(self._trends.all, span),
            "answers": await run_in_threadpool(self._trends.answers, span),
            "tools": self._index.tools(),
        }
        latest = await run_in_threadpool(self._latest)
        return Page("overview.html", "Overview", facts, {**_drawn(facts), "latest": latest})

    def _rejected_at(self) -> str | None:
        """Since when the rules on disk cannot be used; None while they are those in force."""
        told = self._index.recent("rules", most=1)
        return str(told[0]["at"]) if told and told[0]["event"] == "rules_rejected" else None

    def _latest(self) -> list[dict[str, Any]]:
        """The newest refusals and the newest things stopped on their way out, newest first."""
        found = [event for name in ("denials", "egress_attempts") for event in self._index.recent(name, most=LATEST)]
        found.sort(key=lambda event: -event["seq"])
        return [shown_record(event) for event in found[:LATEST]]


def _drawn(facts: dict[str, Any]) -> dict[str, Any]:
    tools = list(facts["tools"].items())[:TOOLS_SHOWN]
    most = max((count for _, count in tools), default=1)
    return {
        "groups": [
            {"title": TITLES[group], "figures": [one for one in facts["figures"] if one["group"] == group.value]}
            for group in Group
        ],
        "tool_bars": [{"tool": tool, "count": count, "part": round(100 * count / most, 1)} for tool, count in tools],
        "spans": [(span.value, f"/?span={span.value}") for span in Span],
        "trends": list(_rows(facts)),
    }


def _rows(facts: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The trends as a table, newest first; a stretch in which nothing happened has no row."""
    for at in reversed(range(len(facts["figures"][0]["trend"]))):
        figures = [(one["unit"], one["trend"][at]["value"]) for one in facts["figures"]]
        answers = [one["trend"][at][name] for one in facts["answers"] for name in ("half_ms", "nearly_all_ms")]
        if any(value for _, value in figures) or any(answers):
            yield {"at": facts["figures"][0]["trend"][at]["at"], "figures": figures, "answers": answers}
