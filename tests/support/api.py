"""The control plane's API over the house of `support.gateway`, asked without a socket."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx

from aisecops.ops.control.app import ControlPlane
from aisecops.ops.control.who import Doorkeeper
from support.gateway import House, basic

OPERATOR = {"Authorization": "Bearer operator's secret"}
GATEWAY = {"Authorization": "Bearer gateway's secret"}
CLERK = {"Authorization": basic("clerk", "clerk's secret")}
VISITOR = {"Authorization": basic("visitor", "v's secret")}


class Api:
    """A client of the API, and the house behind it."""

    def __init__(self, folder: Path, house: House | None = None) -> None:
        self.house = house or House()
        self.late: list[str] = []
        door = Doorkeeper(
            self.house.identities,
            operator_secret="operator's secret",
            gateway_secret="gateway's secret",
            vouching=self.house.vouching,
        )
        plane = ControlPlane(
            store=self.house.store,
            rules=self.house.rules,
            keys=self.house.keys,
            runs=self.house.runs,
            tokens=self.house.tokens,
            approvals=self.house.approvals,
            inventory=self.house.inventory,
            door=door,
            record_folder=folder,
            proxy_url="http://127.0.0.1:8080",
            lagging=lambda: self.late,
        )
        self._client = httpx.AsyncClient(transport=httpx.ASGITransport(plane.app()), base_url="http://control")

    async def ask(self, method: str, path: str, who: dict[str, str] | None = None, body: Any = None) -> httpx.Response:
        content = body if isinstance(body, bytes) else None
        return await self._client.request(
            method, path, headers=who or {}, content=content, json=None if content is not None else body
        )

    async def run(self, who: dict[str, str] = CLERK, **body: Any) -> dict[str, Any]:
        answer = await self.ask("POST", "/v1/runs", who, body)
        assert answer.status_code == 201, answer.text
        return answer.json()
