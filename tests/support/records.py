"""A record in a folder of the test's own, with a checkpoint key made on the spot."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import orjson
from nacl.signing import SigningKey

from aisecops.adapters.audit import lines
from aisecops.adapters.audit.chain import ChainLog
from aisecops.model.ids import AgentId, DecisionId, RunId
from aisecops.model.record import Event, EventName

KEY_ID = "record-test"
KEY = SigningKey(bytes(range(32)))
PUBLIC_KEYS = {KEY_ID: KEY.verify_key.encode()}


class SystemClock:
    """The machine's time: safe from any thread."""

    def now_ms(self) -> int:
        return time.time_ns() // 1_000_000


def chain(folder: Path, *, signed: bool = True, **settings: Any) -> ChainLog:
    """The record in `folder`; `signed` with the test's checkpoint key."""
    if not signed:
        return ChainLog(folder, clock=SystemClock(), **settings)
    return ChainLog(
        folder,
        clock=SystemClock(),
        sign=lambda message: KEY.sign(message).signature,
        key_id=KEY_ID,
        public_key=PUBLIC_KEYS[KEY_ID],
        **settings,
    )


def event(number: int = 0, name: EventName = EventName.TOOL_INVOKED, **fields: Any) -> Event:
    """An event of run `run_1` that carries its number."""
    return Event(
        event=name,
        run_id=RunId("run_1"),
        root_run_id=RunId("run_1"),
        agent_id=AgentId("support-bot"),
        decision_id=DecisionId(f"dec_{number}"),
        policy_version="rules-1",
        control=("AIS-OBS-01",),
        fields={"number": number, **fields},
    )


async def written(folder: Path, count: int, **settings: Any) -> None:
    """A closed record of `count` events."""
    log = chain(folder, **settings)
    for number in range(count):
        await log.append(event(number))
    await log.close()


def rows(folder: Path) -> list[dict[str, Any]]:
    """Every line of every segment, in order."""
    return [
        orjson.loads(line)
        for number in lines.segment_numbers(folder)
        for line in (folder / lines.segment_name(number)).read_bytes().splitlines()
    ]
