"""Capability tokens: issued after a decision, revoked one by one or by run, agent and key (contract 5)."""

from __future__ import annotations

from collections.abc import Sequence

from starlette.requests import Request
from starlette.responses import Response

from aisecops.gateway.ports import Store
from aisecops.gateway.runs.issue import TokenService
from aisecops.model.ids import AgentId, RunId
from aisecops.model.outcome import Refuse
from aisecops.model.refusals import Code
from aisecops.model.state import RevocationKind
from aisecops.ops.control import shapes
from aisecops.ops.control.answering import as_json, not_yours, problem, read_body
from aisecops.ops.control.door import Call
from aisecops.ops.control.who import Asker, Role


class TokenCalls:
    """The calls about tokens."""

    def __init__(self, *, store: Store, tokens: TokenService) -> None:
        self._store = store
        self._tokens = tokens

    def calls(self) -> Sequence[Call]:
        """All of them."""
        return (
            Call("POST", "/v1/tokens", "issue_token", self.issue_token),
            Call("POST", "/v1/tokens/{jti}/revoke", "revoke_token", self.revoke_token),
            Call("POST", "/v1/revocations", "revoke_all", self.revoke_all),
        )

    async def issue_token(self, request: Request, asker: Asker) -> Response:
        body = shapes.read(await read_body(request), shapes.TokenBody)
        asked = shapes.token_request(body)
        agent_id = await self._on_whose_behalf(asker, body)
        if isinstance(agent_id, Refuse):
            return problem(agent_id)
        if asker.run_id is not None and asker.run_id != asked.run_id:
            return problem(not_yours("a run's credentials get tokens for that run only"))
        issued = await self._tokens.issue(agent_id, asked)
        return problem(issued) if isinstance(issued, Refuse) else as_json(shapes.shown_token(issued), status=201)

    async def _on_whose_behalf(self, asker: Asker, body: shapes.TokenBody) -> AgentId | Refuse:
        if asker.role is Role.AGENT and asker.agent_id is not None:
            if body.agent_id not in {None, asker.agent_id}:
                return not_yours(f"`{asker.name}` gets tokens for itself only")
            return asker.agent_id
        # An operator or a gateway asks in an agent's name: the rules judge the agent, not who asks.
        run = await self._store.find_run(RunId(body.run_id))
        if run is None or (body.agent_id is not None and body.agent_id != run.agent_id):
            return Refuse(code=Code.RUN_UNKNOWN, detail=f"there is no such run `{body.run_id}`")
        return run.agent_id

    async def revoke_token(self, request: Request, asker: Asker) -> Response:
        why = shapes.read(await read_body(request), shapes.WhyBody).reason
        jti = request.path_params["jti"]
        no = await self._tokens.revoke(RevocationKind.TOKEN, jti, by=asker.title, why=why)
        return as_json({"jti": jti, "revoked": True}) if no is None else problem(no)

    async def revoke_all(self, request: Request, asker: Asker) -> Response:
        """Every token of a run, an agent or a key."""
        body = shapes.read(await read_body(request), shapes.RevocationBody)
        named = {kind: name for kind, name in shapes.revocations(body).items() if name}
        if len(named) != 1:
            return problem(Refuse(code=Code.UNREADABLE, detail="name one of `run_id`, `agent_id` and `kid`"))
        [(kind, name)] = named.items()
        no = await self._tokens.revoke(kind, name, by=asker.title, why=body.reason)
        return as_json({kind.value: name, "revoked": True}) if no is None else problem(no)
