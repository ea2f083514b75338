"""Names nobody has used before: a prefix and a ULID."""

from __future__ import annotations

import os
import threading

from aisecops.gateway.ports import Clock
from aisecops.model.ids import ALPHABET

_CHARACTERS = 26  # 48 bits of time and 80 of chance, in fives
_CHANCE_BITS = 80
_STEP_BYTES = 4
_PAIRS = [high + low for high in ALPHABET for low in ALPHABET]
_SHIFTS = range(5 * (_CHARACTERS - 2), -1, -10)


class Ulids:
    """Implements the port `Ids`. Within a process each id sorts after the one before, also from several threads."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._last = 0
        self._process = 0

    def new(self, prefix: str) -> str:
        with self._lock:
            self._last = self._next()
            return prefix + _text(self._last)

    def _next(self) -> int:
        fresh = (self._clock.now_ms() << _CHANCE_BITS) | _chance(_CHANCE_BITS // 8)
        # a forked process must not go on counting where its parent does
        if self._process != os.getpid():
            self._process = os.getpid()
            return fresh
        same_moment = fresh >> _CHANCE_BITS <= self._last >> _CHANCE_BITS
        return self._last + 1 + _chance(_STEP_BYTES) if same_moment else fresh


def _chance(size_bytes: int) -> int:
    return int.from_bytes(os.urandom(size_bytes))


def _text(number: int) -> str:
    return "".join([_PAIRS[number >> shift & 1023] for shift in _SHIFTS])
