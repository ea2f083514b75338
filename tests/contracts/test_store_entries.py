"""What every store promises of entries (`gateway/ports.py: Store`)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
from msgspec.structs import replace

from aisecops.gateway.ports import Store
from aisecops.model.entry import Entry, EntryKind
from aisecops.model.errors import Stale
from support.stores import STORES, opened_store


@pytest.fixture(params=STORES)
async def store(request, tmp_path) -> AsyncIterator[Store]:
    async with opened_store(request.param, tmp_path) as opened:
        yield opened


def entry(name: str = "a", value: bytes = b"one", *, kind: EntryKind = EntryKind.SERVER, at_ms: int = 5) -> Entry:
    return Entry(kind=kind, name=name, value=value, at_ms=at_ms)


async def found(store: Store, *names: str, kind: EntryKind = EntryKind.SERVER) -> dict[str, bytes]:
    return {name: kept.value for name, kept in (await store.find_entries(kind, names)).items()}


async def test_an_entry_is_found_as_it_was_kept_and_by_its_kind_alone(store):
    version = await store.swap_entry(entry("\u00e9 / 1", b"\x00\xff"), seen=0)
    kept = await store.find_entries(EntryKind.SERVER, ["\u00e9 / 1", "gone"])
    assert kept == {"\u00e9 / 1": replace(entry("\u00e9 / 1", b"\x00\xff"), version=version)}
    assert await store.find_entries(EntryKind.PROMPT, ["\u00e9 / 1"]) == {}
    assert await store.find_entries(EntryKind.SERVER, []) == {}


async def test_of_many_who_keep_an_entry_first_one_does(store):
    async def keep(number: int) -> int:
        try:
            await store.swap_entry(entry(value=str(number).encode()), seen=0)
        except Stale:
            return 0
        return 1

    assert sum(await asyncio.gather(*map(keep, range(20)))) == 1


async def test_an_entry_is_swapped_at_its_version_alone(store):
    first = await store.swap_entry(entry(), seen=0)
    second = await store.swap_entry(entry(value=b"two"), seen=first)
    for stale in (0, first):
        with pytest.raises(Stale):
            await store.swap_entry(entry(value=b"three"), seen=stale)
    assert await found(store, "a") == {"a": b"two"}
    assert second > first


async def test_entries_that_are_set_stand_whatever_was_kept_and_the_last_of_a_name_wins(store):
    await store.swap_entry(entry(), seen=0)
    await store.set_entries(entry(value=b"two"), entry("b"), entry("b", b"last"))
    assert await found(store, "a", "b") == {"a": b"two", "b": b"last"}
    with pytest.raises(Stale):
        await store.swap_entry(entry(), seen=1)


async def test_entries_are_listed_last_written_first(store):
    await store.set_entries(entry("a"), entry("b"), entry("c"), entry("x", kind=EntryKind.PROMPT))
    await store.set_entries(entry("a"))
    assert [one.name for one in await store.list_entries(EntryKind.SERVER)] == ["a", "c", "b"]
    assert [one.name for one in await store.list_entries(EntryKind.SERVER, limit=1)] == ["a"]


async def test_of_too_many_entries_those_go_that_were_written_longest_ago_and_other_kinds_stay(store):
    await store.set_entries(entry("other", kind=EntryKind.PROMPT))
    most = EntryKind.SERVER.most
    await store.set_entries(*(entry(str(number)) for number in range(most)))
    await store.swap_entry(entry("0", b"again"), seen=1)
    await store.swap_entry(entry("one more"), seen=0)
    assert len(await store.list_entries(EntryKind.SERVER, limit=most * 2)) == most
    assert await found(store, "0", "1", "2", "one more") == {"0": b"again", "2": b"one", "one more": b"one"}
    assert await found(store, "other", kind=EntryKind.PROMPT) == {"other": b"one"}
