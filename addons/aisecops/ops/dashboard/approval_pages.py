"""Held steps: what waits, on what evidence, and a person's answer."""

from __future__ import annotations

from collections.abc import Sequence

from starlette.requests import Request
from starlette.responses import RedirectResponse

from aisecops.gateway.people.approve import Approvals
from aisecops.gateway.ports import Store
from aisecops.model.ids import ApprovalId
from aisecops.model.outcome import Refuse
from aisecops.model.refusals import Code
from aisecops.model.state import ApprovalState
from aisecops.ops.control import shapes
from aisecops.ops.dashboard.asked import reason_of
from aisecops.ops.dashboard.gate import form_of
from aisecops.ops.dashboard.page import Page, PageAt, Shown, Visitor

ANSWERED_SHOWN = 50


class ApprovalPages:
    """The pages under `/approvals`."""

    def __init__(self, store: Store, approvals: Approvals) -> None:
        self._store = store
        self._approvals = approvals

    def pages(self) -> Sequence[PageAt]:
        """All of them."""
        return (
            PageAt("/approvals", "list_approvals", self.all),
            PageAt("/approvals/{approval_id}", "show_approval", self.one),
            PageAt("/approvals/{approval_id}", "answer", self.answer, form=True),
        )

    async def all(self, request: Request, visitor: Visitor) -> Shown:  # noqa: ARG002 - one shape for all
        kept = await self._store.list_approvals(pending=True)
        standing = [await self._approvals.standing(one.approval_id) or one for one in kept]
        waiting = [one for one in standing if one.state is ApprovalState.PENDING]
        newest = await self._store.list_approvals(limit=ANSWERED_SHOWN + len(waiting))
        answered = [one for one in newest if one.state is not ApprovalState.PENDING][:ANSWERED_SHOWN]
        facts = {
            "pending": [shapes.shown_approval(one) for one in reversed(waiting)],  # whoever waits longest comes first
            "answered": [shapes.shown_approval(one) for one in answered],
        }
        return Page("approvals.html", "Approvals", facts)

    async def one(self, request: Request, visitor: Visitor) -> Shown:
        found = await self._approvals.standing(_approval_id(request))
        if found is None:
            return Refuse(code=Code.POLICY_DENIED, detail="there is no such approval")
        runs = await self._approvals.asked_by(found.run_id)
        facts = shapes.shown_question(found, runs, await self._approvals.similar(found))
        own = visitor.asker.title in {run.opened_by for run in runs}
        may = found.state is ApprovalState.PENDING and visitor.may("answer") and bool(visitor.csrf)
        return Page("approval.html", f"{found.tool} for {found.agent_id}", facts, {"may": may and not own, "own": own})

    async def answer(self, request: Request, visitor: Visitor) -> Shown:
        form = await form_of(request)
        decision = form.get("decision", "")
        if decision not in {"approve", "deny"}:
            return Refuse(code=Code.UNREADABLE, detail="`decision` is `approve` or `deny`")
        why = await reason_of(request)
        if not why:
            return Refuse(code=Code.UNREADABLE, detail="an answer needs its reason; it goes into the record")
        answered = await self._approvals.answer(
            _approval_id(request), approve=decision == "approve", by=visitor.asker.title, why=why
        )
        if isinstance(answered, Refuse):
            return answered
        return RedirectResponse(f"/approvals/{answered.approval_id}", status_code=303)


def _approval_id(request: Request) -> ApprovalId:
    return ApprovalId(request.path_params["approval_id"])
