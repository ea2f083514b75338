"""What a realtime model says of its own use, among the messages of its WebSocket.

Knows the one event that ends an answer (`response.done`) and where it counts model tokens. Other messages are none of
its business.
"""

from __future__ import annotations

from aisecops.model.errors import WireError
from aisecops.wire.limits import read_json
from aisecops.wire.llm import Usage

_DONE = b'"response.done"'


def usage_in(message: bytes) -> Usage | None:
    """The model tokens of an answer that has just ended; None for any other message, or one that does not say."""
    if _DONE not in message:
        return None
    try:
        said = read_json(message, max_bytes=len(message))
    except WireError:
        return None
    if not isinstance(said, dict) or said.get("type") != "response.done":
        return None
    response = said.get("response")
    used = response.get("usage") if isinstance(response, dict) else None
    if not isinstance(used, dict):
        return None
    counts = [used.get("input_tokens"), used.get("output_tokens")]
    if not all(isinstance(count, int) and not isinstance(count, bool) and count >= 0 for count in counts):
        return None
    return Usage(input_tokens=int(counts[0]), output_tokens=int(counts[1]))
