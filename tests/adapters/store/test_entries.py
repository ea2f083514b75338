"""Entries in SQLite: seen by every process, and still there for the next one."""

from aisecops.adapters.store.sqlite import SqliteStore
from aisecops.model.entry import Entry, EntryKind


def entry(value=b"one", at_ms=1):
    return Entry(kind=EntryKind.PROMPT, name="clerk", value=value, at_ms=at_ms)


async def test_what_one_process_keeps_another_finds_and_so_does_the_next(tmp_path):
    one, other = SqliteStore(tmp_path / "store.sqlite"), SqliteStore(tmp_path / "store.sqlite")
    await one.swap_entry(entry(), seen=0)
    found = await other.find_entries(EntryKind.PROMPT, ["clerk"])
    await other.swap_entry(entry(b"two"), seen=found["clerk"].version)
    await one.close()
    await other.close()
    later = SqliteStore(tmp_path / "store.sqlite")
    assert (await later.find_entries(EntryKind.PROMPT, ["clerk"]))["clerk"].value == b"two"
    await later.close()
