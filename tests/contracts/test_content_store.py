"""What every store of fingerprints promises."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from aisecops.adapters.store.content import SqliteContent
from aisecops.gateway.ports import KNOWN_AT_ONCE, ContentStore
from aisecops.model.ids import RunId
from aisecops.model.known import KnownContent, ProposedWords, SaidWords
from support.origins import origin
from support.stores import STORES, opened_content

ROOT = RunId("run_1")


def content(name: str) -> KnownContent:
    return KnownContent(origin=origin(name), prints=b"12345678")


def words(name: str, *, root: str = ROOT, trusted: bool = True) -> SaidWords:
    return SaidWords(root_run_id=RunId(root), name=name, trusted=trusted, words=b"12345678", pairs=b"")


@pytest.fixture(params=STORES)
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[ContentStore]:
    async with opened_content(request.param, tmp_path) as opened:
        yield opened


async def everything(store: ContentStore, after: int = 0) -> list[object]:
    found: list[object] = []
    while True:
        place, known = await store.newer(after)
        found += known
        if len(known) < KNOWN_AT_ONCE:
            return found
        after = place


async def test_what_was_kept_is_read_in_order_and_once(store: ContentStore) -> None:
    await store.keep(content("a"), words("x"))
    place, known = await store.newer(0)
    assert list(known) == [content("a"), words("x")]
    await store.keep(content("b"))
    assert list((await store.newer(place))[1]) == [content("b")]


async def test_who_adds_alone_need_not_read_it_again_and_who_does_not_must(store: ContentStore) -> None:
    place = await store.keep(content("a"), words("x"), after=0)
    assert place > 0
    assert list((await store.newer(place))[1]) == []
    other = await store.keep(content("b"), after=place)
    behind = await store.keep(content("c"), after=place)
    assert behind == place
    assert list((await store.newer(behind))[1]) == [content("b"), content("c")]
    assert list((await store.newer(other))[1]) == [content("c")]


async def test_who_adds_nothing_new_is_told_to_read_on_from_where_it_was(store: ContentStore) -> None:
    await store.keep(words("x"))
    assert await store.keep(words("x"), after=0) == 0
    assert list((await store.newer(0))[1]) == [words("x")]


async def test_more_than_fits_one_answer_is_read_in_several(store: ContentStore) -> None:
    await store.keep(*(content(f"{number:05}") for number in range(1200)))
    assert len(await everything(store)) == 1200


async def test_the_same_words_are_kept_once_for_each_tree_and_kind(store: ContentStore) -> None:
    same = [words("x"), words("x"), words("x", trusted=False), words("x", root="run_2")]
    await store.keep(*same)
    assert len(await everything(store)) == 3


async def test_a_trees_words_are_its_own(store: ContentStore) -> None:
    await store.keep(words("x"), words("y", root="run_10"), content("a"), words("z", trusted=False))
    assert list(await store.of_tree(ROOT)) == [words("x"), words("z", trusted=False)]


async def test_a_trees_proposals_are_its_own_and_kept_once(store: ContentStore) -> None:
    first = ProposedWords(root_run_id=ROOT, key="dec_1:call_1:0", name="send", call_id="call_1", words=b"12345678")
    other = ProposedWords(root_run_id=RunId("run_10"), key="dec_1:call_1:0", name="send")
    await store.keep(first, words("x"), ProposedWords(root_run_id=ROOT, key=""), other, first)
    assert list(await store.of_tree(ROOT)) == [first, words("x"), ProposedWords(root_run_id=ROOT, key="")]


async def test_another_process_reads_what_one_has_kept(tmp_path: Path) -> None:
    one, other = SqliteContent(tmp_path / "store.sqlite"), SqliteContent(tmp_path / "store.sqlite")
    await one.keep(content("a"))
    assert await everything(other) == [content("a")]
    await one.close()
    await other.close()


@pytest.mark.parametrize("kind", STORES[1:])
async def test_the_oldest_goes_first_when_there_is_too_much(kind: str, tmp_path: Path) -> None:
    async with opened_content(kind, tmp_path, max_bytes=20_000) as store:
        await store.keep(words("x"), *(content(f"{number:05}") for number in range(1000)))
        left = await everything(store)
        assert 20 < len(left) < 500
        assert left[-1] == content("00999")
        assert list(await store.of_tree(ROOT)) == []
        await store.keep(words("x"))
        assert list(await store.of_tree(ROOT)) == [words("x")] == [(await everything(store))[-1]]
