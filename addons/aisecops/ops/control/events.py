"""The record as a live stream of server-sent events."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from itertools import islice
from pathlib import Path
from typing import Any

import orjson
from starlette.concurrency import run_in_threadpool

from aisecops.adapters.audit.reader import events, last_seq

LOOK_EVERY_S = 0.5
AT_ONCE = 500


async def tail(folder: Path, *, after_seq: int | None, over: asyncio.Event) -> AsyncIterator[bytes]:
    """Events after `after_seq` as they are recorded; None starts at the record's present end.

    Ends with the client, or when the server stops, which sets `over`.
    """
    seq = await run_in_threadpool(last_seq, folder) if after_seq is None else after_seq
    yield b": the record, as it is written\n\n"
    while not over.is_set():
        batch: list[dict[str, Any]] = await run_in_threadpool(_batch, folder, seq)
        for event in batch:
            seq = event["seq"]
            yield b"id: %d\nevent: %s\ndata: %s\n\n" % (seq, str(event["event"]).encode(), orjson.dumps(event))
        if not batch:
            await pause(over, LOOK_EVERY_S)


async def pause(over: asyncio.Event, seconds: float) -> None:
    """Return after `seconds`, or as soon as it is `over`."""
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(over.wait(), seconds)


def _batch(folder: Path, seq: int) -> list[dict[str, Any]]:
    return list(islice(events(folder, after_seq=seq), AT_ONCE))
