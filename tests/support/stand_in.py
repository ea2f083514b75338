"""A process for the supervisor to keep: it listens, counts, says so on the real lifeline, and stops when told.

Called as the product calls itself: `--config FILE ROLE --supervised-by FD`, for a control plane with `--listening-on FD`. `STAND_IN_REFUSES=ROLE` makes
that role end at once with code 2; `STAND_IN_DEAF=ROLE` makes it ignore SIGTERM.
"""

from __future__ import annotations

import os
import signal
import socket
import sys
from pathlib import Path

from aisecops.ops import lifeline
from aisecops.ops.metrics import process_metrics
from aisecops.ops.settings_read import load


def main() -> None:
    file, role, descriptor = sys.argv[2], sys.argv[3], int(sys.argv[5])
    if os.environ.get("STAND_IN_REFUSES") == role:
        sys.exit(2)
    settings = load(file=Path(file))
    if role == "control":
        listener = socket.socket(fileno=int(sys.argv[7]))
    else:
        listener = socket.socket()
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        listener.bind((settings.proxy.listen.host, settings.proxy.listen.port))
        listener.listen()
    process_metrics().token_issued()
    ready = lifeline.hold(descriptor, drain_seconds=settings.drain_seconds)
    deaf = os.environ.get("STAND_IN_DEAF") == role
    for told in (signal.SIGTERM, lifeline.LEAVING):
        signal.signal(told, signal.SIG_IGN if deaf else lambda *_: sys.exit(0))
    (settings.paths.state / f"{role}.{os.getpid()}").touch()
    print("a line of the child's own", flush=True)
    host, port = listener.getsockname()
    ready(f"http://{host}:{port}")
    while True:
        signal.pause()


if __name__ == "__main__":
    main()
