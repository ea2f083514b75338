"""How long what is recorded waits to be durable, told without asking the disk."""

from __future__ import annotations

import asyncio
import os
import threading
import time

from support.records import chain, event


async def comes_about(holds, seconds=20):
    ends = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < ends
        await asyncio.sleep(0.01)


async def test_a_disk_that_does_not_sync_shows_as_a_lag_that_grows_and_ends_when_it_does(tmp_path, monkeypatch):
    may_sync, real = threading.Event(), os.fdatasync
    log = chain(tmp_path / "audit")
    await log.append(event(0), durable=True)
    await comes_about(
        lambda: (tmp_path / "audit" / "checkpoints.jsonl").stat().st_size > 0
    )  # signing syncs too, under the lock
    monkeypatch.setattr(os, "fdatasync", lambda fd: may_sync.wait(60) and real(fd))
    assert log.lag_s == 0

    await log.append(event(1))
    await comes_about(lambda: log.lag_s > 0)
    before = log.lag_s
    await comes_about(lambda: log.lag_s > before)
    may_sync.set()

    await comes_about(lambda: log.lag_s == 0)
    await log.close()
