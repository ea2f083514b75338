"""What a charge depends on in other parts of a store, in its file and in memory: looked at and kept with the charge.

Each part knows what it looks at (`content.py`, `pieces.py`); here all of it holds or nothing does.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, cast

from aisecops.gateway.proviso import Proviso
from aisecops.model.errors import Moved


@dataclass(frozen=True, slots=True)
class InFile[T]:
    """`work` says whether it is so, keeps what is to be kept, and tells; undone with the transaction."""

    work: Callable[[sqlite3.Connection], tuple[bool, T]]


@dataclass(frozen=True, slots=True)
class InMemory[T]:
    """`look` says whether it is so and tells; then `act` keeps, and tells instead."""

    look: Callable[[], tuple[bool, T]]
    act: Callable[[], T] | None = None


def kept_if_so(connection: sqlite3.Connection, provided: Sequence[Proviso]) -> list[Any]:
    """What each of `provided` tells. Raises `Moved` when one is not so: the transaction must be undone."""
    found: list[Any] = []
    all_so = True
    for one in cast("Sequence[InFile[Any]]", provided):
        is_so, told = one.work(connection)
        all_so = all_so and is_so
        found.append(told)
    if not all_so:
        raise Moved(found)
    return found


def held_if_so(provided: Sequence[Proviso]) -> list[Any]:
    """The same in memory."""
    parts = [cast("InMemory[Any]", one) for one in provided]
    found = [one.look() for one in parts]
    if not all(is_so for is_so, _ in found):
        raise Moved([told for _, told in found])
    return [one.act() if one.act is not None else told for one, (_, told) in zip(parts, found, strict=True)]
