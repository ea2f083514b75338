"""What one gateway process takes on: times, sizes and counts, as one frozen value.

Knows the numbers and what each is for. Who keeps to them: `deadlines.py` (times), `load.py` (sizes and counts),
`watchdog.py` (the event loop). People set them under `limits:`; `docs/limits.md` has the table.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Bound(StrEnum):
    """A bound in time that one exchange can cross."""

    BODY = "body"
    CONNECT = "connect"
    FIRST_BYTE = "first_byte"
    IDLE = "idle"
    TOTAL = "total"


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """Times in seconds, sizes in bytes.

    Towards the upstream: `connect_s` for a connection to stand, TLS included; `first_byte_s` until an answer begins
    (a model may think for minutes); `idle_s` between pieces of an answer; `total_s` from the dial to the answer's end.
    Towards the client: `head_s` for a head, the first one counted from the connection; `handshake_s` for TLS in a
    tunnel; `body_s` for a body, and a second more for each `BODY_BYTES_EACH_SECOND` that came; `keepalive_s` for a
    connection on which nothing is under way, `websocket_idle_s` for a WebSocket on which nothing moves. `answer_bytes`
    is what an answer that is read whole may weigh.
    """

    connect_s: float = 10.0
    first_byte_s: float = 300.0
    idle_s: float = 300.0
    total_s: float = 3600.0
    head_s: float = 30.0
    handshake_s: float = 10.0
    body_s: float = 60.0
    keepalive_s: float = 120.0
    websocket_idle_s: float = 600.0
    connections: int = 8192
    connections_per_source: int = 512
    buffered_bytes: int = 256 * 1024 * 1024
    answer_bytes: int = 64 * 1024 * 1024
    room_wait_s: float = 5.0
    stalled_s: float = 30.0


BODY_BYTES_EACH_SECOND = 16 * 1024
"""How fast a request body must come, on average, once `body_s` is used up."""

LINGER_S = 2.0
"""How long a client that is still sending may go on, unread, so that it comes to read why it was cut."""
