"""What becomes of a fault in a check. Whole requests: `end_to_end/test_two_lanes.py` and all that runs on the lane."""

from __future__ import annotations

import asyncio

import pytest
from mitmproxy.master import Master
from mitmproxy.options import Options

from aisecops.adapters.mitm.guard import FailClosedAddonManager
from aisecops.adapters.mitm.lane.request import or_refusal
from aisecops.model.errors import StoreError
from aisecops.model.outcome import Refuse
from aisecops.model.refusals import Code
from support.flows import a_gate


@pytest.fixture
async def manager():
    master = Master(Options())
    made = FailClosedAddonManager(master)
    made.gate = a_gate()
    return made


async def raising(fault: BaseException) -> int:
    raise fault


async def saying(value: int) -> int:
    return value


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        (KeyError("x"), Code.INTERNAL),
        (StoreError("down"), Code.STORE_UNAVAILABLE),
        (asyncio.CancelledError(), Code.INTERNAL),
    ],
)
async def test_whatever_a_check_raises_is_a_refusal(fault, code, manager):
    refuse = await or_refusal(manager, raising(fault))
    assert isinstance(refuse, Refuse)
    assert refuse.code is code


async def test_a_fault_that_ends_the_host_ends_it(manager, monkeypatch):
    ended = []
    monkeypatch.setattr(manager.master, "shutdown", lambda: ended.append(True))
    assert isinstance(await or_refusal(manager, raising(SystemExit())), Refuse)
    assert ended
    assert manager.gate.closed is not None


async def test_what_a_check_says_stands(manager):
    assert await or_refusal(manager, saying(5)) == 5


async def test_an_end_from_outside_is_one(manager):
    async def waits() -> int:
        await asyncio.sleep(60)
        return 0

    task = asyncio.ensure_future(or_refusal(manager, waits()))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
