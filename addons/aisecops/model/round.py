"""A round: the running gateway is being evaluated, for so long, against stand-ins at one port of this machine."""

from __future__ import annotations

from aisecops.model.value import Value

MOST_S = 1800
"""No round lasts longer, in seconds."""


class Round(Value):
    """One round. `port` is where its stand-ins listen on loopback; from `ends_ms` on it is over."""

    evaluation_id: str
    by: str
    port: int
    ends_ms: int
