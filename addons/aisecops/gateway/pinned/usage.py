"""What agents were let use: each destination, tool, model and source is told when it is first seen (spec 22.2).

Asked of the store once in a process, and noted again within minutes: nothing of this costs a request anything.
"""

from __future__ import annotations

from collections import OrderedDict

from msgspec.structs import replace

from aisecops.gateway.entries import Entries
from aisecops.gateway.ground import Ground
from aisecops.gateway.step.classify import Step
from aisecops.model.action import Kind
from aisecops.model.entry import EntryKind
from aisecops.model.facts import Facts
from aisecops.model.integration import Seen
from aisecops.model.record import Event, EventName

SERVES = ("AIS-GOV-01",)
NOTED_EVERY_MS = 5 * 60 * 1000
"""How far the time of last use may lag behind."""
NAMES_KEPT = 10_000


class Usage:
    """Notes what is used. One object for a process."""

    def __init__(self, ground: Ground) -> None:
        self._ground = ground
        self._seen = Entries(ground.store, ground.clock, EntryKind.INTEGRATION, Seen)
        self._noted: OrderedDict[str, int] = OrderedDict()

    async def used(self, facts: Facts, step: Step, *, policy_version: str) -> None:
        """Note what an allowed step is about to use. Raises a `Fault` when what is new cannot be recorded or kept."""
        now_ms = self._ground.clock.now_ms()
        for name in names_of(facts, step):
            if now_ms - self._noted.get(name, -NOTED_EVERY_MS) < NOTED_EVERY_MS:
                continue
            await self._note(name, facts, now_ms, policy_version)
            self._noted[name] = now_ms
            self._noted.move_to_end(name)
            while len(self._noted) > NAMES_KEPT:
                self._noted.popitem(last=False)

    async def _note(self, name: str, facts: Facts, now_ms: int, policy_version: str) -> None:
        principal = facts.principal
        if await self._seen.find(name) is None:
            await self._ground.record.append(
                Event(
                    event=EventName.INTEGRATION_FIRST_SEEN,
                    run_id=principal.run_id,
                    root_run_id=principal.root_run_id,
                    agent_id=principal.agent_id,
                    policy_version=policy_version,
                    control=SERVES,
                    fields={"integration": name, "host": facts.request.host},
                )
            )
        first = Seen(first_ms=now_ms, last_ms=now_ms, agent_id=principal.agent_id, run_id=principal.run_id)
        await self._seen.change(name, lambda now: replace(now, last_ms=now_ms) if now else first)


def names_of(facts: Facts, step: Step) -> tuple[str, ...]:
    """The names of all that a step uses: where it goes, and what the rules call it."""
    request = facts.request
    names = [f"destination:{request.host}:{request.port}"] if request.host else []
    if step.tool is not None:
        names.append(f"tool:{step.tool.name}")
    elif step.model is not None:
        names.append(f"model:{step.model.name}/{request.model}" if request.model else f"model:{step.model.name}")
    elif step.source is not None:
        names.append(f"source:{step.source.match.host}")
    if step.spoken is not None:
        names.append(f"mcp-server:{step.spoken.at}")
    return tuple(names) if request.kind is not Kind.UNDECLARED else ()
