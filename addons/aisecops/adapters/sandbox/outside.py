"""A sandbox as whoever starts one sees it: there or not, one command in it, its end.

Starts `inside` as a fresh process, so that nothing this process holds is in the memory of that one.
"""

from __future__ import annotations

import contextlib
import socket
import subprocess
import sys
from pathlib import Path
from types import TracebackType
from typing import Self

from aisecops.adapters.sandbox.channel import Channel, Ended, Failure
from aisecops.adapters.sandbox.plan import Plan, Start
from aisecops.adapters.sandbox.unavailable import Unavailable, because

_SOURCES = str(Path(__file__).parents[3])
_BOOT = (
    "import sys; sys.path.insert(0, sys.argv[1]); from aisecops.adapters.sandbox.inside import started; "
    "started(sys.argv[1:])"
)
# -I: neither variables nor the working folder, which an agent writes to, say where modules come from.
_INTERPRETER = ("-I", "-S", "-X", "utf8", "-c")


class Sandbox:
    """Set up when it exists, and ready for one command. Ends when it is closed, or this process is gone.

    Raises Unavailable when this machine cannot have one.
    """

    listeners: tuple[socket.socket, ...]

    def __init__(self, plan: Plan) -> None:
        if not sys.platform.startswith("linux"):
            raise because(Failure("platform", 0))
        ours, theirs = socket.socketpair()
        self._channel = Channel(ours)
        with theirs:
            self._process = subprocess.Popen(  # noqa: S603  (our own interpreter and code)
                [sys.executable, *_INTERPRETER, _BOOT, _SOURCES, str(theirs.fileno())],
                pass_fds=[theirs.fileno()],
                env={},
            )
        try:
            self._channel.say(plan.written())
            outcome = self._channel.outcome()
        except (Ended, OSError):
            outcome = Failure("start", 0)
        except BaseException:
            self.close()
            raise
        if isinstance(outcome, Failure):
            self.close()
            raise because(outcome)
        self.listeners = outcome

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, raised: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def start(self, start: Start) -> None:
        """Run the command; once. Raises Unavailable when the sandbox is gone."""
        try:
            self._channel.say(start.written())
        except OSError:
            raise Unavailable("the sandbox ended before its command could start", "start it again") from None

    def send_signal(self, number: int) -> None:
        """Have the command get a signal, if it still runs."""
        with contextlib.suppress(OSError):
            self._channel.send_signal(number)

    def wait(self) -> int:
        """The command's exit code, as a shell says it, once everything inside has ended."""
        return self._process.wait()

    def close(self) -> None:
        """End everything inside and wait for that; nothing to do when it has ended."""
        self.end()
        self._process.wait()
        for listener in getattr(self, "listeners", ()):
            listener.close()
        self._channel.close()

    def end(self) -> None:
        """End everything inside, without waiting. From any thread."""
        self._channel.end()
