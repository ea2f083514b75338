"""What the calls of the API have in common: bodies read within bounds, answers made, and who sees what."""

from __future__ import annotations

from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import Response

from aisecops.model.errors import WireError
from aisecops.model.ids import AgentId, RunId
from aisecops.model.outcome import Refuse
from aisecops.model.refusals import Code
from aisecops.ops.control import shapes
from aisecops.ops.control.who import Asker, Role
from aisecops.wire.problem import problem_response


async def read_body(request: Request) -> bytes:
    """The whole body, bounded while it is read."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > shapes.MAX_BODY_BYTES:
            raise WireError(f"the body is over {shapes.MAX_BODY_BYTES} bytes", Code.TOO_LARGE)
    return bytes(body)


def problem(refuse: Refuse, status: int | None = None) -> Response:
    """A refusal as an RFC 9457 problem."""
    made = problem_response(refuse, status=status)
    return Response(made.body, status_code=made.status, headers=dict(made.headers))


def as_json(data: Any, *, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """`data` as JSON."""
    return Response(orjson.dumps(data), status_code=status, media_type="application/json", headers=headers)


def sees(asker: Asker, agent_id: AgentId, run_id: RunId) -> bool:
    """People see everything, agents what is theirs, and a run's credentials that run alone."""
    if asker.sees_all:
        return True
    return asker.role is Role.AGENT and asker.agent_id == agent_id and asker.run_id in {None, run_id}


def not_yours(detail: str) -> Refuse:
    """What an asker may not, since it is somebody else's."""
    return Refuse(code=Code.POLICY_DENIED, detail=detail)
