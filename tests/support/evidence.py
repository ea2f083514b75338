"""Evidence put into a running installation, as its own commands would leave it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

from nacl.signing import SigningKey

from aisecops import __version__
from aisecops.adapters.audit.chain import ChainLog
from aisecops.model.place import Place
from aisecops.model.record import Event
from aisecops.ops.evaluation.kept import encoded, finished, keep
from aisecops.ops.evaluation.outcome import Report, Result, State, Twin
from aisecops.ops.evaluation.scenario import Suite
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


def put_evaluation_on_record(
    house: Any, suites: Sequence[Suite], *, policy_version: str, agents: tuple[str, ...]
) -> None:
    """What a green `aisecops eval` of these suites leaves: its report, and the event that knows it."""
    results = tuple(
        Result(
            scenario="one", suite=suite, controls=("AIS-EXE-01",), place=Place(file="x", line=1), agent=agents[0],
            variation=0, state=State.CONTAINED, twin=Twin.PASSED,
        )
        for suite in suites
    )  # fmt: skip
    report = Report(
        version=__version__, at="2026-01-01T00:00:00Z", policy_version=policy_version, seed=1, mutations=0,
        suites=tuple(suites), agents=agents, seconds=1, results=results,
    )  # fmt: skip
    put_on_record(house, finished(report))
    keep(house.folder / ".aisecops", encoded(report))
