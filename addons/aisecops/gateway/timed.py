"""How long each stage of a decision takes: one word for each, and the stretch that it is measured over."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from enum import StrEnum

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


@contextlib.contextmanager
def timed(meter: Meter, stage: Stage) -> Iterator[None]:
    """What is done inside is told to `meter` as `stage`, also when it fails."""
    started = time.perf_counter()
    try:
        yield
    finally:
        meter.stage(stage, time.perf_counter() - started)
