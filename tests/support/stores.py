"""Stores for tests: every adapter of the port, and wrappers that fail both ways a write can fail."""

from __future__ import annotations

import enum
from collections.abc import Callable
from pathlib import Path
from typing import Any

from aisecops.adapters.store.memory import MemoryStore
from aisecops.adapters.store.sqlite import SqliteStore
from aisecops.model.errors import StoreError

# A new adapter is one line here: the contract suite runs against each.
STORES: dict[str, Callable[[Path], Any]] = {
    "memory": lambda _: MemoryStore(),
    "sqlite": lambda folder: SqliteStore(folder / "store.sqlite"),
}


class Failure(enum.Enum):
    """The two ways a call fails: it never happened; or it did, and we were told it did not."""

    BEFORE = "did not happen"
    AFTER = "happened, but we were told it failed"


class FailingStore:
    """`inner`, except that calls of the methods in `failing` raise `StoreError`. Change `failing` at any time."""

    def __init__(self, inner: Any, **failing: Failure) -> None:
        self.inner = inner
        self.failing = failing
        self.failed: list[str] = []

    def __getattr__(self, name: str) -> Any:
        method = getattr(self.inner, name)

        async def call(*args: Any, **kwargs: Any) -> Any:
            failure = self.failing.get(name)
            if failure is None:
                return await method(*args, **kwargs)
            self.failed.append(name)
            if failure is Failure.AFTER:
                await method(*args, **kwargs)
            raise StoreError(f"{name} {failure.value}")

        return call
