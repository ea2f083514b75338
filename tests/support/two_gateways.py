"""Two gateways on one store, where something happens in between: in the store's own call, before it acts."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any

from aisecops.adapters.store.content import MemoryContent
from aisecops.adapters.store.memory import MemoryStore
from aisecops.adapters.store.pieces import MemoryPieces
from aisecops.model.exchange import HttpResponse
from aisecops.model.ids import RunId
from aisecops.model.outcome import Forward
from support.gateway import RULES, House, read, request
from support.senders import Scanner
from support.stores import FailingStore, Failure

EASY = (
    RULES.replace("base_risk: 0.4", "base_risk: 0").replace("base_risk: 0.2", "base_risk: 0").replace("0.55", "0.01")
    + "egress:\n  detectors: [{entity: SECRET, to: any, action: block}]\n  labels: {confidential: {to: [internal]}}\n"
).replace("escalation: 1.2", "escalation: 1")
STEERING = EASY.replace(
    "    cost: 0.01\n", "    cost: 0.01\n    arguments: {text: {at: text, role: steering, untrusted: deny}}\n"
)
PAGE = "The quarterly figures were collected before noon, and the minutes of it were signed by all that had come. "
ROOT = RunId("run_1")
SAID = "As to the letter of the ninth, it was found neither in the blue box nor in the drawer of the old desk."
OWN = (
    "Dear Ann, the parcel with the blue ribbon is at the gate of the harbour since yesterday morning, as was promised."
)


class Between(FailingStore):
    """Does `first` once when something is about to be charged; says what it was asked to do."""

    def __init__(self, inner: Any, **failing: Failure) -> None:
        super().__init__(inner, **failing)
        self.first: Callable[[], Awaitable[Any]] | None = None
        self.asked: list[str] = []

    def __getattr__(self, name: str) -> Any:
        method = super().__getattr__(name)

        async def call(*args: Any, **more: Any) -> Any:
            self.asked.append(name)
            if name in {"reserve", "swap_tree"} and self.first is not None:
                first, self.first = self.first, None
                await first()
            return await method(*args, **more)

        return call


class Asked:
    """Says what a part of the store was asked besides what goes with a charge."""

    def __init__(self, inner: Any, asked: list[str]) -> None:
        self._inner = inner
        self._asked = asked

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._inner, name)
        if not asyncio.iscoroutinefunction(method):
            return method

        async def call(*args: Any, **more: Any) -> Any:
            self._asked.append(name)
            return await method(*args, **more)

        return call


class Gateways:
    """Two gateways on one store, `one` of which acts for a run that the `other` has acted for too."""

    def __init__(self, text: str = EASY, **failing: Failure) -> None:
        inner, self.content, self.pieces = MemoryStore(), MemoryContent(), MemoryPieces()
        self.store = Between(inner, **failing)
        content, pieces = (Asked(part, self.store.asked) for part in (self.content, self.pieces))
        self.one = House(text, store=self.store, content=content, pieces=pieces, scanner=Scanner())
        self.other = House(text, store=inner, content=self.content, pieces=self.pieces, scanner=Scanner())
        self.other.ids.count = 1_000_000
        self.run: Any = None

    async def begin(self) -> Gateways:
        self.run = await self.one.run()
        for house in (self.other, self.one):
            await self.mails(f"good morning, says {house.clock.ms + (house is self.one)}", by=house)
        self.asked.clear()
        return self

    @property
    def asked(self) -> list[str]:
        return self.store.asked

    async def mails(self, text: str, *, by: House | None = None, host: str = "mail.example") -> Any:
        house = by or self.one
        token = await house.token(self.run, "mail.send", "mail.contacts.ann")
        self.asked.clear()
        body = {"to": "ann", "text": text}
        return await house.ask(self.run, request("POST", f"https://{host}/send", body=body, token=token))

    async def tells(self, *texts: str, system: str = "Be brief.") -> Any:
        """A call of a model, with what was told it before."""
        said = [{"role": "system", "content": system}, *({"role": "user", "content": text} for text in texts)]
        body = {"model": "gpt-4o", "messages": said, "max_tokens": 10}
        self.asked.clear()
        return await self.one.ask(self.run, request("POST", "https://api.openai.com/v1/chat/completions", body=body))

    async def reads(self, page: str, *, by: House, run: Any = None, at: str = "") -> None:
        run = run or self.run
        token = await by.token(run, "crm.read", "crm.customers.42")
        outcome = await by.ask(run, request("GET", at) if at else read(token=token))
        assert isinstance(outcome, Forward), outcome
        body = json.dumps({"customers": [{"note": page}]}).encode()
        answer = HttpResponse(status=200, headers=(("Content-Type", "application/json"),), body=body)
        assert isinstance(await by.enforcement.settle(outcome.permit, answer), HttpResponse)

    async def calls(self) -> int:
        tree = await self.one.tree(self.run)
        return int(tree.runs[self.run.run.run_id].tool_calls)

    async def said(self) -> list[str]:
        kept = await self.pieces.newer(self.run.run.run_id, "mail.example:443", 0)
        return [piece.head for _, pieces in kept for piece in pieces]


def trips(asked: list[str]) -> list[str]:
    """Those of what every step asks."""
    return [name for name in asked if name not in {"find_entries", "set_entries"}]
