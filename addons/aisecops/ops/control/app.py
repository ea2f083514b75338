"""The control plane's API: a thin door to the services (contract 8).

Every call proves who asks, is decided, and answers with JSON or an RFC 9457 problem. Silence denies:
a call that no branch allows is refused.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any

import orjson
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from aisecops.adapters.audit.reader import run_export
from aisecops.controls.tokens.jwks import public_key, to_jwks
from aisecops.gateway.approve import Approvals
from aisecops.gateway.inventory import Inventory
from aisecops.gateway.issue import TokenService
from aisecops.gateway.ports import KeySet, RuleSource, Store
from aisecops.gateway.runs import Runs
from aisecops.model.budget import RunPhase
from aisecops.model.errors import Fault, WireError
from aisecops.model.ids import AgentId, ApprovalId, RunId
from aisecops.model.outcome import Refuse
from aisecops.model.refusals import Code
from aisecops.model.state import ApprovalState, RevocationKind, Run
from aisecops.ops.control import shapes
from aisecops.ops.control.events import tail
from aisecops.ops.control.may import MAY, refused
from aisecops.ops.control.openapi import describe
from aisecops.ops.control.who import Asker, Doorkeeper, Role
from aisecops.wire.problem import problem_response

Handler = Callable[[Request, Asker], Awaitable[Response]]


class ControlPlane:
    """The services behind the API, and who may call which."""

    def __init__(
        self,
        *,
        store: Store,
        rules: RuleSource,
        keys: KeySet,
        runs: Runs,
        tokens: TokenService,
        approvals: Approvals,
        inventory: Inventory,
        door: Doorkeeper,
        record_folder: Path,
        proxy_url: str,
        lagging: Callable[[], Sequence[str]] = tuple,
    ) -> None:
        """`lagging` says of each gateway worker on this machine that is late how late it is."""
        self._store = store
        self._rules = rules
        self._keys = keys
        self._runs = runs
        self._tokens = tokens
        self._approvals = approvals
        self._inventory = inventory
        self._door = door
        self._record_folder = record_folder
        self._proxy_url = proxy_url
        self._lagging = lagging

    def app(self) -> Starlette:
        """The ASGI application."""
        return Starlette(
            routes=[
                Route("/healthz", self.healthz, methods=["GET"]),
                Route("/readyz", self.readyz, methods=["GET"]),
                Route("/.well-known/jwks.json", self.jwks, methods=["GET"]),
                Route("/openapi.json", self.openapi, methods=["GET"]),
                Route("/v1/runs", self._asked("open_run", self.open_run), methods=["POST"]),
                Route("/v1/runs", self._asked("list_runs", self.list_runs), methods=["GET"]),
                Route("/v1/runs/{run_id}", self._asked("show_run", self.show_run), methods=["GET"]),
                Route("/v1/runs/{run_id}/{act:str}", self._asked("run.", self.act_on_run), methods=["POST"]),
                Route("/v1/tokens", self._asked("issue_token", self.issue_token), methods=["POST"]),
                Route("/v1/tokens/{jti}/revoke", self._asked("revoke_token", self.revoke_token), methods=["POST"]),
                Route("/v1/revocations", self._asked("revoke_all", self.revoke_all), methods=["POST"]),
                Route("/v1/approvals", self._asked("list_approvals", self.list_approvals), methods=["GET"]),
                Route("/v1/approvals/{approval_id}", self._asked("show_approval", self.show_approval), methods=["GET"]),
                Route("/v1/approvals/{approval_id}", self._asked("answer", self.answer), methods=["POST"]),
                Route("/v1/integrations", self._asked("integrations", self.integrations), methods=["GET"]),
                Route("/v1/integrations/accept", self._asked("accept", self.accept), methods=["POST"]),
                Route("/v1/events", self._asked("events", self.events), methods=["GET"]),
                Route("/v1/policy", self._asked("policy", self.policy), methods=["GET"]),
            ]
        )

    def _asked(self, call: str, handler: Handler) -> Callable[[Request], Awaitable[Response]]:
        """`handler` behind the door; `call` is its name in `MAY`, `run.` for the acts on a run that the path names."""

        async def endpoint(request: Request) -> Response:
            try:
                asker = await self._asker(request)
                if isinstance(asker, Refuse):
                    return _unauthenticated(asker)
                named = f"{call}{request.path_params['act']}" if call == "run." else call
                no = None if call != named and named not in MAY else refused(named, asker.role)  # no such act: a 404
                return await handler(request, asker) if no is None else problem(no)
            except WireError as error:
                return problem(Refuse(code=error.code, detail=error.detail))
            except Fault as fault:
                return problem(Refuse(code=fault.code, detail=str(fault)))
            except Exception:  # noqa: BLE001 - the outermost guard of this door: a fault is a refusal, without its words
                return problem(Refuse(code=Code.INTERNAL, detail="the control plane failed and refused"))

        return endpoint

    async def _asker(self, request: Request) -> Asker | Refuse:
        shown = request.headers.getlist("authorization")
        if len(shown) > 1:
            return Refuse(code=Code.IDENTITY_REQUIRED, detail="credentials were sent twice")
        path, query = request.scope["raw_path"].decode("latin-1"), request.scope["query_string"].decode("latin-1")
        target = f"{path}?{query}" if query else path
        return await self._door.who(shown[0] if shown else None, method=request.method, target=target)

    # -- open to everybody ------------------------------------------------------------------------

    async def healthz(self, _: Request) -> Response:
        return _json({"status": "ok"})

    async def readyz(self, _: Request) -> Response:
        try:
            await self._store.ping()
            self._keys.verify_keys()
            version = self._rules.current().policy_version
        except Fault as fault:
            return problem(Refuse(code=fault.code, detail=str(fault)))
        if late := await run_in_threadpool(self._lagging):
            return problem(Refuse(code=Code.INTERNAL, detail="; ".join(late)))
        return _json({"status": "ready", "policy_version": version})

    async def jwks(self, _: Request) -> Response:
        return _json(
            to_jwks(public_key(x) for x in self._keys.verify_keys().values()), headers={"cache-control": "max-age=60"}
        )

    async def openapi(self, _: Request) -> Response:
        return _json(describe())

    # -- runs -------------------------------------------------------------------------------------

    async def open_run(self, request: Request, asker: Asker) -> Response:
        body = shapes.read(await _body(request), shapes.OpenRunBody)
        agent_id = body.agent_id or asker.agent_id
        if agent_id is None:
            return problem(Refuse(code=Code.UNREADABLE, detail="`agent_id` says whose run it is"))
        if asker.role is Role.AGENT and agent_id != asker.agent_id:
            return problem(_not_yours(f"`{asker.name}` can open runs for itself only"))
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
        return _json(shown, status=201)

    async def list_runs(self, request: Request, asker: Asker) -> Response:  # noqa: ARG002 - one shape for all
        runs = await self._store.list_runs(agent_id=asker.agent_id)  # None: an operator's, which is all
        seen = [run for run in runs if _sees(asker, run.agent_id, run.run_id)]
        return _json({"runs": [shapes.shown_run(run, state=await self._state(run)) for run in seen]})

    async def show_run(self, request: Request, asker: Asker) -> Response:
        run = await self._run(request, asker)
        if isinstance(run, Refuse):
            return problem(run)
        told = await run_in_threadpool(run_export, self._record_folder, run.run_id)
        return _json({**told, **shapes.shown_run(run, state=await self._state(run))})

    async def act_on_run(self, request: Request, asker: Asker) -> Response:
        run = await self._run(request, asker)
        if isinstance(run, Refuse):
            return problem(run)
        act = request.path_params["act"]
        if act == "plan":
            return await self._plan(request, run)
        if act == "finish":
            ended = shapes.read(await _body(request), shapes.FinishBody)
            return await self._changed(self._runs.finish(run.run_id, by=asker.title, exit_code=ended.exit_code))
        return await self._reviewed(act, request, asker, run)

    async def _reviewed(self, act: str, request: Request, asker: Asker, run: Run) -> Response:
        why = shapes.read(await _body(request), shapes.WhyBody).reason
        if act == "halt":
            return await self._changed(self._runs.halt(run.run_id, by=asker.title, why=why))
        if act != "resume":
            return problem(Refuse(code=Code.UNREADABLE, detail=f"`{act}` is none of plan, halt, resume, finish"), 404)
        return await self._changed(self._runs.resume(run.run_id, by=asker.title, why=why))

    async def _plan(self, request: Request, run: Run) -> Response:
        body = shapes.read(await _body(request), shapes.PlanBody)
        planned = await self._runs.plan(run.run_id, shapes.plan_steps(body))
        return problem(planned) if isinstance(planned, Refuse) else _json(shapes.shown_plan(body, planned))

    async def _changed(self, change: Awaitable[Any]) -> Response:
        snapshot = await change
        if isinstance(snapshot, Refuse):
            return problem(snapshot)
        return _json(shapes.shown_run(snapshot.run, state=await self._state(snapshot.run)))

    async def _run(self, request: Request, asker: Asker) -> Run | Refuse:
        run = await self._store.find_run(RunId(request.path_params["run_id"]))
        visible = run is not None and (asker.sees_all or (asker.role is Role.AGENT and run.agent_id == asker.agent_id))
        if run is None or not visible:
            return Refuse(code=Code.RUN_UNKNOWN, detail=f"there is no run `{request.path_params['run_id']}`")
        if asker.run_id is not None and asker.run_id != run.run_id:
            return _not_yours("a run's credentials are for that run only")
        return run

    async def _state(self, run: Run) -> str:
        snapshot = await self._store.snapshot(run.run_id)
        if snapshot is None:
            return RunPhase.FINISHED.value
        if snapshot.tree.halted_ms is not None:
            return RunPhase.HALTED.value
        phase = snapshot.tree.runs[run.run_id].phase
        if phase is not RunPhase.ACTIVE:
            return phase.value
        pending = [a for a in await self._store.list_approvals() if a.state is ApprovalState.PENDING]
        return RunPhase.HELD.value if any(a.run_id == run.run_id for a in pending) else phase.value

    def _proxy_with(self, run_id: str, secret: str) -> str:
        scheme, _, rest = self._proxy_url.partition("://")
        return f"{scheme}://{run_id}:{secret}@{rest}"

    # -- tokens -----------------------------------------------------------------------------------

    async def issue_token(self, request: Request, asker: Asker) -> Response:
        body = shapes.read(await _body(request), shapes.TokenBody)
        asked = shapes.token_request(body)
        agent_id = await self._on_whose_behalf(asker, body)
        if isinstance(agent_id, Refuse):
            return problem(agent_id)
        if asker.run_id is not None and asker.run_id != asked.run_id:
            return problem(_not_yours("a run's credentials get tokens for that run only"))
        issued = await self._tokens.issue(agent_id, asked)
        return problem(issued) if isinstance(issued, Refuse) else _json(shapes.shown_token(issued), status=201)

    async def _on_whose_behalf(self, asker: Asker, body: shapes.TokenBody) -> AgentId | Refuse:
        if asker.role is Role.AGENT and asker.agent_id is not None:
            if body.agent_id not in {None, asker.agent_id}:
                return _not_yours(f"`{asker.name}` gets tokens for itself only")
            return asker.agent_id
        # An operator or a gateway asks in an agent's name: the rules judge the agent, not who asks.
        run = await self._store.find_run(RunId(body.run_id))
        if run is None or (body.agent_id is not None and body.agent_id != run.agent_id):
            return Refuse(code=Code.RUN_UNKNOWN, detail=f"there is no such run `{body.run_id}`")
        return run.agent_id

    async def revoke_token(self, request: Request, asker: Asker) -> Response:
        why = shapes.read(await _body(request), shapes.WhyBody).reason
        jti = request.path_params["jti"]
        await self._tokens.revoke(RevocationKind.TOKEN, jti, by=asker.title, why=why)
        return _json({"jti": jti, "revoked": True})

    async def revoke_all(self, request: Request, asker: Asker) -> Response:
        """Every token of a run, an agent or a key."""
        body = shapes.read(await _body(request), shapes.RevocationBody)
        named = {kind: name for kind, name in shapes.revocations(body).items() if name}
        if len(named) != 1:
            return problem(Refuse(code=Code.UNREADABLE, detail="name one of `run_id`, `agent_id` and `kid`"))
        [(kind, name)] = named.items()
        await self._tokens.revoke(kind, name, by=asker.title, why=body.reason)
        return _json({kind.value: name, "revoked": True})

    # -- approvals --------------------------------------------------------------------------------

    async def list_approvals(self, request: Request, asker: Asker) -> Response:
        wanted = request.query_params.get("state")
        found = [await self._approvals.standing(a.approval_id) or a for a in await self._store.list_approvals()]
        visible = [a for a in found if _sees(asker, a.agent_id, a.run_id)]
        shown = [shapes.shown_approval(a) for a in visible if wanted in {None, a.state.value}]
        return _json({"approvals": shown})

    async def show_approval(self, request: Request, asker: Asker) -> Response:
        found = await self._approvals.standing(ApprovalId(request.path_params["approval_id"]))
        if found is None or not _sees(asker, found.agent_id, found.run_id):
            return problem(Refuse(code=Code.POLICY_DENIED, detail="there is no such approval"), 404)
        return _json(shapes.shown_approval(found))

    async def answer(self, request: Request, asker: Asker) -> Response:
        body = shapes.read(await _body(request), shapes.AnswerBody)
        answered = await self._approvals.answer(
            ApprovalId(request.path_params["approval_id"]),
            approve=body.decision == "approve",
            by=asker.title,
            why=body.reason,
        )
        return problem(answered) if isinstance(answered, Refuse) else _json(shapes.shown_approval(answered))

    # -- integrations -----------------------------------------------------------------------------

    async def integrations(self, request: Request, asker: Asker) -> Response:  # noqa: ARG002 - one shape for all
        return _json(shapes.shown_inventory(await self._inventory.all()))

    async def accept(self, request: Request, asker: Asker) -> Response:
        body = shapes.read(await _body(request), shapes.AcceptBody)
        accepted = await self._inventory.accept(body.name, digest=body.digest, by=asker.title, why=body.reason)
        return problem(accepted, 404) if isinstance(accepted, Refuse) else _json(shapes.shown_integration(accepted))

    # -- what happened, what is in force ----------------------------------------------------------

    async def events(self, request: Request, asker: Asker) -> Response:  # noqa: ARG002 - one shape for all
        after = request.headers.get("last-event-id") or request.query_params.get("after")
        seq = int(after) if after and after.isdecimal() else None
        return StreamingResponse(tail(self._record_folder, after_seq=seq), media_type="text/event-stream")

    async def policy(self, request: Request, asker: Asker) -> Response:  # noqa: ARG002 - one shape for all
        rules = self._rules.current()
        shown: dict[str, Any] = {"policy_version": rules.policy_version}
        if asker.sees_all:
            shown |= {"agents": sorted(rules.agents), "tools": sorted(rules.tools), "models": sorted(rules.models)}
        return _json(shown)


async def _body(request: Request) -> bytes:
    """The whole body, bounded while it is read."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > shapes.MAX_BODY_BYTES:
            raise WireError(f"the body is over {shapes.MAX_BODY_BYTES} bytes", Code.TOO_LARGE)
    return bytes(body)


