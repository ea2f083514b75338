"""The records behind a figure, and one record whole."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import orjson
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request

from aisecops.model.outcome import Refuse
from aisecops.model.refusals import Code
from aisecops.ops.dashboard.page import Page, PageAt, Shown, Visitor
from aisecops.ops.figures.eleven import BY_NAME
from aisecops.ops.figures.index import RecordIndex
from aisecops.ops.story import story_lines

AT_ONCE = 100


class Records:
    """The pages under `/records`."""

    def __init__(self, index: RecordIndex) -> None:
        self._index = index

    def pages(self) -> Sequence[PageAt]:
        """Both places."""
        return (PageAt("/records", "events", self.of_a_figure), PageAt("/records/{seq}", "events", self.one))

    async def of_a_figure(self, request: Request, visitor: Visitor) -> Shown:  # noqa: ARG002 - one shape for all
        figure = BY_NAME.get(request.query_params.get("figure", ""))
        if figure is None:
            return _nothing("name a figure: " + ", ".join(BY_NAME))
        await run_in_threadpool(self._index.refresh)
        found = await run_in_threadpool(self._index.recent, figure.name, most=AT_ONCE)
        facts = {
            "figure": figure.name,
            "title": figure.title,
            "definition": figure.words,
            "newest": AT_ONCE,
            "records": [shown_record(event) for event in found],
        }
        return Page("records.html", figure.title, facts)

    async def one(self, request: Request, visitor: Visitor) -> Shown:  # noqa: ARG002 - one shape for all
        await run_in_threadpool(self._index.refresh)
        named = request.path_params["seq"]
        seq = int(named) if named.isascii() and named.isdecimal() and len(named) <= 15 else 0  # noqa: PLR2004 - a line's number
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
