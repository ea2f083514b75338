"""What a client may cost in frames before it has earned an answer: counted before anything else looks at them.

Reads nothing but the nine bytes before each frame (RFC 9113 4.1). Bounds what costs the sender little and the
receiver much: floods of small frames, heads in endless continuations, streams opened and reset at once.
"""

from __future__ import annotations

from aisecops.adapters.mitm.host_refusals import MAX_HEAD_BYTES

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
MAX_FRAME_BYTES = 16384
"""What RFC 9113 6.5.2 lets every peer send; we ask for no more."""

FRAMES_AHEAD = 1000
"""Frames a client may be ahead of its answers."""
FRAMES_EACH_SECOND = 100
FRAMES_FOR_AN_ANSWER = 20
FRAMES_FOR_A_PIECE = 3
RESETS_AHEAD = 100
"""Streams a client may reset, or make us reset, at once; an agent that gives up resets what it has open."""
RESETS_EACH_SECOND = 5

_DATA, _HEADERS, _RST_STREAM, _PUSH_PROMISE, _CONTINUATION = 0, 1, 3, 5, 9
_END_HEADERS = 0x4
_SMALL = 256  # a piece of a body this long pays for itself


class Allowance:
    """So many at once, so many each second, and what is earned beside. `now` is in seconds."""

    def __init__(self, most: int, each_second: int, *, now: float) -> None:
        self._most, self._each_second = most, each_second
        self._left, self._seen = float(most), now

    def spend(self, count: int, *, now: float) -> bool:
        """Take `count`; False when there are not that many left."""
        self._left = min(self._most, self._left + (now - self._seen) * self._each_second) - count
        self._seen = now
        return self._left >= 0

    def earn(self, count: int) -> None:
        """Give `count` back."""
        self._left = min(self._most, self._left + count)


class FrameMeter:
    """Counts the frames of one connection. Told every byte received, in order."""

    def __init__(self, *, now: float) -> None:
        self.frames = Allowance(FRAMES_AHEAD, FRAMES_EACH_SECOND, now=now)
        self.resets = Allowance(RESETS_AHEAD, RESETS_EACH_SECOND, now=now)
        self.head_since: float | None = None
        self._head_bytes = 0
        self._before = len(PREFACE)
        self._start = b""

    def fault(self, data: bytes, *, now: float) -> str:
        """Why the connection must end now, or empty."""
        at = self._before
        if self._start:
            data, at = self._start + data, 0
            self._start = b""
        cost = 0
        while at + 9 <= len(data):
            length = int.from_bytes(data[at : at + 3], "big")
            kind, flags = data[at + 3], data[at + 4]
            at += 9 + length
            cost += kind != _DATA or length < _SMALL
            if length > MAX_FRAME_BYTES:
                return "a frame is too long"
            if kind == _RST_STREAM and not self.resets.spend(1, now=now):
                return "too many streams were reset"
            if self._head_is_too_long(kind, flags, length, now=now):
                return "a head has no end"
        if at < len(data):
            self._start, self._before = data[at:], 0
        else:
            self._before = at - len(data)
        return "" if self.frames.spend(cost, now=now) else "there are too many frames for what was asked"

    def _head_is_too_long(self, kind: int, flags: int, length: int, *, now: float) -> bool:
        if kind in {_HEADERS, _PUSH_PROMISE}:
            self._head_bytes, self.head_since = length, now
        elif kind == _CONTINUATION:
            self._head_bytes += length
        else:
            return False
        if flags & _END_HEADERS:
            self.head_since = None
        return self._head_bytes > MAX_HEAD_BYTES
