"""Says in the log what requests are refused for that is no fault of theirs: a store or a policy engine that is down.

Who asks is told each time; whoever runs it reads the log. The record says by itself that it cannot be written.
"""

from __future__ import annotations

import logging
import time

from aisecops.model.outcome import Refuse
from aisecops.model.refusals import Code

SAID_EVERY_S = 10.0
DOWN = frozenset({Code.STORE_UNAVAILABLE, Code.POLICY_UNAVAILABLE})

_log = logging.getLogger("aisecops.unavailable")


class Unavailable:
    """Told of every refusal; says those of a part that is down, each sort once in a while."""

    def __init__(self) -> None:
        self._counts: dict[Code, int] = {}
        self._said_s: dict[Code, float] = {}

    def refused(self, refuse: Refuse) -> None:
        """`refuse` was answered."""
        code = refuse.code
        if code not in DOWN:
            return
        self._counts[code] = self._counts.get(code, 0) + 1
        if time.monotonic() - self._said_s.get(code, -SAID_EVERY_S) >= SAID_EVERY_S:
            _log.error("%s: %s (%d refused)", code.value, refuse.detail, self._counts[code])
            self._said_s[code], self._counts[code] = time.monotonic(), 0
