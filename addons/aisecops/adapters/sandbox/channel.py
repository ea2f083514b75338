"""The line between a sandbox and whoever started it: lines of text, listening sockets, signals; its end ends both.

From outside come a plan, a start, and then one byte for each signal. From inside come, once, the listeners or
why there are none. After that nothing comes from inside: what the agent does is not heard here.
"""

from __future__ import annotations

import contextlib
import json
import socket
from collections.abc import Sequence
from dataclasses import dataclass

_CHUNK = 65536
_MOST_LISTENERS = 16


class Ended(Exception):
    """The other side is gone."""


@dataclass(frozen=True, slots=True)
class Failure:
    """The step of the set-up that the kernel refused, and the number of its reason."""

    step: str
    number: int


class Channel:
    """One end of the line."""

    def __init__(self, line: socket.socket) -> None:
        self._line = line
        self._rest = b""

    def fileno(self) -> int:
        """For `select`."""
        return self._line.fileno()

    def close(self) -> None:
        """End it; the other side notices."""
        self._line.close()

    def end(self) -> None:
        """Let the other side notice the end, from any thread; `close` is still to come."""
        with contextlib.suppress(OSError):
            self._line.shutdown(socket.SHUT_RDWR)

    def say(self, text: str) -> None:
        """Send one line; raises OSError when nobody is there."""
        self._line.sendall(text.encode() + b"\n")

    def heard(self) -> str:
        """The next line; raises Ended."""
        while b"\n" not in self._rest:
            self._rest += self._bytes()
        text, _, self._rest = self._rest.partition(b"\n")
        return text.decode()

    def send_signal(self, number: int) -> None:
        """Have the command get a signal; raises OSError when nobody is there."""
        self._line.sendall(bytes([number]))

    def signals(self) -> bytes:
        """Signals that have come, one a byte; raises Ended. Waits for one."""
        found, self._rest = self._rest or self._bytes(), b""
        return found

    def hand_over(self, listeners: Sequence[socket.socket]) -> None:
        """Say that all is set up, with what to accept at."""
        socket.send_fds(self._line, [b"{}\n"], [listener.fileno() for listener in listeners])

    def admit(self, failure: Failure) -> None:
        """Say that it cannot be set up."""
        self.say(json.dumps({"step": failure.step, "number": failure.number}))

    def outcome(self) -> Failure | tuple[socket.socket, ...]:
        """What `hand_over` or `admit` said at the other end; raises Ended."""
        said, descriptors, _, _ = socket.recv_fds(self._line, _CHUNK, _MOST_LISTENERS, socket.MSG_CMSG_CLOEXEC)
        listeners = tuple(socket.socket(fileno=descriptor) for descriptor in descriptors)
        if not said:
            raise Ended
        self._rest += said
        told = json.loads(self.heard())
        return Failure(**told) if told else listeners

    def _bytes(self) -> bytes:
        try:
            found = self._line.recv(_CHUNK)
        except ConnectionError:
            found = b""
        if not found:
            raise Ended
        return found
