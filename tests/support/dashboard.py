"""The dashboard over the house of `support.gateway`, asked without a socket; what the house recorded lies in a folder."""

from __future__ import annotations

import itertools
import re
from pathlib import Path
from typing import Any

import httpx
from starlette.applications import Starlette
from starlette.routing import Route

from aisecops.adapters.audit import lines
from aisecops.model.errors import ConfigError
from aisecops.model.record import Event
from aisecops.model.rules import RuleSet
from aisecops.ops.control.who import Doorkeeper
from aisecops.ops.dashboard.visits import Visits
from aisecops.ops.figures.index import RecordIndex
from aisecops.ops.wiring.dashboard import pages_of
from support.asking import read, send
from support.gateway import START_MS, House

OPERATOR = "operator's secret"
CSRF = re.compile(r'name="csrf" value="([^"]+)"')

PEOPLE = """
people:
  vera: {role: viewer, secret: "env:VERA"}
  abe: {role: approver, secret: "env:ABE"}
  otto: {role: operator, secret: "env:OTTO"}
"""


def written(folder: Path, events: list[Event], *, start_seq: int = 0, at_ms: int = START_MS) -> None:
    """`events` as lines of the record in `folder`, after those that are there."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / lines.segment_name(1)).open("ab") as file:
        for seq, event in enumerate(events, start_seq + 1):
            file.write(lines.encode(event, seq=seq, prev="0" * 64, at_ms=at_ms) + b"\n")


class Site:
    """The pages, a house behind them, and a browser that keeps cookies."""

    def __init__(self, folder: Path, house: House | None = None) -> None:
        self.house = house or House()
        self.archive: dict[str, RuleSet] = {}
        self.record = folder / "audit"
        self.keeper = Doorkeeper(
            self.house.identities,
            operator_secret=OPERATOR,
            gateway_secret="gateway's secret",
            vouching=self.house.vouching,
        )
        self.index = RecordIndex(self.record)
        self._seen = 0
        names = itertools.count(1)
        self.visits = Visits(self.house.clock, lambda: f"cookie-{next(names)}")
        self.dashboard = pages_of(
            keeper=self.keeper, visits=self.visits, clock=self.house.clock, store=self.house.store,
            rules=self.house.rules, runs=self.house.runs, approvals=self.house.approvals,
            inventory=self.house.inventory, index=self.index, archived=self._archived,
        )  # fmt: skip
        self.reopen()

    def reopen(self) -> None:
        """The pages anew, in a new browser: after something was added to them."""
        self._app = Starlette(routes=self.dashboard.routes())
        self.browser = self.other()

    def _archived(self, version: str) -> RuleSet:
        try:
            return self.archive[version]
        except KeyError:
            raise ConfigError(f"the rules `{version}` are not kept") from None

    def other(self, base_url: str = "http://control") -> httpx.AsyncClient:
        """Another browser."""
        return httpx.AsyncClient(transport=httpx.ASGITransport(self._app), base_url=base_url)

    def recorded(self) -> None:
        """What the house has recorded since the last time lies in the folder now."""
        events = self.house.record.events
        written(self.record, events[self._seen :], start_seq=self._seen, at_ms=self.house.clock.ms)
        self._seen = len(events)

    async def log_in(self, secret: str = OPERATOR, browser: httpx.AsyncClient | None = None, **fields: str) -> Any:
        return await (browser or self.browser).post("/login", data={"secret": secret, **fields})

    async def page(self, path: str, status: int = 200) -> str:
        self.recorded()
        answer = await self.browser.get(path)
        assert answer.status_code == status, answer.text
        return answer.text

    async def json(self, path: str) -> Any:
        self.recorded()
        answer = await self.browser.get(path)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def csrf(self, path: str = "/runs") -> str:
        """The token that a page's forms carry."""
        found = CSRF.search(await self.page(path))
        assert found
        return found[1]

    async def send(self, path: str, **fields: str) -> httpx.Response:
        """A form, with the token of this login."""
        return await self.browser.post(path, data={"csrf": await self.csrf(), **fields})


async def lived(site: Site) -> Any:
    """A run that reads, is held where the rules hold it, and is refused."""
    run = await site.house.run()
    await site.house.ask(run, read("1", token=await site.house.token(run, "crm.read", "crm.customers.1")))
    await site.house.ask(run, send(token=await site.house.token(run, "mail.send", "mail.contacts.ann")))
    await site.house.ask(run, read())
    return run


async def every_page(site: Site) -> list[str]:
    """The place of every page there is; what a place names is there. The stream of changes is no page."""
    run = await lived(site)
    [held] = await site.house.store.list_approvals(pending=True)
    names = {"run_id": run.run.run_id, "approval_id": held.approval_id, "seq": "2"}
    gets = {
        route.path.format(**names)
        for route in site.dashboard.routes()
        if isinstance(route, Route) and "GET" in (route.methods or ()) and "{name}" not in route.path
    }
    twins = {path for path in gets if path.endswith(".json")}
    return [*sorted(gets - twins - {"/login", "/live"}), "/records?figure=denials"]
