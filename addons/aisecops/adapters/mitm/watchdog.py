"""Watching the event loop: how late it is, and an end to a process whose loop has stopped.

A task measures and winds up a timer; the timer's thread is the interpreter's own and needs no lock of it, so that also
one long call into C (a regular expression that never ends) is ended. What it prints are places in the code, no values.
A process that ends is started again by whoever supervises it, and while it is gone nothing passes.
"""

from __future__ import annotations

import asyncio
import contextlib
import faulthandler
import logging
import sys
import time
from collections.abc import AsyncIterator, Callable

logger = logging.getLogger(__name__)

EVERY_S = 0.5
LATE_S = 1.0
"""From this lag on it is said in the log."""


@contextlib.asynccontextmanager
async def watching_the_loop(
    stalled_s: float, *, told: Callable[[float], None] = lambda _seconds: None, every_s: float = EVERY_S
) -> AsyncIterator[None]:
    """Watch the running loop while inside: `told` gets its lag in seconds after each look.

    The process is ended, with exit code 1, when the loop does not move for `stalled_s`.
    """
    task = asyncio.get_running_loop().create_task(_measure(stalled_s, told, every_s), name="watchdog")
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait((task,))
        faulthandler.cancel_dump_traceback_later()


async def _measure(stalled_s: float, told: Callable[[float], None], every_s: float) -> None:
    stderr = sys.__stderr__
    while True:
        if stderr is not None:
            faulthandler.dump_traceback_later(stalled_s, exit=True, file=stderr)
        began = time.monotonic()
        await asyncio.sleep(every_s)
        lag = max(0.0, time.monotonic() - began - every_s)
        told(lag)
        if lag >= LATE_S:
            logger.warning("the event loop was %.1f s late; something in this process works too long at a time", lag)
