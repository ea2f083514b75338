"""The records behind a figure, all records, and one record whole."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode

import orjson
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request

from aisecops.model.outcome import Refuse
from aisecops.model.refusals import Code
from aisecops.ops.dashboard.asked import number_in, whole_number
from aisecops.ops.dashboard.page import Page, PageAt, Shown, Visitor
from aisecops.ops.dashboard.trends import Trends
from aisecops.ops.figures.eleven import BY_NAME, Figure
from aisecops.ops.figures.index import RecordIndex
from aisecops.ops.figures.windows import Span
from aisecops.ops.story import story_lines

AT_ONCE = 100
ANSWERS = {"tool_answers": "Answers of tools", "model_answers": "Answers of models"}
"""What has records of its own beside the figures of spec 19: how long answers took."""


class Records:
    """The pages under `/records`."""

    def __init__(self, index: RecordIndex, trends: Trends) -> None:
        self._index = index
        self._trends = trends

    def pages(self) -> Sequence[PageAt]:
        """Both places."""
        return (PageAt("/records", "events", self.some), PageAt("/records/{seq}", "events", self.one))

    async def some(self, request: Request, visitor: Visitor) -> Shown:  # noqa: ARG002 - one shape for all
        await run_in_threadpool(self._index.refresh)
        named = request.query_params.get("figure")
        if named is None:
            return await self._all(whole_number(request, "before"))
        first = whole_number(request, "from")
        figure = BY_NAME.get(named)
        if figure is not None:
            return await self._of_a_figure(figure, self._trends.span(request.query_params.get("span")), first)
        if named in ANSWERS:
            facts, drawn = await self._reached(named, first)
            return Page("records.html", ANSWERS[named], facts, drawn)
        return _nothing("name a figure: " + ", ".join([*BY_NAME, *ANSWERS]))

    async def _of_a_figure(self, figure: Figure, span: Span, first: int) -> Page:
        facts, drawn = await self._reached(figure.name, first, span=span.value)
        facts = {**await run_in_threadpool(self._trends.one, figure, span), "span": span.value, **facts}
        drawn["spans"] = [(one.value, _link(figure=figure.name, span=one.value)) for one in Span]
        return Page("figure.html", figure.title, facts, drawn)

    async def _reached(self, named: str, first: int, **more: str) -> tuple[dict[str, Any], dict[str, Any]]:
        """The records counted under a name, after the `first` newest; and the links to those before and after."""
        found = await run_in_threadpool(self._index.recent, named, most=AT_ONCE, skip=first)
        known, asked = self._index.known(named), {"figure": named, **more}
        facts = {"figure": named, "from": first, "known": known, "records": [shown_record(event) for event in found]}
        drawn: dict[str, Any] = {
            "newer": _link(**asked, **_from(first - AT_ONCE)) if first else "",
            "older": _link(**asked, **_from(first + AT_ONCE)) if first + AT_ONCE < known else "",
        }
        return facts, drawn

    async def _all(self, before: int) -> Page:
        found = await run_in_threadpool(self._index.newest, most=AT_ONCE, before_seq=before or None)
        last_seq = self._index.seq
        first, last = (found[0]["seq"], found[-1]["seq"]) if found else (0, 0)
        facts = {
            "from": max(0, last_seq - first),
            "known": last_seq,
            "records": [shown_record(event) for event in found],
        }
        newer = {"before": str(first + AT_ONCE + 1)} if first + AT_ONCE < last_seq else {}
        drawn = {
            "newer": _link(**newer) if first < last_seq else "",
            "older": _link(before=str(last)) if last > 1 else "",
        }
        return Page("records.html", "Record", facts, drawn)

    async def one(self, request: Request, visitor: Visitor) -> Shown:  # noqa: ARG002 - one shape for all
        await run_in_threadpool(self._index.refresh)
        named = request.path_params["seq"]
        seq = number_in(named)
        event = await run_in_threadpool(self._index.event, seq)
        if event is None:
            return _nothing(f"the record has no line `{named}`")
        text = orjson.dumps(event, option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS).decode()
        return Page("record.html", f"Record {seq}", event, {"text": text, "shown": shown_record(event)})


def shown_record(event: dict[str, Any]) -> dict[str, Any]:
    """One event as a line of a table: when, whose, what, and why."""
    told = story_lines([event])
    line = told[0] if told else None
    why = line.why if line is not None else tuple(str(event[name]) for name in ("detail", "why") if event.get(name))
    return {
        "seq": event["seq"],
        "at": event["at"],
        "event": event["event"],
        "run_id": event["run_id"],
        "root_run_id": event["root_run_id"],
        "agent_id": event["agent_id"],
        "decision_id": event["decision_id"],
        "mark": line.mark if line is not None else "note",
        "words": line.words if line is not None else str(event.get("tool") or event["event"].replace("_", " ")),
        "why": list(why),
        "code": event.get("code"),
    }


def _nothing(detail: str) -> Refuse:
    return Refuse(code=Code.UNREADABLE, detail=detail)


def _from(first: int) -> dict[str, str]:
    return {"from": str(first)} if first > 0 else {}


def _link(**asked: str) -> str:
    return f"/records?{urlencode(asked)}" if asked else "/records"
