"""What a charge may depend on besides its tree (`ports.py: Store.reserve`)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from aisecops.model.known import AskedAbout

type Asked = Callable[[], AskedAbout]
"""What of newer content matters to a step; called when there is some, or at once."""


class Proviso(Protocol):
    """What must be so in another part of the store for a charge to count, and what is kept there with it.

    Made by that part (`ContentStore.unless_known`, `PieceStore.unless_said`) for `Store.reserve` of the same store, for
    one use.
    """
