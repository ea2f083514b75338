"""The list of runs, one run's story, and the brake."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any
from urllib.parse import urlencode

import msgspec
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse

from aisecops.gateway.ports import Clock, RuleSource, Store
from aisecops.gateway.runs import Runs
from aisecops.model.budget import RunPhase
from aisecops.model.ids import AgentId, RunId
from aisecops.model.outcome import Refuse
from aisecops.model.refusals import Code
from aisecops.model.state import Run
from aisecops.ops.dashboard.charts import risk_curve
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
MAX_REASON = 2000


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
        runs = await self._store.list_runs(limit=NEWEST, agent_id=AgentId(agent) if agent else None)
        rows = await listed(self._store, self._rules.current(), runs, now_ms=self._clock.now_ms())
        counts = {phase.value: sum(row["state"] == phase.value for row in rows) for phase in RunPhase}
        found = [row for row in rows if state in {"", row["state"]}]
        first = _first(request.query_params.get("from"))
        facts = {
            "state": state,
            "agent": agent,
            "counts": counts,
            "runs": found[first : first + AT_ONCE],
            "from": first,
            "found": len(found),
            "newest": NEWEST,
        }
        drawn = {
            "states": [phase.value for phase in RunPhase],
            "agents": sorted(self._rules.current().agents),
            "before": _link(agent, state, first - AT_ONCE) if first else "",
            "after": _link(agent, state, first + AT_ONCE) if first + AT_ONCE < len(found) else "",
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
        }
        drawn = {"curve": risk_curve(decisions[-MOST_POINTS:]), "most": MOST_EVENTS, "flow": placed(graph)}
        return Page("run.html", f"{run.agent_id} {run.run_id}", facts, drawn)

    async def halt(self, request: Request, visitor: Visitor) -> Shown:
        why = await _reason(request)
        return _back(request, await self._runs.halt(_run_id(request), by=visitor.asker.title, why=why))

    async def resume(self, request: Request, visitor: Visitor) -> Shown:
        why = await _reason(request)
        return _back(request, await self._runs.resume(_run_id(request), by=visitor.asker.title, why=why))

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
    return {name: event.get(name) for name in names}


def _told(graph: Flow) -> dict[str, Any]:
    return {
        "nodes": [asdict(node) for node in graph.nodes.values()],
        "edges": [asdict(edge) for edge in graph.edges.values()],
        "paths": graph.paths,
    }


def _first(asked: str | None) -> int:
    return min(int(asked), NEWEST) if asked and asked.isascii() and asked.isdecimal() else 0


def _link(agent: str, state: str, first: int = 0) -> str:
    asked = {"agent": agent, "state": state, "from": str(max(0, first)) if first > 0 else ""}
    query = urlencode({name: value for name, value in asked.items() if value})
    return f"/runs?{query}" if query else "/runs"


async def _reason(request: Request) -> str:
    return (await form_of(request)).get("reason", "")[:MAX_REASON]


def _run_id(request: Request) -> RunId:
    return RunId(request.path_params["run_id"])


def _back(request: Request, done: object) -> Shown:
    return done if isinstance(done, Refuse) else RedirectResponse(f"/runs/{_run_id(request)}", status_code=303)


def _unknown(request: Request) -> Refuse:
    return Refuse(code=Code.RUN_UNKNOWN, detail=f"there is no run `{request.path_params['run_id']}`")
