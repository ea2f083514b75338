"""Typed values in the store's entries: read, changed by compare-and-swap, listed."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from aisecops.gateway.ports import Clock, Store
from aisecops.model.entry import Entry, EntryKind
from aisecops.model.errors import Stale, StoreError
from aisecops.model.value import Value

SWAP_TRIES = 200
"""How often a change is tried that others come before."""


class Entries[V: Value]:
    """The entries of one kind, each a `V`."""

    def __init__(self, store: Store, clock: Clock, kind: EntryKind, value: type[V]) -> None:
        self._store = store
        self._clock = clock
        self._kind = kind
        self._decoder = msgspec.json.Decoder(value)

    async def find(self, name: str) -> V | None:
        """What is kept under `name`. Raises `StoreError`."""
        return (await self._find(name))[0]

    async def all(self) -> dict[str, V]:
        """Everything that is kept, last written first. Raises `StoreError`."""
        return {entry.name: self._read(entry) for entry in await self._store.list_entries(self._kind)}

    async def change(self, name: str, change: Callable[[V | None], V | None]) -> V | None:
        """Keep what `change` makes of what is kept; None leaves it. Returns what then is kept. Raises `StoreError`."""
        for _ in range(SWAP_TRIES):
            now, version = await self._find(name)
            new = change(now)
            if new is None or new == now:
                return now
            entry = Entry(kind=self._kind, name=name, value=msgspec.json.encode(new), at_ms=self._clock.now_ms())
            try:
                await self._store.swap_entry(entry, seen=version)
            except Stale:
                continue
            return new
        raise StoreError(f"`{name}` is changed by others faster than it can be read")

    async def _find(self, name: str) -> tuple[V | None, int]:
        entry = (await self._store.find_entries(self._kind, [name])).get(name)
        return (None, 0) if entry is None else (self._read(entry), entry.version)

    def _read(self, entry: Entry) -> V:
        try:
            return self._decoder.decode(entry.value)
        except msgspec.MsgspecError as error:
            raise StoreError(f"what the store holds of `{entry.name}` cannot be read") from error
