"""What stands for a round is there while it is open, is made once, and is gone with it."""

from __future__ import annotations

import asyncio
import contextlib

import pytest

from aisecops.gateway import annex as annexes
from aisecops.gateway.annex import Annex
from aisecops.model.round import Round

ONE, TWO = (Round(evaluation_id=name, by="operator:local", port=5000, ends_ms=1) for name in ("eval_1", "eval_2"))


class House:
    """Rounds that a test opens; what was made and ended for each."""

    def __init__(self):
        self.round = None
        self.said = []
        self.fails = False
        self.annex = Annex(lambda: self.round, self.opened)

    @contextlib.asynccontextmanager
    async def opened(self, found):
        if self.fails:
            raise OSError("no room")
        self.said.append(f"made {found.evaluation_id}")
        yield found.evaluation_id
        self.said.append(f"ended {found.evaluation_id}")


@pytest.fixture
async def house(monkeypatch):
    monkeypatch.setattr(annexes, "LOOK_EVERY_S", 0.01)
    house = House()
    async with house.annex.running():
        yield house


async def over(house):
    while house.annex.standing is not None:
        await asyncio.sleep(0.01)


async def test_without_a_round_nothing_stands(house):
    assert await house.annex.now() is None
    assert house.said == []


async def test_of_many_who_ask_at_once_all_get_the_same(house):
    house.round = ONE
    found = await asyncio.gather(*(house.annex.now() for _ in range(5)))

    assert found == [(ONE, "eval_1")] * 5
    assert house.said == ["made eval_1"]


async def test_it_ends_with_its_round_though_nobody_asks(house):
    house.round = ONE
    await house.annex.now()
    house.round = None
    await over(house)

    assert house.said == ["made eval_1", "ended eval_1"]
    assert await house.annex.now() is None


async def test_the_next_round_gets_its_own_after_the_last_one_has_ended(house):
    house.round = ONE
    await house.annex.now()
    house.round = TWO

    assert await house.annex.now() == (TWO, "eval_2")
    assert house.said[0] == "made eval_1"
    assert house.said[-1] == "made eval_2"
    assert house.annex.standing == (TWO, "eval_2")


async def test_what_cannot_be_made_is_not_there_and_breaks_nothing(house, caplog):
    house.round, house.fails = ONE, True

    assert await house.annex.now() is None
    assert await house.annex.now() is None
    assert "eval_1" in caplog.text
    house.round, house.fails = TWO, False
    assert await house.annex.now() == (TWO, "eval_2")


async def test_after_the_end_nothing_is_made(monkeypatch):
    monkeypatch.setattr(annexes, "LOOK_EVERY_S", 0.01)
    house = House()
    async with house.annex.running():
        house.round = ONE
        await house.annex.now()

    assert house.annex.standing is None
    assert await house.annex.now() is None
