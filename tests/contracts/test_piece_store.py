"""What every store of pieces promises."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from aisecops.gateway.ports import PieceStore
from aisecops.model.ids import RunId
from aisecops.model.piece import Piece
from support.stores import STORES, opened_pieces

ROOT, OTHER = RunId("run_1"), RunId("run_2")
TO = "api.test:443"


def piece(text: str) -> Piece:
    return Piece(place="body:/text", head=text)


@pytest.fixture(params=STORES)
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[PieceStore]:
    async with opened_pieces(request.param, tmp_path) as opened:
        yield opened


async def test_what_was_said_is_read_in_order_and_once(store: PieceStore) -> None:
    first, _ = await store.say(ROOT, TO, [piece("a"), piece("b")], after=0)
    assert [(place, list(said)) for place, said in await store.newer(ROOT, TO, 0)] == [
        (first, [piece("a"), piece("b")])
    ]
    second, _ = await store.say(ROOT, TO, [piece("c")], after=0)
    assert second > first
    assert [(place, list(said)) for place, said in await store.newer(ROOT, TO, first)] == [(second, [piece("c")])]
    assert list(await store.newer(ROOT, TO, second)) == []


async def test_trees_and_receivers_know_nothing_of_each_other(store: PieceStore) -> None:
    await store.say(ROOT, TO, [piece("a")], after=0)
    await store.say(OTHER, TO, [piece("b")], after=0)
    await store.say(ROOT, "other.test:443", [piece("c")], after=0)
    assert [said for _, (said,) in await store.newer(OTHER, TO, 0)] == [piece("b")]
    await store.forget(ROOT)
    assert list(await store.newer(ROOT, TO, 0)) == []
    assert list(await store.newer(ROOT, "other.test:443", 0)) == []
    assert len(await store.newer(OTHER, TO, 0)) == 1


async def test_of_two_at_once_one_is_before_the_other(store: PieceStore) -> None:
    told = await asyncio.gather(*(store.say(ROOT, TO, [piece(str(n))], after=0) for n in range(20)))
    places = [place for place, _ in told]
    assert len(set(places)) == len(places)
    # each was told of exactly those before it
    assert sorted(len(before) for _, before in told) == list(range(20))
    assert all(earlier < place for place, before in told for earlier, _ in before)
    assert [place for place, _ in await store.newer(ROOT, TO, 0)] == sorted(places)


async def test_who_says_something_is_told_what_was_said_since_it_last_heard(store: PieceStore) -> None:
    first, nothing = await store.say(ROOT, TO, [piece("a")], after=0)
    assert list(nothing) == []
    await store.say(OTHER, TO, [piece("x")], after=0)
    second, _ = await store.say(ROOT, TO, [piece("b")], after=first)
    third, before = await store.say(ROOT, TO, [piece("c")], after=first)
    assert [(place, list(said)) for place, said in before] == [(second, [piece("b")])]
    await store.take_back(ROOT, TO, second)
    _, before = await store.say(ROOT, TO, [piece("d")], after=third)
    assert [list(said) for _, said in before] == [[]]


async def test_what_is_taken_back_was_not_said_and_who_read_it_is_told(store: PieceStore) -> None:
    first, _ = await store.say(ROOT, TO, [piece("a")], after=0)
    second, _ = await store.say(ROOT, TO, [piece("b")], after=0)
    await store.take_back(ROOT, TO, second)
    ((_, said),) = await store.newer(ROOT, TO, second)
    assert list(said) == []
    assert [list(said) for _, said in await store.newer(ROOT, TO, 0)] == [[piece("a")], []]
    assert first < second
