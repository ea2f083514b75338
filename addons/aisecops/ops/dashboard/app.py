"""All pages as routes of the control plane."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Any, Protocol

from starlette.routing import BaseRoute, Route

from aisecops.gateway.people.approve import Approvals
from aisecops.gateway.ports import Clock, Store
from aisecops.model.state import ApprovalState
from aisecops.ops.control.who import Doorkeeper
from aisecops.ops.dashboard.gate import Gate
from aisecops.ops.dashboard.login import Login
from aisecops.ops.dashboard.page import PageAt
from aisecops.ops.dashboard.visits import Failures, Visits

INDEX = "/index"


class Pages(Protocol):
    """Pages that belong together."""

    def pages(self) -> Sequence[PageAt]:
        """All of them."""
        ...


class Dashboard:
    """The dashboard's routes, and the login that other ways to log in use too."""

    def __init__(
        self,
        *,
        keeper: Doorkeeper,
        visits: Visits,
        clock: Clock,
        store: Store,
        approvals: Approvals,
        groups: Sequence[Pages],
    ) -> None:
        self._gate = Gate(keeper, visits, clock, functools.partial(_beside, store, approvals))
        self.login = Login(self._gate, keeper, visits, Failures(clock))
        self._more: list[BaseRoute] = []
        self._groups = groups

    def add(self, routes: Sequence[BaseRoute]) -> None:
        """Places beside the pages, such as those of another way to log in."""
        self._more += routes

    def routes(self) -> list[BaseRoute]:
        """A page is read at its place, and at the same place with `.json`; a form is sent."""
        found: list[BaseRoute] = [*self.login.routes(), *self._more]
        for page in (page for group in self._groups for page in group.pages()):
            endpoint = self._gate.endpoint(page)
            if page.form:
                found.append(Route(page.path, endpoint, methods=["POST"]))
                continue
            found.append(Route(f"{page.path if page.path != '/' else INDEX}.json", endpoint, methods=["GET"]))
            found.append(Route(page.path, endpoint, methods=["GET"]))
        return found


async def _beside(store: Store, approvals: Approvals) -> dict[str, Any]:
    standing = [await approvals.standing(one.approval_id) for one in await store.list_approvals(pending=True)]
    return {"waiting": sum(one is not None and one.state is ApprovalState.PENDING for one in standing)}
