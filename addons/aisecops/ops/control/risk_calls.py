"""Risk that moves: what live signals have moved, and a person who takes it back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from aisecops.gateway.runs.adapting import MovedRisk
from aisecops.model.adaptive import Moved, Moves
from aisecops.model.ids import AgentId
from aisecops.model.outcome import Refuse
from aisecops.model.risk import from_micros
from aisecops.ops.control import shapes
from aisecops.ops.control.answering import as_json, problem, read_body
from aisecops.ops.control.door import Call
from aisecops.ops.control.who import Asker

SHOWN_MOVES = 10
"""Of each agent and tool, the newest."""


class RiskCalls:
    """The calls about moved risk."""

    def __init__(self, moved: MovedRisk) -> None:
        self._moved = moved

    def calls(self) -> Sequence[Call]:
        """All of them."""
        return (
            Call("GET", "/v1/risk", "list_risk", self.list_risk),
            Call("POST", "/v1/risk/reset", "reset_risk", self.reset_risk),
        )

    async def list_risk(self, request: Request, asker: Asker) -> Response:  # noqa: ARG002 - one shape for all
        return as_json({"moved": [shown_moves(moves, now) for moves, now in await self._moved.all()]})

    async def reset_risk(self, request: Request, asker: Asker) -> Response:
        body = shapes.read(await read_body(request), shapes.ResetRiskBody)
        reset = await self._moved.reset(AgentId(body.agent_id), body.tool, by=asker.title, why=body.reason)
        return problem(reset, 404) if isinstance(reset, Refuse) else as_json(shown_moves(reset, Moved()))


def shown_moves(moves: Moves, now: Moved) -> dict[str, Any]:
    """What an agent's risk was moved by, and why."""
    return {
        "agent_id": moves.agent_id,
        "tool": moves.tool or None,
        "base": from_micros(now.base_micros),
        "trust": from_micros(now.trust_micros),
        "moves": [
            {
                "at": move.at_ms / 1000,
                "signal": move.signal.value,
                "base": from_micros(move.base_micros),
                "trust": from_micros(move.trust_micros),
                "why": move.why,
                "run_id": move.run_id or None,
                "decision_id": move.decision_id or None,
            }
            for move in moves.moves[-SHOWN_MOVES:]
        ],
    }
