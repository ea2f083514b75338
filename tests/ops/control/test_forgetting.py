"""The control plane forgets old runs of its own accord, goes on after a store that was down, and can be told not to."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace

import pytest

from aisecops.model.errors import StoreError
from aisecops.ops.control import forgetting
from aisecops.ops.settings import Settings


class Sweeper:
    """Fails at first; says when it was asked for the third time."""

    def __init__(self) -> None:
        self.kept_ms: list[int] = []
        self.asked = 0
        self.enough = asyncio.Event()

    def forgetting(self, *, keep_ms: int) -> Sweeper:
        self.kept_ms.append(keep_ms)
        return self

    async def sweep(self) -> int:
        self.asked += 1
        if self.asked == 1:
            raise StoreError("the store is down")
        if self.asked == 3:
            self.enough.set()
        return 2


def base(sweeper: Sweeper, days: int) -> SimpleNamespace:
    return SimpleNamespace(settings=Settings(keep_runs_days=days), forgetting=sweeper.forgetting)


async def test_it_sweeps_again_and_again_also_after_a_fault(monkeypatch, caplog):
    monkeypatch.setattr(forgetting, "FIRST_AFTER_S", 0)
    monkeypatch.setattr(forgetting, "EVERY_S", 0)
    sweeper = Sweeper()
    keeps = asyncio.create_task(forgetting.keep_forgetting(base(sweeper, 7)))
    async with asyncio.timeout(5):
        await sweeper.enough.wait()
    keeps.cancel()
    with pytest.raises(asyncio.CancelledError):
        await keeps
    assert sweeper.kept_ms == [7 * 24 * 3600 * 1000]
    assert "the store is down" in caplog.text


async def test_with_no_days_nothing_is_ever_forgotten():
    sweeper = Sweeper()
    await forgetting.keep_forgetting(base(sweeper, 0))
    assert sweeper.kept_ms == []