def problem(refuse: Refuse, status: int | None = None) -> Response:
    """A refusal as an RFC 9457 problem."""
    made = problem_response(refuse)
    return Response(made.body, status_code=status or made.status, headers=dict(made.headers))


def _unauthenticated(refuse: Refuse) -> Response:
    # 407 is a proxy's word; here nobody is proxied.
    response = problem(refuse, 401)
    response.headers["www-authenticate"] = 'Basic realm="aisecops", Bearer'
    return response


def _json(data: Any, *, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    return Response(orjson.dumps(data), status_code=status, media_type="application/json", headers=headers)


def _sees(asker: Asker, agent_id: AgentId, run_id: RunId) -> bool:
    """People see everything, agents what is theirs, and a run's credentials that run alone."""
    if asker.sees_all:
        return True
    return asker.role is Role.AGENT and asker.agent_id == agent_id and asker.run_id in {None, run_id}


def _parent_for(asker: Asker, named: str | None) -> RunId | Refuse | None:
    """Below which run a new one hangs. A run's credentials never open a root: that would be a way out of budgets."""
    if asker.run_id is not None and named not in {None, asker.run_id}:
        return _not_yours("a run's credentials open runs below that run only")
    return asker.run_id or (RunId(named) if named else None)


def _not_yours(detail: str) -> Refuse:
    return Refuse(code=Code.POLICY_DENIED, detail=detail)
