"""Work on bodies that are large or compressed, aside from the event loop.

Knows from which size on a thread pays. Decompressors let go of the interpreter while they work, so that the loop goes
on; what holds on to it, the JSON reader above all, is bounded by the sizes of bodies (`benchmarks/bombs.py` measures).
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Generator
from concurrent.futures import ThreadPoolExecutor

from aisecops.model.exchange import Headers, values

ASIDE_FROM_BYTES = 256 * 1024
"""A plain body from this size on is read aside; a compressed one always, for it may become anything."""

TURN_S = 0.0005
"""So long one piece of work goes on before the event loop does what else is waiting."""

AT_A_TIME = 32
"""Texts that are looked up, or told apart, before the clock is looked at."""

DEARER = 16
"""By so much a text that is looked through for stand-ins takes longer than one that is only read."""

AT_ONCE = 2
"""Bodies read aside at once in one process: more would not be faster, and each holds what it unfolds."""

type Steps[T] = Generator[None, None, T]
"""Work that stops now and then, so that something else may be done before it goes on; it returns what it came to."""

_threads = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="aside")


async def aside[**P, T](size_bytes: int, headers: Headers, work: Callable[P, T], *args: P.args, **named: P.kwargs) -> T:
    """What `work` returns or raises; done here when the body of `size_bytes` is small and plain."""
    codings = values(headers, "content-encoding")
    compressed = size_bytes > 0 and codings and any(value.strip().lower() != "identity" for value in codings)
    if size_bytes < ASIDE_FROM_BYTES and not compressed:
        return work(*args, **named)
    return await in_thread(work, *args, **named)


async def in_steps[T](work: Steps[T]) -> T:
    """What `work` returns or raises; where it stops after `TURN_S`, the event loop does what else is waiting."""
    until = time.perf_counter() + TURN_S
    while True:
        try:
            next(work)
        except StopIteration as over:
            result: T = over.value
            return result
        if time.perf_counter() >= until:
            await asyncio.sleep(0)
            until = time.perf_counter() + TURN_S


async def in_thread[**P, T](work: Callable[P, T], *args: P.args, **named: P.kwargs) -> T:
    """What `work` returns or raises; done aside whatever it is."""
    return await asyncio.get_running_loop().run_in_executor(_threads, lambda: work(*args, **named))
