"""Runs: opened, listed, shown, planned, halted, resumed, finished."""

from __future__ import annotations

from collections.abc import Awaitable, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from aisecops.adapters.audit.reader import run_export
from aisecops.gateway.ports import Store
from aisecops.gateway.runs.runs import Runs
from aisecops.model.ids import AgentId, RunId
from aisecops.model.outcome import Refuse
from aisecops.model.refusals import Code
from aisecops.model.risk import to_micros
from aisecops.model.state import Run
from aisecops.ops.control import shapes
from aisecops.ops.control.answering import as_json, not_yours, problem, read_body, sees
from aisecops.ops.control.door import Call
from aisecops.ops.control.run_states import standings
from aisecops.ops.control.who import Asker, Role

AT_ONCE = 1000
"""Runs in one answer; `before` in it names where the next begins."""


class RunCalls:
    """The calls about runs."""

    def __init__(self, *, store: Store, runs: Runs, record_folder: Path, proxy_url: str) -> None:
        self._store = store
        self._runs = runs
        self._record_folder = record_folder
        self._proxy_url = proxy_url

    def calls(self) -> Sequence[Call]:
        """All of them."""
        return (
            Call("POST", "/v1/runs", "open_run", self.open_run),
            Call("GET", "/v1/runs", "list_runs", self.list_runs, query=("agent", "before")),
            Call("GET", "/v1/runs/{run_id}", "show_run", self.show_run),
            Call("POST", "/v1/runs/{run_id}/{act:str}", "run.", self.act_on_run),
        )

    async def open_run(self, request: Request, asker: Asker) -> Response:
        body = shapes.read(await read_body(request), shapes.OpenRunBody)
        agent_id = body.agent_id or asker.agent_id
        if agent_id is None:
            return problem(Refuse(code=Code.UNREADABLE, detail="`agent_id` says whose run it is"))
        if asker.role is Role.AGENT and agent_id != asker.agent_id:
            return problem(not_yours(f"`{asker.name}` can open runs for itself only"))
        parent = _parent_for(asker, body.parent)
        if isinstance(parent, Refuse):
            return problem(parent)
        opened = await self._runs.open(AgentId(agent_id), opened_by=asker.title, parent=parent)
        if isinstance(opened, Refuse):
            return problem(opened)
        run = opened.run
        shown: dict[str, Any] = {
            "run_id": run.run_id,
            "run_secret": opened.secret,
            "root_run_id": run.root_run_id,
            "agent_id": run.agent_id,
            "proxy_url": self._proxy_with(run.run_id, opened.secret),
        }
        if body.plan is not None:
            planned = await self._runs.plan(run.run_id, shapes.plan_steps(body.plan))
            if isinstance(planned, Refuse):
                return problem(planned)
            shown["plan"] = shapes.shown_plan(body.plan, planned)
        return as_json(shown, status=201)

    async def list_runs(self, request: Request, asker: Asker) -> Response:
        asked = request.query_params
        agent, before = asked.get("agent") or asker.agent_id, asked.get("before")
        if asker.agent_id not in {None, agent}:
            return problem(not_yours(f"`{asker.name}` can list runs of its own only"))
        runs = await self._store.list_runs(  # without a name: an operator's, which is all
            limit=AT_ONCE, agent_id=AgentId(agent) if agent else None, before=RunId(before) if before else None
        )
        seen = [run for run in runs if sees(asker, run.agent_id, run.run_id)]
        states = await standings(self._store, seen)
        shown = [shapes.shown_run(run, state=state) for run, state in zip(seen, states, strict=True)]
        return as_json({"runs": shown, "before": runs[-1].run_id if len(runs) == AT_ONCE else None})

    async def show_run(self, request: Request, asker: Asker) -> Response:
        run = await self._run(request, asker)
        if isinstance(run, Refuse):
            return problem(run)
        told = await run_in_threadpool(run_export, self._record_folder, run.run_id)
        if (snapshot := await self._store.snapshot(run.run_id)) is not None:
            told |= shapes.shown_sums(told, snapshot)
        return as_json({**told, **shapes.shown_run(run, state=await self._state(run))})

    async def act_on_run(self, request: Request, asker: Asker) -> Response:
        run = await self._run(request, asker)
        if isinstance(run, Refuse):
            return problem(run)
        act = request.path_params["act"]
        if act == "plan":
            return await self._plan(request, run)
        if act == "finish":
            ended = shapes.read(await read_body(request), shapes.FinishBody)
            return await self._changed(self._runs.finish(run.run_id, by=asker.title, exit_code=ended.exit_code))
        return await self._reviewed(act, request, asker, run)

    async def _reviewed(self, act: str, request: Request, asker: Asker, run: Run) -> Response:
        if act == "halt":
            why = shapes.read(await read_body(request), shapes.WhyBody).reason
            return await self._changed(self._runs.halt(run.run_id, by=asker.title, why=why))
        if act != "resume":
            return problem(Refuse(code=Code.UNREADABLE, detail=f"`{act}` is none of plan, halt, resume, finish"), 404)
        said = shapes.read(await read_body(request), shapes.ResumeBody)
        allowed = to_micros(Decimal(str(said.allowance)))
        return await self._changed(
            self._runs.resume(run.run_id, by=asker.title, why=said.reason, allowance_micros=allowed)
        )

    async def _plan(self, request: Request, run: Run) -> Response:
        body = shapes.read(await read_body(request), shapes.PlanBody)
        planned = await self._runs.plan(run.run_id, shapes.plan_steps(body))
        return problem(planned) if isinstance(planned, Refuse) else as_json(shapes.shown_plan(body, planned))

    async def _changed(self, change: Awaitable[Any]) -> Response:
        snapshot = await change
        if isinstance(snapshot, Refuse):
            return problem(snapshot)
        return as_json(shapes.shown_run(snapshot.run, state=await self._state(snapshot.run)))

    async def _run(self, request: Request, asker: Asker) -> Run | Refuse:
        run = await self._store.find_run(RunId(request.path_params["run_id"]))
        visible = run is not None and (asker.sees_all or (asker.role is Role.AGENT and run.agent_id == asker.agent_id))
        if run is None or not visible:
            what = f"there is no run `{request.path_params['run_id']}`"
            return Refuse(code=Code.RUN_UNKNOWN, detail=f"{what}; GET /v1/runs lists them")
        if asker.run_id is not None and asker.run_id != run.run_id:
            return not_yours("a run's credentials are for that run only")
        return run

    async def _state(self, run: Run) -> str:
        return (await standings(self._store, [run]))[0]

    def _proxy_with(self, run_id: str, secret: str) -> str:
        scheme, _, rest = self._proxy_url.partition("://")
        return f"{scheme}://{run_id}:{secret}@{rest}"


def _parent_for(asker: Asker, named: str | None) -> RunId | Refuse | None:
    """Below which run a new one hangs. A run's credentials never open a root: that would be a way out of budgets."""
    if asker.run_id is not None and named not in {None, asker.run_id}:
        return not_yours("a run's credentials open runs below that run only")
    return asker.run_id or (RunId(named) if named else None)
