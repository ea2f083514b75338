"""Held steps: listed, shown, answered."""

from __future__ import annotations

from collections.abc import Sequence

from starlette.requests import Request
from starlette.responses import Response

from aisecops.gateway.people.approve import Approvals
from aisecops.gateway.ports import Store
from aisecops.model.ids import ApprovalId
from aisecops.model.outcome import Refuse
from aisecops.model.refusals import Code
from aisecops.model.state import ApprovalState
from aisecops.ops.control import shapes
from aisecops.ops.control.answering import as_json, problem, read_body, sees
from aisecops.ops.control.door import Call
from aisecops.ops.control.who import Asker


class ApprovalCalls:
    """The calls about held steps."""

    def __init__(self, *, store: Store, approvals: Approvals) -> None:
        self._store = store
        self._approvals = approvals

    def calls(self) -> Sequence[Call]:
        """All of them."""
        return (
            Call("GET", "/v1/approvals", "list_approvals", self.list_approvals, query=("state",)),
            Call("GET", "/v1/approvals/{approval_id}", "show_approval", self.show_approval),
            Call("POST", "/v1/approvals/{approval_id}", "answer", self.answer),
        )

    async def list_approvals(self, request: Request, asker: Asker) -> Response:
        wanted = request.query_params.get("state")
        if wanted is not None and wanted not in set(ApprovalState):
            states = ", ".join(f"`{state.value}`" for state in ApprovalState)
            return problem(Refuse(code=Code.UNREADABLE, detail=f"`state` is one of {states}"))
        found = [await self._approvals.standing(a.approval_id) or a for a in await self._store.list_approvals()]
        visible = [a for a in found if sees(asker, a.agent_id, a.run_id)]
        shown = [shapes.shown_approval(a) for a in visible if wanted in {None, a.state.value}]
        return as_json({"approvals": shown})

    async def show_approval(self, request: Request, asker: Asker) -> Response:
        found = await self._approvals.standing(ApprovalId(request.path_params["approval_id"]))
        if found is None or not sees(asker, found.agent_id, found.run_id):
            no = Refuse(code=Code.POLICY_DENIED, detail="there is no such approval; GET /v1/approvals lists them")
            return problem(no, 404)
        runs = await self._approvals.asked_by(found.run_id)
        return as_json(shapes.shown_question(found, runs, await self._approvals.similar(found)))

    async def answer(self, request: Request, asker: Asker) -> Response:
        body = shapes.read(await read_body(request), shapes.AnswerBody)
        answered = await self._approvals.answer(
            ApprovalId(request.path_params["approval_id"]),
            approve=body.decision == "approve",
            by=asker.title,
            why=body.reason,
        )
        return problem(answered) if isinstance(answered, Refuse) else as_json(shapes.shown_approval(answered))
