"""What is let in, what is in force, what happens, and who asks: integrations, rules, events."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from aisecops.gateway.pinned.inventory import Inventory
from aisecops.gateway.ports import RuleSource
from aisecops.model.outcome import Refuse
from aisecops.model.refusals import Code
from aisecops.ops.control import shapes
from aisecops.ops.control.answering import as_json, problem, read_body
from aisecops.ops.control.door import Call
from aisecops.ops.control.events import tail
from aisecops.ops.control.who import Asker


class StandingCalls:
    """The calls about integrations, rules and events."""

    def __init__(self, *, rules: RuleSource, inventory: Inventory, record_folder: Path) -> None:
        self._rules = rules
        self._inventory = inventory
        self._record_folder = record_folder

    def calls(self) -> Sequence[Call]:
        """All of them."""
        return (
            Call("GET", "/v1/integrations", "integrations", self.integrations),
            Call("POST", "/v1/integrations/accept", "accept", self.accept),
            Call("GET", "/v1/events", "events", self.events, query=("after",)),
            Call("GET", "/v1/policy", "policy", self.policy),
            Call("GET", "/v1/me", "me", self.me),
        )

    async def integrations(self, request: Request, asker: Asker) -> Response:  # noqa: ARG002 - one shape for all
        return as_json(shapes.shown_inventory(await self._inventory.all()))

    async def accept(self, request: Request, asker: Asker) -> Response:
        body = shapes.read(await read_body(request), shapes.AcceptBody)
        accepted = await self._inventory.accept(body.name, digest=body.digest, by=asker.title, why=body.reason)
        return problem(accepted, 404) if isinstance(accepted, Refuse) else as_json(shapes.shown_integration(accepted))

    async def events(self, request: Request, asker: Asker) -> Response:  # noqa: ARG002 - one shape for all
        after = request.headers.get("last-event-id") or request.query_params.get("after")
        if after and not (after.isascii() and after.isdecimal()):
            return problem(Refuse(code=Code.UNREADABLE, detail="`after` is the `seq` of an event"))
        seq = int(after) if after else None
        told = tail(self._record_folder, after_seq=seq, over=request.app.state.over)
        return StreamingResponse(told, media_type="text/event-stream")

    async def me(self, request: Request, asker: Asker) -> Response:  # noqa: ARG002 - one shape for all
        named = {"name": asker.name, "role": asker.role.value, "title": asker.title}
        return as_json({**named, "agent_id": asker.agent_id, "run_id": asker.run_id})

    async def policy(self, request: Request, asker: Asker) -> Response:  # noqa: ARG002 - one shape for all
        rules = self._rules.current()
        shown: dict[str, Any] = {"policy_version": rules.policy_version}
        if asker.sees_all:
            shown |= {"agents": sorted(rules.agents), "tools": sorted(rules.tools), "models": sorted(rules.models)}
        return as_json(shown)
