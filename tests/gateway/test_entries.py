"""Typed entries: changed by whoever comes, and nobody's change is lost."""

import asyncio

import pytest
from msgspec.structs import replace

from aisecops.adapters.store.memory import MemoryStore
from aisecops.gateway.entries import Entries
from aisecops.model.entry import Entry, EntryKind
from aisecops.model.errors import StoreError
from aisecops.model.integration import PromptPins
from support.gateway import SetClock


async def test_changes_of_many_at_once_are_all_kept():
    entries = Entries(MemoryStore(), SetClock(), EntryKind.PROMPT, PromptPins)

    def with_one(number):
        return lambda now: replace(
            now or PromptPins(accepted=(), at_ms=0), accepted=(*(now.accepted if now else ()), number)
        )

    await asyncio.gather(*(entries.change("clerk", with_one(str(number))) for number in range(9)))
    found = await entries.find("clerk")
    assert found is not None
    assert sorted(found.accepted) == [str(number) for number in range(9)]
    assert list(await entries.all()) == ["clerk"]


async def test_what_cannot_be_read_is_a_fault():
    store = MemoryStore()
    await store.set_entries(Entry(kind=EntryKind.PROMPT, name="clerk", value=b"{", at_ms=0))
    with pytest.raises(StoreError):
        await Entries(store, SetClock(), EntryKind.PROMPT, PromptPins).find("clerk")
