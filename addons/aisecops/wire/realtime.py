"""What a realtime model says of its own use, among the messages of its WebSocket.

Knows the one event that ends an answer (`response.done`) and where it counts model tokens. Other messages are none of
its business.
"""

from __future__ import annotations

from typing import TypeGuard

from aisecops.model.errors import WireError
from aisecops.wire.limits import JsonValue, read_json
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
    came_in, went_out = used.get("input_tokens"), used.get("output_tokens")
    if not _is_count(came_in) or not _is_count(went_out):
        return None
    return Usage(input_tokens=came_in, output_tokens=went_out)


def _is_count(value: JsonValue) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0
