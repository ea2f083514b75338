"""Lines of the log that would come every second while something lasts: each once in a while."""

from __future__ import annotations

import time

MOST_KEYS = 100


class Seldom:
    """Counts what comes again within `every_s`."""

    def __init__(self, every_s: float) -> None:
        self._every_s = every_s
        self._counts: dict[str, int] = {}
        self._said_s: dict[str, float] = {}

    def times(self, key: str) -> int:
        """How often `key` came since it was last to be said, with this time; 0 when that was just now."""
        if key not in self._said_s and len(self._said_s) >= MOST_KEYS:
            self._counts.clear()
            self._said_s.clear()
        self._counts[key] = self._counts.get(key, 0) + 1
        if time.monotonic() - self._said_s.get(key, -self._every_s) < self._every_s:
            return 0
        self._said_s[key] = time.monotonic()
        return self._counts.pop(key)
