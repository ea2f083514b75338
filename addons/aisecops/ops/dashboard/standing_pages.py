"""What is let in and how well it holds: the inventory, the last evaluations, and the maturity level."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request

from aisecops.gateway.inventory import Inventory
from aisecops.ops.control import shapes
from aisecops.ops.dashboard.page import Page, PageAt, Shown, Visitor
from aisecops.ops.figures.index import RecordIndex
from aisecops.ops.figures.tested import suites_of

EVALUATIONS_SHOWN = 20
_ORDER = ("changed", "overdue", "undeclared", "unused", "active")

Assessed = Callable[[], Awaitable[dict[str, Any]]]
"""The maturity level with its evidence, as `GET /v1/maturity` gives it."""


class StandingPages:
    """The pages `/inventory`, `/evaluation` and `/maturity`."""

    def __init__(self, inventory: Inventory, index: RecordIndex, assessed: Assessed | None) -> None:
        self._inventory = inventory
        self._index = index
        self._assessed = assessed

    def pages(self) -> Sequence[PageAt]:
        """All of them."""
        return (
            PageAt("/inventory", "integrations", self.inventory),
            PageAt("/evaluation", "events", self.evaluation),
            PageAt("/maturity", "maturity", self.maturity),
        )

    async def inventory(self, request: Request, visitor: Visitor) -> Shown:  # noqa: ARG002 - one shape for all
        state = request.query_params.get("state", "")
        facts = shapes.shown_inventory(await self._inventory.all())
        shown = [one for one in facts["integrations"] if state in {"", one["state"]}]
        shown.sort(key=lambda one: (_ORDER.index(one["state"]) if one["state"] in _ORDER else 0, one["name"]))
        return Page("inventory.html", "Inventory", {**facts, "state": state, "integrations": shown})

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
        facts = await self._assessed() if self._assessed is not None else {}
        levels = sorted({one["level"] for one in facts.get("criteria", ())})
        return Page("maturity.html", "Maturity", facts, {"levels": levels})
