"""The thread between `aisecops up` and each process it started: one socket, two messages.

The process says once where it listens. The end of the socket says that the supervisor is gone, however
it went; then the process stops too, drained as on SIGTERM, and by force if that does not end it.
"""

from __future__ import annotations

import os
import signal
import socket
import threading
import time
from collections.abc import Callable

FORCED_EXIT = 3
GRACE_SECONDS = 5.0
"""What a process gets beyond the time for draining before it is ended by force."""


LEAVING = signal.SIGUSR2
"""Tells a gateway that another has taken its place; tells `aisecops up` to put new processes in the place of all."""


def ending_signals() -> tuple[signal.Signals, ...]:
    """What ends a process of ours in peace: a terminal that closes too, unless `nohup` has said that it shall not."""
    hung_up = () if signal.getsignal(signal.SIGHUP) is signal.SIG_IGN else (signal.SIGHUP,)
    return (signal.SIGINT, signal.SIGTERM, *hung_up)


def hold(descriptor: int, *, drain_seconds: float) -> Callable[[str], None]:
    """Watch the supervisor's end of `descriptor`; return what tells it the URL this process listens at."""
    line = socket.socket(fileno=descriptor)
    watch = threading.Thread(target=_outlive_nobody, args=(line, drain_seconds), name="lifeline", daemon=True)
    watch.start()

    def ready(url: str) -> None:
        line.sendall(f"{url}\n".encode())

    return ready


def _outlive_nobody(line: socket.socket, drain_seconds: float) -> None:
    try:
        while line.recv(64):
            pass
    except OSError:
        pass  # a broken line is an ended one
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(drain_seconds + GRACE_SECONDS)
    os._exit(FORCED_EXIT)
