"""Events put into the record of a running installation, as its own commands would."""

from __future__ import annotations

import asyncio
from typing import Any

from nacl.signing import SigningKey

from aisecops.adapters.audit.chain import ChainLog
from aisecops.model.record import Event
from support.records import SystemClock


def put_on_record(house: Any, event: Event) -> None:
    """`event` in the record of `house`, durable, signed with its key."""
    state = house.folder / ".aisecops"
    key = SigningKey((state / "record.key").read_bytes())

    async def append() -> None:
        log = ChainLog(
            state / "audit",
            clock=SystemClock(),
            sign=lambda message: key.sign(message).signature,
            key_id="record",
            public_key=bytes(key.verify_key),
        )
        await log.append(event, durable=True)
        await log.close()

    asyncio.run(append())
