"""What every store of stand-ins promises."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from aisecops.gateway.ports import PseudonymStore
from aisecops.model.ids import RunId
from aisecops.model.stand_in import Given, StandIn
from support.stores import STORES, opened_pseudonyms

ROOT, OTHER = RunId("run_1"), RunId("run_2")


def given(value: str, text: str, *, run: RunId = ROOT, to: str = "api.test:443") -> Given:
    return Given(run_id=run, to=to, stand_in=StandIn(entity="X", value=value, text=text))


@pytest.fixture(params=STORES)
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[PseudonymStore]:
    async with opened_pseudonyms(request.param, tmp_path) as opened:
        yield opened


async def kept(store: PseudonymStore, root: RunId = ROOT) -> list[Given]:
    return list((await store.newer(root, 0))[1])


async def test_what_was_given_is_read_in_order_and_once(store: PseudonymStore) -> None:
    await store.keep(ROOT, [given("a", "x"), given("b", "y")])
    place, found = await store.newer(ROOT, 0)
    assert list(found) == [given("a", "x"), given("b", "y")]
    await store.keep(ROOT, [given("a", "x"), given("c", "z")])
    assert list((await store.newer(ROOT, place))[1]) == [given("c", "z")]


async def test_a_value_has_one_stand_in_and_a_stand_in_one_value(store: PseudonymStore) -> None:
    await store.keep(ROOT, [given("a", "x")])
    await store.keep(ROOT, [given("a", "y"), given("b", "X"), given("c", "z")])
    assert await kept(store) == [given("a", "x"), given("c", "z")]


async def test_the_same_stand_in_is_given_to_several(store: PseudonymStore) -> None:
    several = [given("a", "x"), given("a", "x", run=RunId("run_1b")), given("a", "x", to="other.test:443")]
    await store.keep(ROOT, several)
    assert await kept(store) == several


async def test_trees_know_nothing_of_each_other(store: PseudonymStore) -> None:
    await store.keep(ROOT, [given("a", "x")])
    await store.keep(OTHER, [given("b", "x", run=OTHER)])
    assert await kept(store, OTHER) == [given("b", "x", run=OTHER)]
    await store.forget(ROOT)
    assert await kept(store) == []
    assert len(await kept(store, OTHER)) == 1


async def test_of_many_at_once_one_is_first(store: PseudonymStore) -> None:
    await asyncio.gather(*(store.keep(ROOT, [given("a", f"x{number}")]) for number in range(20)))
    assert len(await kept(store)) == 1
