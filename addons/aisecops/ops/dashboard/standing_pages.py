"""What is let in and how well it holds: the inventory, the last evaluations, and the maturity level."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse

from aisecops.gateway.pinned.inventory import Inventory
from aisecops.model.outcome import Refuse
from aisecops.model.refusals import Code
from aisecops.ops.control import shapes
from aisecops.ops.dashboard.asked import reason_of
from aisecops.ops.dashboard.gate import form_of
from aisecops.ops.dashboard.page import Page, PageAt, Shown, Visitor
from aisecops.ops.figures.index import RecordIndex
from aisecops.ops.figures.tested import suites_of

EVALUATIONS_SHOWN = 20
PATIENCE_S = 0.2
"""So long a page waits for an assessment."""
BEHIND = {
    "prompts": "/policy",
    "people": "/approvals",
    "injection": "/evaluation",
    "allowlist": "/records?figure=denials",
    "logs": "/records?figure=tool_distribution",
    "regression": "/evaluation",
    "step-risk": "/runs",
    "gateway": "/records?figure=policy_enforced",
    "context-firewall": "/policy",
    "telemetry": "/records?figure=runs_traced",
    "chain-risk": "/records?figure=escalation_detection",
    "evaluation": "/evaluation",
    "documented": "/records",
    "inventory": "/inventory",
    "dynamic-risk": "/runs",
    "refinement": "/policy",
    "continuous": "/evaluation",
    "declaration": "/records",
    "review": "/records",
}
"""The page that has what a criterion of maturity is shown by."""
_ORDER = ("changed", "overdue", "undeclared", "unused", "active")

Assessed = Callable[[], Awaitable[dict[str, Any]]]
"""The maturity level with its evidence, as `GET /v1/maturity` gives it."""


class StandingPages:
    """The pages `/inventory`, `/evaluation` and `/maturity`."""

    def __init__(self, inventory: Inventory, index: RecordIndex, assessed: Assessed | None) -> None:
        self._inventory = inventory
        self._index = index
        self._assessed = assessed
        self._assessing: asyncio.Future[dict[str, Any]] | None = None
        self._last: dict[str, Any] = {}

    def pages(self) -> Sequence[PageAt]:
        """All of them."""
        return (
            PageAt("/inventory", "integrations", self.inventory),
            PageAt("/inventory/accept", "accept", self.accept, form=True),
            PageAt("/evaluation", "events", self.evaluation),
            PageAt("/maturity", "maturity", self.maturity),
        )

    async def inventory(self, request: Request, visitor: Visitor) -> Shown:  # noqa: ARG002 - one shape for all
        state = request.query_params.get("state", "")
        facts = shapes.shown_inventory(await self._inventory.all())
        shown = [one for one in facts["integrations"] if state in {"", one["state"]}]
        shown.sort(key=lambda one: (_ORDER.index(one["state"]) if one["state"] in _ORDER else 0, one["name"]))
        return Page("inventory.html", "Inventory", {**facts, "state": state, "integrations": shown})

    async def accept(self, request: Request, visitor: Visitor) -> Shown:
        """Somebody has looked at what changed and says yes: to exactly the descriptions that the page showed them."""
        form, why = await form_of(request), await reason_of(request)
        if not why:
            return Refuse(code=Code.UNREADABLE, detail="an acceptance needs its reason; it goes into the record")
        name, digest, seen = form.get("name", ""), form.get("digest", ""), form.get("seen", "").split()
        done = await self._inventory.accept(name, digest=digest, seen=seen, by=visitor.asker.title, why=why)
        return done if isinstance(done, Refuse) else RedirectResponse("/inventory", status_code=303)

    async def evaluation(self, request: Request, visitor: Visitor) -> Shown:  # noqa: ARG002 - one shape for all
        await run_in_threadpool(self._index.refresh)
        found = await run_in_threadpool(self._index.recent, "injection_tests", most=EVALUATIONS_SHOWN)
        evaluations = [
            {
                "seq": event["seq"],
                "at": event["at"],
                "ok": event.get("ok"),
                "policy_version": event.get("policy_version"),
                "suites": suites_of(event),
            }
            for event in found
        ]
        return Page("evaluation.html", "Evaluation", {"evaluations": evaluations})

    async def maturity(self, request: Request, visitor: Visitor) -> Shown:  # noqa: ARG002 - one shape for all
        facts = await self._latest()
        levels = sorted({one["level"] for one in facts.get("criteria", ())})
        drawn = {"levels": levels, "behind": BEHIND, "reading": self._assessing is not None}
        return Page("maturity.html", "Maturity", facts, drawn)

    async def _latest(self) -> dict[str, Any]:
        """The assessment of now, or the last one while a new one takes long: it may read the whole record first.

        Nothing before the first one is there. Raises the `Fault` of an assessment that failed.
        """
        if self._assessed is None:
            return {}
        assessing = self._assessing or asyncio.ensure_future(self._assessed())
        self._assessing = assessing
        done, _ = await asyncio.wait({assessing}, timeout=PATIENCE_S)
        if done:
            if self._assessing is assessing:
                self._assessing = None
            self._last = assessing.result()
        return self._last
