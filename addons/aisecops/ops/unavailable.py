"""Says in the log what requests are refused for that is no fault of theirs: a store or a policy engine that is down.

Who asks is told each time; whoever runs it reads the log. The record says by itself that it cannot be written.
"""

from __future__ import annotations

import logging

from aisecops.model.outcome import Refuse
from aisecops.model.refusals import Code
from aisecops.ops.seldom import Seldom

SAID_EVERY_S = 10.0
DOWN = frozenset({Code.STORE_UNAVAILABLE, Code.POLICY_UNAVAILABLE})

_log = logging.getLogger("aisecops.unavailable")


class Unavailable:
    """Told of every refusal; says those of a part that is down, each sort once in a while."""

    def __init__(self, every_s: float = SAID_EVERY_S) -> None:
        self._seldom = Seldom(every_s)

    def refused(self, refuse: Refuse) -> None:
        """`refuse` was answered."""
        if refuse.code in DOWN and (times := self._seldom.times(refuse.code.value)):
            _log.error("%s: %s (%d refused)", refuse.code.value, refuse.inside or refuse.detail, times)
