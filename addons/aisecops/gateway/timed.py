"""How long each stage of a decision takes: one word for each, and the stretch that it is measured over."""

from __future__ import annotations

import time
from enum import StrEnum
from types import TracebackType

from aisecops.gateway.ports import Meter


class Stage(StrEnum):
    """The parts of a decision, in the order of the request; `LOOK` holds `SCAN`, `TRACE` and `RESOLVE`."""

    IDENTIFY = "identify"
    LOOK = "look"
    SCAN = "scan"
    TRACE = "trace"
    RESOLVE = "resolve"
    JUDGE = "judge"
    RECORD = "record"
    SETTLE = "settle"


class timed:  # noqa: N801 - used as a function is
    """What is done inside is told to `meter` as `stage`, also when it fails."""

    __slots__ = ("_meter", "_stage", "_started")

    def __init__(self, meter: Meter, stage: Stage) -> None:
        self._meter, self._stage = meter, stage

    def __enter__(self) -> None:
        self._started = time.perf_counter()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._meter.stage(self._stage, time.perf_counter() - self._started)
