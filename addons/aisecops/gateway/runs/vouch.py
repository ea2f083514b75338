"""The gateway's word to the control plane about who calls, for agents that have nothing of their own to show it.

A certificate or a network is proven to the gateway alone. What it says of it is authenticated with a key that only
processes of one installation hold, and good for one agent, one request line and a few seconds; nobody else can say it.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac

from aisecops.gateway.ports import Clock
from aisecops.model.ids import AgentId

SCHEME = "AISecOps-Vouched"
WITHIN_S = 30
"""How long a word is good, and how far the clocks of two processes may be apart."""

_MAX_CHARACTERS = 1024
_PARTS = 3


class Vouching:
    """Says it and hears it; `key` is the same on both sides."""

    def __init__(self, key: bytes, clock: Clock) -> None:
        self._key = key
        self._clock = clock

    def says(self, agent_id: AgentId, method: str, target: str) -> str:
        """The `Authorization` value with which `agent_id` sends `method target` (path with query)."""
        name = base64.urlsafe_b64encode(agent_id.encode()).decode()
        at = str(self._clock.now_ms() // 1000)
        return f"{SCHEME} {name}.{at}.{self._code(name, at, method, target)}"

    def heard(self, authorization: str, method: str, target: str) -> AgentId | None:
        """Whose request it is by that value; None when it is no word of ours, or not about this request, or over."""
        scheme, _, said = authorization.strip().partition(" ")
        parts = said.split(".")
        if scheme.lower() != SCHEME.lower() or len(parts) != _PARTS or len(said) > _MAX_CHARACTERS:
            return None
        name, at, code = parts
        if not hmac.compare_digest(code.encode(), self._code(name, at, method, target).encode()):
            return None
        # INVARIANT: from here on everything in it was said by us
        if abs(self._clock.now_ms() // 1000 - int(at)) > WITHIN_S:
            return None
        try:
            return AgentId(base64.urlsafe_b64decode(name).decode())
        except (binascii.Error, ValueError):
            return None

    def _code(self, *parts: str) -> str:
        told = b"".join(len(part.encode()).to_bytes(4) + part.encode() for part in parts)
        return hmac.new(self._key, told, hashlib.sha256).hexdigest()
