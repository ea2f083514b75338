"""Which signed bundle of rules was taken up: what is remembered of it, so that no older one is."""

from __future__ import annotations

from aisecops.model.value import Value


class Taken(Value):
    """A bundle that was taken up. Of two, the one with the higher `serial` is newer."""

    serial: int
    policy_version: str
