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
        figure = BY_NAME.get(named)
        if figure is None:
            return _nothing("name a figure: " + ", ".join(BY_NAME))
        return await self._of_a_figure(figure, self._trends.span(request.query_params.get("span")), request)

    async def _of_a_figure(self, figure: Figure, span: Span, request: Request) -> Page:
        first = whole_number(request, "from")
        found = await run_in_threadpool(self._index.recent, figure.name, most=AT_ONCE, skip=first)
        facts = {
            **await run_in_threadpool(self._trends.one, figure, span),
            "figure": figure.name,
            "span": span.value,
            "from": first,
            "known": self._index.known(figure.name),
            "records": [shown_record(event) for event in found],
        }
        drawn = {
            "spans": [(one.value, _link(figure=figure.name, span=one.value)) for one in Span],
            "newer": _link(figure=figure.name, span=span.value, **_from(first - AT_ONCE)) if first else "",
            "older": _link(figure=figure.name, span=span.value, **_from(first + AT_ONCE))
            if first + AT_ONCE < facts["known"]
            else "",
        }
        return Page("figure.html", figure.title, facts, drawn)

    async def _all(self, before: int) -> Page:
        found = await run_in_threadpool(self._index.newest, most=AT_ONCE, before_seq=before or None)
        facts = {"seq": self._index.seq, "records": [shown_record(event) for event in found]}
        first, last = (found[0]["seq"], found[-1]["seq"]) if found else (0, 0)
        newer = first + AT_ONCE + 1
        drawn = {
            "newer": ""
            if first >= self._index.seq
            else _link(**({"before": str(newer)} if newer <= self._index.seq else {})),
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
