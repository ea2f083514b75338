from __future__ import annotations

import asyncio

import pytest

from aisecops.adapters.mitm.pauses import Pauses, Why

SOON_S = 0.05


async def waits(pauses: Pauses, name: str) -> bool:
    try:
        await asyncio.wait_for(pauses.over(name), SOON_S)
    except TimeoutError:
        return True
    return False


async def test_who_is_not_paused_reads_on() -> None:
    pauses = Pauses()
    pauses.begin("other", Why.WEIGHED)
    assert not await waits(pauses, "one")


async def test_every_reason_must_be_over() -> None:
    pauses = Pauses()
    pauses.begin("one", Why.WEIGHED)
    pauses.begin("one", Why.UNTAKEN)
    pauses.end("one", Why.WEIGHED)
    assert await waits(pauses, "one")
    reader = asyncio.create_task(pauses.over("one"))
    await asyncio.sleep(0)
    pauses.end("one", Why.UNTAKEN)
    await asyncio.wait_for(reader, 5)


@pytest.mark.parametrize("why", list(Why))
async def test_the_end_of_all_reasons_is_the_end(why: Why) -> None:
    pauses = Pauses()
    pauses.begin("one", why)
    pauses.end("one")
    assert not await waits(pauses, "one")
    pauses.end("one")  # twice is no harm
