"""The control plane's API over the house of `support.gateway`, asked without a socket."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx

from aisecops.adapters.system.rounds import Rounds as RoundFile
from aisecops.ops.control.app import control_app
from aisecops.ops.control.approval_calls import ApprovalCalls
from aisecops.ops.control.door import Door
from aisecops.ops.control.evaluation_calls import EvaluationCalls, Rounds
from aisecops.ops.control.maturity_calls import MaturityCalls
from aisecops.ops.control.public_calls import LEAST_ROOM, PublicCalls
from aisecops.ops.control.risk_calls import RiskCalls
from aisecops.ops.control.run_calls import RunCalls
from aisecops.ops.control.standing_calls import StandingCalls
from aisecops.ops.control.token_calls import TokenCalls
from aisecops.ops.control.webhook_calls import WebhookCalls
from aisecops.ops.control.who import Doorkeeper
from aisecops.ops.maturity.gather import Maturity
from support.gateway import House, basic

OPERATOR = {"Authorization": "Bearer operator's secret"}
GATEWAY = {"Authorization": "Bearer gateway's secret"}
CLERK = {"Authorization": basic("clerk", "clerk's secret")}
VISITOR = {"Authorization": basic("visitor", "v's secret")}


class Api:
    """A client of the API, and the house behind it."""

    def __init__(
        self, folder: Path, house: House | None = None, *, by_token: Any = None, secret: Any = {}.get, post: Any = None
    ) -> None:
        self.house = house or House()
        self.late: list[str] = []
        house = self.house
        keeper = Doorkeeper(
            house.identities,
            operator_secret="operator's secret",
            gateway_secret="gateway's secret",
            vouching=house.vouching,
            by_token=by_token,
        )
        self.room: int | OSError = LEAST_ROOM
        self.trouble = ""
        public = PublicCalls(
            store=house.store,
            rules=house.rules,
            keys=house.keys,
            lagging=lambda: self.late,
            room=self._free,
            trouble=lambda: self.trouble,
        )
        maturity = Maturity(
            record_folder=folder, rules=house.rules, store=house.store, inventory=house.inventory, clock=house.clock
        )
        rounds = RoundFile(folder, house.clock)
        groups = (
            RunCalls(store=house.store, runs=house.runs, record_folder=folder, proxy_url="http://127.0.0.1:8080"),
            TokenCalls(store=house.store, tokens=house.tokens),
            ApprovalCalls(store=house.store, approvals=house.approvals),
            WebhookCalls(
                store=house.store,
                rules=house.rules,
                approvals=house.approvals,
                clock=house.clock,
                secret=secret,
                post=post,
            ),
            RiskCalls(house.moved_risk),
            StandingCalls(rules=house.rules, inventory=house.inventory, record_folder=folder),
            MaturityCalls(maturity),
            EvaluationCalls(
                house.ground,
                rounds=Rounds(
                    open=rounds.open,
                    close=rounds.close,
                    told=lambda _: {"path": "/evaluation"},
                    own_ports=frozenset({8080}),
                ),
            ),
        )
        self.app = control_app(Door(keeper), public, groups)
        self._client = httpx.AsyncClient(transport=httpx.ASGITransport(self.app), base_url="http://control")

    def _free(self) -> int:
        if isinstance(self.room, OSError):
            raise self.room
        return self.room

    async def ask(self, method: str, path: str, who: dict[str, str] | None = None, body: Any = None) -> httpx.Response:
        content = body if isinstance(body, bytes) else None
        return await self._client.request(
            method, path, headers=who or {}, content=content, json=None if content is not None else body
        )

    async def run(self, who: dict[str, str] = CLERK, **body: Any) -> dict[str, Any]:
        answer = await self.ask("POST", "/v1/runs", who, body)
        assert answer.status_code == 201, answer.text
        return answer.json()
