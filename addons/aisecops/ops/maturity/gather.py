"""Brings the evidence together: the record as it grows, rules, inventory and store; the assessment that comes of it.

Reads the record once and then only what is new, in a thread. Whether it is whole is looked at again every hour, for
that means reading all of it.
"""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from aisecops.adapters.audit import checkpoints
from aisecops.adapters.audit.reader import events
from aisecops.adapters.audit.verify import verify
from aisecops.gateway.pinned.inventory import Inventory
from aisecops.gateway.ports import Clock, RuleSource, Store
from aisecops.model.errors import RecordError
from aisecops.ops.behind import behind
from aisecops.ops.maturity.assess import Assessment, assessed
from aisecops.ops.maturity.evidence import Gathering
from aisecops.ops.maturity.standing import BROKEN, UNCHECKED, WHOLE, standing

NEWEST_RUNS = 500
VERIFIED_EVERY_MS = 3_600_000


class _Verified(NamedTuple):
    """The record's state in a word, what is wrong with it, and the line up to which it was read."""

    word: str
    detail: str
    seq: int
    hash: str


class Maturity:
    """Assesses this installation whenever it is asked to; one at a time."""

    def __init__(
        self, *, record_folder: Path, rules: RuleSource, store: Store, inventory: Inventory, clock: Clock
    ) -> None:
        self._folder = record_folder
        self._rules, self._store, self._inventory, self._clock = rules, store, inventory, clock
        self._gathering = Gathering()
        self._turn = asyncio.Lock()
        self._verified: tuple[int, _Verified] | None = None

    async def assessed(self) -> Assessment:
        """The level and its evidence as of now. Raises a `Fault`."""
        async with self._turn:
            now_ms = self._clock.now_ms()
            now = datetime.fromtimestamp(now_ms / 1000, UTC)
            await behind(self._read_on)
            if self._verified is None or now_ms - self._verified[0] >= VERIFIED_EVERY_MS:
                self._verified = (now_ms, await behind(lambda: _verified(self._folder)))
            runs = [run.run_id for run in await self._store.list_runs(limit=NEWEST_RUNS)]
            return assessed(
                standing(
                    self._rules.current(),
                    await self._inventory.all(),
                    self._gathering.told(now.date()),
                    at=now.strftime("%Y-%m-%dT%H:%M:%SZ"),
                    runs_known=len(runs),
                    runs_recorded=self._gathering.knows(runs),
                    record=self._verified[1].word,
                    record_detail=self._verified[1].detail,
                )
            )

    @property
    def record_end(self) -> tuple[int, str]:
        """The line that the record was verified up to, and its hash."""
        return (self._verified[1].seq, self._verified[1].hash) if self._verified else (0, "")

    def _read_on(self) -> None:
        if self._folder.exists():
            for event in events(self._folder, after_seq=self._gathering.seq):
                self._gathering.add(event)


def _verified(folder: Path) -> _Verified:
    try:
        found = verify(folder, checkpoints.public_keys(folder) or None)
    except (OSError, RecordError) as error:
        return _Verified(UNCHECKED, str(error), 0, "")
    problem = str(found.problems[0]) if found.problems else ""
    return _Verified(BROKEN if problem else WHOLE, problem, found.seq, found.hash)
