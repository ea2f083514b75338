"""Rounds of an evaluation of the running gateway: opened and closed by operators, each on record before it begins."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from aisecops.gateway.ground import Ground
from aisecops.model.errors import ConfigError
from aisecops.model.outcome import Refuse
from aisecops.model.record import Event, EventName
from aisecops.model.refusals import Code
from aisecops.model.round import Round
from aisecops.ops.control import shapes
from aisecops.ops.control.answering import as_json, problem, read_body
from aisecops.ops.control.door import Call
from aisecops.ops.control.who import Asker

GOVERNANCE = ("AIS-GOV-01",)
OFF = "this gateway may not be tried while it runs; set `evaluation.live: true` and start it again"


@dataclass(frozen=True, kw_only=True)
class Rounds:
    """How rounds are opened (False: one is open) and closed, and what an operator is told of the one that is open."""

    open: Callable[[Round], bool]
    close: Callable[[str], bool]
    told: Callable[[Round], Mapping[str, Any]]
    own_ports: frozenset[int]


class EvaluationCalls:
    """The calls about evaluations. `rounds` None: it is not allowed here."""

    def __init__(self, ground: Ground, *, rounds: Rounds | None) -> None:
        self._ground = ground
        self._rounds = rounds

    def calls(self) -> Sequence[Call]:
        """All of them."""
        return (
            Call("POST", "/v1/evaluations", "open_evaluation", self.open),
            Call("POST", "/v1/evaluations/{evaluation_id}/close", "close_evaluation", self.close),
        )

    async def open(self, request: Request, asker: Asker) -> Response:
        body = shapes.read(await read_body(request), shapes.EvaluationBody)
        if self._rounds is None:
            return problem(Refuse(code=Code.POLICY_DENIED, detail=OFF))
        if body.port in self._rounds.own_ports:
            return problem(
                Refuse(code=Code.DESTINATION_DENIED, detail="no stand-in listens at a port of the gateway's")
            )
        ends_ms = self._ground.clock.now_ms() + body.seconds * 1000
        new = Round(evaluation_id=self._ground.ids.new("eval_"), by=asker.title, port=body.port, ends_ms=ends_ms)
        await self._recorded(
            EventName.EVALUATION_OPENED, new.evaluation_id, by=asker.title, port=new.port, ends_at=ends_ms / 1000
        )
        try:
            opened = await asyncio.to_thread(self._rounds.open, new)  # takes away what the last one left
            told = self._rounds.told(new) if opened else {}
        except (OSError, ConfigError) as failed:
            return problem(Refuse(code=Code.STORE_UNAVAILABLE, detail=f"no round can be opened: {failed}"))
        if not opened:
            return problem(Refuse(code=Code.POLICY_DENIED, detail="another evaluation is open; wait for its end"), 409)
        return as_json({"evaluation_id": new.evaluation_id, "ends_at": ends_ms / 1000, **told}, status=201)

    async def close(self, request: Request, asker: Asker) -> Response:
        evaluation_id = str(request.path_params["evaluation_id"])
        if self._rounds is None or not self._rounds.close(evaluation_id):
            return problem(Refuse(code=Code.POLICY_DENIED, detail="no such evaluation is open"), 404)
        await self._recorded(EventName.EVALUATION_CLOSED, evaluation_id, by=asker.title)
        return as_json({"evaluation_id": evaluation_id})

    async def _recorded(self, name: EventName, evaluation_id: str, **fields: Any) -> None:
        await self._ground.record.append(
            Event(
                event=name,
                policy_version=self._ground.rules.current().policy_version,
                control=GOVERNANCE,
                fields={"evaluation_id": evaluation_id, **fields},
            ),
            durable=True,
        )
