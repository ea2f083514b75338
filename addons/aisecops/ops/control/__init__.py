"""The control plane: decides, issues, asks people, remembers (spec 7.2)."""

from __future__ import annotations

import socket
from collections.abc import Callable

from aisecops.ops.settings import Settings


def run_control(settings: Settings, ready: Callable[[str], None], listener: socket.socket | None = None) -> int:
    """Serve the API until SIGINT or SIGTERM; return 0. `ready` is told its URL once it answers.

    `listener` is where it shall answer; without one it listens where `settings` say.
    """
    from aisecops.ops.control.serve import serve_control

    return serve_control(settings, ready, listener)
