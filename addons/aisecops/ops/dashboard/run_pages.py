"""The list of runs, one run's story, and the brake."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from decimal import Decimal, InvalidOperation
from typing import Any
from urllib.parse import urlencode

import msgspec
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse

from aisecops.gateway.ports import Clock, RuleSource, Store
from aisecops.gateway.runs.runs import Runs
from aisecops.model.budget import RunPhase
from aisecops.model.ids import AgentId, RunId
from aisecops.model.outcome import Refuse
from aisecops.model.refusals import Code
from aisecops.model.risk import from_micros, to_micros
from aisecops.model.state import Run
from aisecops.ops.dashboard.asked import reason_of, whole_number
from aisecops.ops.dashboard.charts import terms
from aisecops.ops.dashboard.flow import Flow, flow
from aisecops.ops.dashboard.flow_places import placed
from aisecops.ops.dashboard.gate import form_of
from aisecops.ops.dashboard.page import Page, PageAt, Shown, Visitor
from aisecops.ops.dashboard.run_facts import listed
from aisecops.ops.figures.index import RecordIndex
from aisecops.ops.story import story_lines

NEWEST = 1000
AT_ONCE = 50
MOST_EVENTS = 5000
MOST_POINTS = 400
MOST_ALLOWANCE = 1000
"""As the API has it."""


class RunPages:
    """The pages under `/runs`."""

    def __init__(self, store: Store, rules: RuleSource, runs: Runs, clock: Clock, index: RecordIndex) -> None:
        self._store = store
        self._rules = rules
        self._runs = runs
        self._clock = clock
        self._index = index

    def pages(self) -> Sequence[PageAt]:
        """All of them."""
        return (
            PageAt("/runs", "list_runs", self.all),
            PageAt("/runs/{run_id}", "show_run", self.one),
            PageAt("/runs/{run_id}/halt", "run.halt", self.halt, form=True),
            PageAt("/runs/{run_id}/resume", "run.resume", self.resume, form=True),
        )

    async def all(self, request: Request, visitor: Visitor) -> Shown:  # noqa: ARG002 - one shape for all
        agent, state = request.query_params.get("agent", ""), request.query_params.get("state", "")
        before = request.query_params.get("before", "")
        runs = await self._store.list_runs(
            limit=NEWEST, agent_id=AgentId(agent) if agent else None, before=RunId(before) if before else None
        )
        rows = await listed(self._store, self._rules.current(), runs, now_ms=self._clock.now_ms())
        counts = {phase.value: sum(row["state"] == phase.value for row in rows) for phase in RunPhase}
        found = [row for row in rows if state in {"", row["state"]}]
        first = whole_number(request, "from")
        last = runs[-1].run_id if len(runs) == NEWEST else ""
        facts = {
            "state": state,
            "agent": agent,
            "counts": counts,
            "runs": found[first : first + AT_ONCE],
            "from": first,
            "found": len(found),
            "before": before,
            "looked_at": len(runs),
            "older_than_these": last,
        }
        drawn = {
            "states": [phase.value for phase in RunPhase],
            "agents": sorted(self._rules.current().agents),
            "newest": _link(agent, state) if before or first else "",
            "newer": _link(agent, state, before, first - AT_ONCE) if first else "",
            "older": _link(agent, state, before, first + AT_ONCE)
            if first + AT_ONCE < len(found)
            else _link(agent, state, last)
            if last
            else "",
            "link": _link,
        }
        return Page("runs.html", "Runs", facts, drawn)

    async def one(self, request: Request, visitor: Visitor) -> Shown:  # noqa: ARG002 - one shape for all
        run = await self._store.find_run(RunId(request.path_params["run_id"]))
        if run is None:
            return _unknown(request)
        await run_in_threadpool(self._index.refresh)
        events = await run_in_threadpool(self._events, run)
        [row] = await listed(self._store, self._rules.current(), [run], now_ms=self._clock.now_ms())
        decisions = [event for event in events if event["event"] == "decision"]
        facts = {
            "run": row,
            "below": await self._below(run),
            "events": len(events),
            "events_of_tree": self._index.length(run.root_run_id),
            "story": [msgspec.to_builtins(line) for line in story_lines(events)],
            "risk": [_step(event) for event in decisions],
            "flow": _told(graph := flow(events)),
            "resume_allowance": from_micros(self._rules.current().risk.resume_allowance_micros),
        }
        drawn = {"steps_shown": MOST_POINTS, "most": MOST_EVENTS, "flow": placed(graph)}
        return Page("run.html", f"{run.agent_id} {run.run_id}", facts, drawn)

    async def halt(self, request: Request, visitor: Visitor) -> Shown:
        why = await reason_of(request)
        return _back(request, await self._runs.halt(_run_id(request), by=visitor.asker.title, why=why))

    async def resume(self, request: Request, visitor: Visitor) -> Shown:
        why, allowance = await reason_of(request), _micros_in((await form_of(request)).get("allowance", ""))
        if isinstance(allowance, Refuse):
            return allowance
        return _back(
            request,
            await self._runs.resume(_run_id(request), by=visitor.asker.title, why=why, allowance_micros=allowance),
        )

    def _events(self, run: Run) -> list[dict[str, Any]]:
        """The events of the run; of a root run, with all that belongs to it."""
        found = self._index.tree(run.root_run_id, most=MOST_EVENTS)
        return found if run.run_id == run.root_run_id else [one for one in found if one["run_id"] == run.run_id]

    async def _below(self, run: Run) -> list[dict[str, Any]]:
        snapshot = await self._store.snapshot(run.run_id)
        members = snapshot.tree.runs.values() if snapshot is not None else ()
        return [{"run_id": one.run_id, "agent_id": one.agent_id} for one in members if one.parent == run.run_id]


def _step(event: dict[str, Any]) -> dict[str, Any]:
    names = (
        "decision_id",
        "seq",
        "tool",
        "scope",
        "enforced",
        "risk",
        "before",
        "total",
        "approve_above",
        "halt_above",
    )
    return {**{name: event.get(name) for name in names}, "words": terms(event)}


def _told(graph: Flow) -> dict[str, Any]:
    return {
        "nodes": [asdict(node) for node in graph.nodes.values()],
        "edges": [asdict(edge) for edge in graph.edges.values()],
        "paths": graph.paths,
    }


def _link(agent: str, state: str, before: str = "", first: int = 0) -> str:
    asked = {"agent": agent, "state": state, "before": before, "from": str(first) if first > 0 else ""}
    query = urlencode({name: value for name, value in asked.items() if value})
    return f"/runs?{query}" if query else "/runs"


def _micros_in(text: str) -> int | Refuse:
    """How much more risk somebody typed, in millionths; nothing typed is none."""
    try:
        asked = Decimal(text.strip() or "0")
    except InvalidOperation:
        asked = Decimal("NaN")
    if not asked.is_finite() or not 0 <= asked <= MOST_ALLOWANCE:
        return Refuse(code=Code.UNREADABLE, detail=f"an allowance is a number from 0 to {MOST_ALLOWANCE}, like `0.5`")
    return to_micros(asked)


def _run_id(request: Request) -> RunId:
    return RunId(request.path_params["run_id"])


def _back(request: Request, done: object) -> Shown:
    return done if isinstance(done, Refuse) else RedirectResponse(f"/runs/{_run_id(request)}", status_code=303)


def _unknown(request: Request) -> Refuse:
    return Refuse(code=Code.RUN_UNKNOWN, detail=f"there is no run `{request.path_params['run_id']}`")
