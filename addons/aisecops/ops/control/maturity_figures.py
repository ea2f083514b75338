"""Maturity as figures: assessed again and again for the metrics, and kept once a day for the trend."""

from __future__ import annotations

import asyncio
import logging
from datetime import datetime

from aisecops.model.errors import Fault
from aisecops.ops.maturity.assess import Assessment
from aisecops.ops.maturity.gather import Maturity
from aisecops.ops.metrics import Metrics
from aisecops.ops.wiring.foundation import Foundation
from aisecops.ops.wiring.maturity import keep_assessment

ASSESSED_EVERY_S = 30.0
KEPT_EVERY_H = 24

_log = logging.getLogger("aisecops.control")


async def keep_assessing(base: Foundation, metrics: Metrics, maturity: Maturity) -> None:
    """Tell the metrics how mature the installation is, until cancelled."""
    while True:
        try:
            now = await maturity.assessed()
            metrics.assessed(now.level, now.coverage)
            if is_due(now):
                await keep_assessment(base, now)
        except (Fault, OSError) as error:
            _log.warning("maturity could not be assessed: %s", error)
        await asyncio.sleep(ASSESSED_EVERY_S)


def is_due(now: Assessment) -> bool:
    """True when the last kept assessment is a day old; somebody must have begun with `aisecops maturity --keep`."""
    if not now.trend:
        return False
    since = datetime.fromisoformat(now.at) - datetime.fromisoformat(now.trend[-1].at)
    return since.total_seconds() >= KEPT_EVERY_H * 3600
