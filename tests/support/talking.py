"""A talk with a realtime model for tests: what the agent and the model get of what each says to the other."""

from __future__ import annotations

from typing import Any

import orjson

from aisecops.gateway.enforcer import Pass
from aisecops.model.outcome import Forward, Refuse
from support.gateway import RULES, House, request

LOCAL = RULES.replace(
    "      - {tool: db.write",
    """      - {tool: shell.exec, scope: "shell.ls"}
      - {tool: db.write""",
).replace(
    "models:\n",
    """  shell.exec:
    match: {model_tool: bash}
    effect: write
    base_risk: 0.1
    trust: neutral
    scope: "shell.{body.command}"
models:
""",
).replace("{host: api.openai.com}", "{host: api.openai.com, method: [POST, GET, WEBSOCKET]}")  # fmt: skip
UPGRADE = {"Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ=="}
OPENING = request("GET", "https://api.openai.com/v1/realtime?model=gpt-4o", **UPGRADE)


class Talk:
    """An open talk of a new run of the clerk: what reaches the agent, and what reaches the model."""

    def __init__(self, house: House, run: Any, permit: str) -> None:
        self.house, self.run, self.permit = house, run, permit
        self.agent_got: list[Any] = []
        self.model_got: list[Any] = []

    async def goes(self, event: Any, *, from_client: bool) -> Pass | Refuse:
        data = event if isinstance(event, bytes) else orjson.dumps(event)
        outcome = await self.house.enforcement.message(self.permit, from_client=from_client, data=data)
        if isinstance(outcome, Pass):
            there, back = (self.model_got, self.agent_got) if from_client else (self.agent_got, self.model_got)
            there += [*outcome.before, *([outcome.data] if outcome.data is not None else [])]
            back += outcome.back
        return outcome

    async def tell(self, event: Any) -> Pass | Refuse:
        return await self.goes(event, from_client=True)

    async def hear(self, *events: Any) -> None:
        for event in events:
            outcome = await self.goes(event, from_client=False)
            assert isinstance(outcome, Pass), outcome

    @property
    def heard(self) -> list[Any]:
        return [orjson.loads(one) for one in self.agent_got]

    @property
    def told(self) -> list[Any]:
        return [orjson.loads(one) for one in self.model_got]

    def events(self, name: str) -> list[dict[str, Any]]:
        return [event.fields for event in self.house.record.events if event.event == name]


async def talk(text: str = LOCAL) -> Talk:
    house = House(text)
    run = await house.run()
    forward = await house.ask(run, OPENING)
    assert isinstance(forward, Forward), forward
    return Talk(house, run, forward.permit)


def item(name: str, arguments: str, *, status: str = "completed") -> dict[str, Any]:
    said = {"id": "item_1", "object": "realtime.item", "type": "function_call", "status": status, "name": name}
    return {**said, "call_id": "call_1", "arguments": arguments}


def call(name: str, arguments: Any) -> list[dict[str, Any]]:
    """The events in which a server tells of one call, in the order in which it does."""
    text = arguments if isinstance(arguments, str) else orjson.dumps(arguments).decode()
    at = {"response_id": "resp_1", "item_id": "item_1", "output_index": 0}
    begun, whole = item(name, "", status="in_progress"), item(name, text)
    events: list[dict[str, Any]] = [
        {"type": "response.output_item.added", "response_id": "resp_1", "output_index": 0, "item": begun},
        {"type": "conversation.item.added", "previous_item_id": None, "item": begun},
        *({"type": "response.function_call_arguments.delta", **at, "call_id": "call_1", "delta": c} for c in text),
        {"type": "response.function_call_arguments.done", **at, "call_id": "call_1", "name": name, "arguments": text},
        {"type": "conversation.item.done", "previous_item_id": None, "item": whole},
        {"type": "response.output_item.done", "response_id": "resp_1", "output_index": 0, "item": whole},
        {"type": "response.done", "response": {"id": "resp_1", "status": "completed", "output": [whole]}},
    ]
    return [{"event_id": f"event_{number}", **event} for number, event in enumerate(events)]
