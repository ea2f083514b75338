"""Once an hour the store forgets runs that have stood still for days (`gateway/runs/forgetting.py`)."""

from __future__ import annotations

import asyncio
import logging

from aisecops.gateway.runs.forgetting import DAY_MS
from aisecops.model.errors import Fault
from aisecops.ops.wiring.foundation import Foundation

FIRST_AFTER_S = 60.0
EVERY_S = 3600.0

_log = logging.getLogger(__name__)


async def keep_forgetting(base: Foundation) -> None:
    """Sweep again and again, until cancelled; a store or a record that fails is asked again an hour later."""
    if not base.settings.keep_runs_days:
        return
    forgetting = base.forgetting(keep_ms=base.settings.keep_runs_days * DAY_MS)
    await asyncio.sleep(FIRST_AFTER_S)
    while True:
        try:
            if gone := await forgetting.sweep():
                _log.info(
                    "the store has forgotten %d trees of runs without a step in %d days",
                    gone,
                    base.settings.keep_runs_days,
                )
        except Fault as fault:
            _log.warning("old runs could not be forgotten: %s", fault)
        await asyncio.sleep(EVERY_S)
