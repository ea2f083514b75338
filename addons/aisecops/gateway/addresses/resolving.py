"""The ports that say where a name leads: straight to it, or through the operator's own proxy."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol


class Resolver(Protocol):
    """Names to addresses."""

    async def resolve(self, host: str, port: int) -> Sequence[tuple[str, int]]:
        """Where `host:port` would be dialled: addresses and ports, fixed ones from the settings included.

        Raises `OSError` when the name cannot be resolved.
        """
        ...

    def is_fixed(self, host: str, port: int) -> bool:
        """True when the operator fixed the address in `upstream.resolve`; such an address may be private."""
        ...

    def is_at_hand(self, host: str, port: int) -> bool:
        """True when `resolve` would ask nobody now."""
        ...


class Route(Protocol):
    """The way through the operator's own proxy, when there is one."""

    @property
    def resolves(self) -> bool:
        """May the proxy be asked for a name that cannot be resolved here?"""
        ...

    def leads_to(self, host: str, port: int) -> bool:
        """Is `host:port` reached through the proxy? Does no I/O; the same place always gives the same answer."""
        ...

    async def addresses(self) -> Sequence[tuple[str, int]]:
        """Where the proxy itself would be dialled; may be private. Raises `OSError` when it cannot be resolved."""
        ...
