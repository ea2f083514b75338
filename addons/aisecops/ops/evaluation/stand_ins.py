"""Stand-in tools and model that say what a scenario has them say, one set of hosts for each slot.

Knows what each says when nothing else is told. What came to them is kept by `demo/serving.py`.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send
from starlette.websockets import WebSocket, WebSocketDisconnect

from aisecops.model.value import Value
from aisecops.ops.demo.model_server import model_server
from aisecops.ops.demo.script import Line, Turn
from aisecops.ops.evaluation.asking import DIALECTS
from aisecops.ops.evaluation.mcp_speech import ROLE
from aisecops.ops.evaluation.mcp_stand_in import USUAL, answered
from aisecops.ops.evaluation.model_speech import model_routes
from aisecops.ops.evaluation.places import ROLES, host

CUSTOMERS = 4000
MODELS = frozenset(dialect.role for dialect in DIALECTS.values())


class Answer(Value):
    """What a stand-in says."""

    body: bytes
    type: str = "application/json"
    status: int = 200


class Slot:
    """What the stand-ins of one slot say now. `turn` is the model's next word, whatever it is asked."""

    def __init__(self, number: int) -> None:
        self.number = number
        self.turn = Turn(text="Done.")
        self.told: dict[str, Answer] = {}
        self.described: dict[str, str] = {}
        """The tools of the MCP server, by name."""
        self.items: list[dict[str, Any]] = []

    def clear(self) -> None:
        """As at the start of a play."""
        self.turn = Turn(text="Done.")
        self.told.clear()
        self.described.clear()
        self.items.clear()

    def apps(self) -> dict[str, ASGIApp]:
        """One application for each host."""
        model = model_server(_Obeying(self))
        model.routes.extend(model_routes(lambda: self.turn))
        return {host(role, self.number): model if role in MODELS else _Tool(self, role) for role in ROLES}


class OwnStandIn:
    """Stands for the operator's own tools and sources: says what it is told to, and otherwise that it accepts."""

    def __init__(self) -> None:
        self.said = ""
        self.described: dict[str, str] = {}

    def clear(self) -> None:
        """As at the start of a play."""
        self.said, self.described = "", {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        body = await request.body()
        if b'"jsonrpc"' in body:
            await (await answered(request, self.described, self.said or USUAL))(scope, receive, send)
        elif self.said:
            await Response(self.said, media_type="text/plain")(scope, receive, send)
        else:
            await Response(b'{"status": "accepted"}', media_type="application/json")(scope, receive, send)


class _Obeying(Mapping[str, Sequence[Line]]):
    """A script that does not listen: the model says what the slot has it say."""

    def __init__(self, slot: Slot) -> None:
        self._slot = slot

    def __getitem__(self, _: str) -> Sequence[Line]:
        return (self._slot.turn,)

    def __iter__(self) -> Iterator[str]:
        return iter(())

    def __len__(self) -> int:
        return 0


class _Tool:
    def __init__(self, slot: Slot, role: str) -> None:
        self._slot = slot
        self._role = role

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            await self._talk(WebSocket(scope, receive, send))
            return
        request = Request(scope, receive)
        answer = self._slot.told.get(f"{self._role}{request.url.path}") or self._slot.told.get(self._role)
        if self._role == ROLE and (answer is None or answer.type == "text/plain"):
            said_by_all = answer.body.decode() if answer else USUAL
            await (await answered(request, self._slot.described, said_by_all))(scope, receive, send)
            return
        said = answer or self._usual(request, await request.body())
        await Response(said.body, status_code=said.status, media_type=said.type)(scope, receive, send)

    async def _talk(self, socket: WebSocket) -> None:
        """On a WebSocket each message has one answer."""
        await socket.accept()
        with contextlib.suppress(WebSocketDisconnect):
            while True:
                if (await socket.receive())["type"] == "websocket.disconnect":
                    return
                answer = self._slot.told.get(self._role)
                await socket.send_text(answer.body.decode() if answer else '{"status": "accepted"}')

    def _usual(self, request: Request, body: bytes) -> Answer:
        if self._role == "notes":
            return self._notes(request, body)
        if self._role == "crm" and request.url.path == "/v1/customers":
            count = min(int(request.query_params.get("limit", "10")), CUSTOMERS)
            return _json({"customers": [_customer(number) for number in range(1, count + 1)]})
        if self._role == "crm":
            return _json(_customer(7))
        if self._role in {"help", "find"}:
            return Answer(body=b"Opening hours are 9 to 5.", type="text/plain")
        return _json({"status": "accepted"})

    def _notes(self, request: Request, body: bytes) -> Answer:
        if request.method != "POST":
            return _json({"items": self._slot.items})
        try:
            item = json.loads(body)
        except ValueError:
            item = {}
        self._slot.items.append({"id": f"note_{len(self._slot.items) + 1}", **(item if isinstance(item, dict) else {})})
        return _json(self._slot.items[-1])


def _customer(number: int) -> dict[str, Any]:
    return {"id": str(number), "plan": "gold" if number % 3 == 0 else "basic", "since": 2000 + number % 20}


def _json(value: Any) -> Answer:
    return Answer(body=json.dumps(value).encode())
