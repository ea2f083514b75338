"""What one step rests on that was at hand and not asked for, until the store has found it to be so as it charges.

INVARIANT: as with trees (`trees.py`), what is at hand decides nothing: a step that was judged on it is charged only if
all of it is so in the same moment, and what it says is kept in that moment. What waits for that is known to nobody
before, this process included. A refusal, a hold, and whatever serves only once rest on what was asked for.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

from aisecops.gateway.proviso import Proviso
from aisecops.model.finding import Finding


class Rest(Protocol):
    """One thing that a step rests on."""

    def stands(self) -> bool:
        """Is it so as far as this process knows?"""
        ...

    def proviso(self) -> Proviso:
        """What the store shall find to be so."""
        ...

    async def came_true(self, told: Any) -> None:
        """It was so, and the step is charged."""
        ...

    async def moved(self, told: Any) -> bool:
        """The step is not charged; `told` is what is so. True when that is known here now."""
        ...

    def let_go(self) -> None:
        """Nothing will be charged on it any more."""
        ...


class Rests:
    """All that one step rests on; true when there is anything.

    `alone` is what was found in each of its texts alone, which does not change with that; None when that is not known.
    """

    def __init__(self) -> None:
        self.alone: tuple[Finding, ...] | None = None
        self._on: list[Rest] = []
        self.have_moved = False
        self.is_read = False

    def __bool__(self) -> bool:
        return bool(self._on)

    def add(self, rest: Rest) -> None:
        """The step rests on this too."""
        self._on.append(rest)

    def stand(self) -> bool:
        """Is all of it so as far as this process knows?"""
        return all(rest.stands() for rest in self._on)

    def provided(self) -> list[Proviso]:
        """What the store shall find to be so."""
        return [rest.proviso() for rest in self._on]

    async def came_true(self, told: Sequence[Any]) -> None:
        """The store has found so, and has charged."""
        for rest, one in zip(self._on, told, strict=True):
            await rest.came_true(one)
        self.let_go()

    async def moved(self, told: Sequence[Any]) -> None:
        """The store has found otherwise. `is_read` says then whether what others have added is known here now."""
        self.have_moved = True
        self.is_read = any([await rest.moved(one) for rest, one in zip(self._on, told, strict=True)])

    def let_go(self) -> None:
        """Nothing will be charged on it any more, or all has been."""
        for rest in self._on:
            rest.let_go()
        self._on.clear()
