"""Requests that are refused while they are read: counted, and recorded when it is known whose they are.

Knows the bound on such records. What such a request is answered is `server_layer.py`'s and `stream_layer.py`'s.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass

from mitmproxy import connection
from mitmproxy.proxy import commands

from aisecops.adapters.mitm.gate import Gate
from aisecops.gateway.enforcer import Caller
from aisecops.model.exchange import HttpRequest
from aisecops.model.outcome import Refuse

logger = logging.getLogger(__name__)

RECORDED_EACH_MINUTE = 60
"""Per agent; what is more is counted and not recorded, so that nobody fills the disk with garbage."""

NO_METHOD = "?"
"""Stands in the record for the method of a request that could not be read."""


@dataclass
class Unread:
    """A request of `client` that is refused unread. The addon puts the refusal that was recorded in its place."""

    client: connection.Client
    refuse: Refuse
    flow_id: str | None = None


@dataclass
class RequestUnreadHook(commands.StartHook):
    """A request was refused while it was read."""

    unread: Unread


class UnreadRequests:
    """An addon: tells the enforcer of what the layers refuse by themselves."""

    name = "aisecops-unread"

    def __init__(self, gate: Gate, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._gate = gate
        self._clock = clock
        self._minutes: dict[str, tuple[int, int]] = {}

    async def request_unread(self, unread: Unread) -> None:
        """Count it; record it in the name of who opened the tunnel or was already known by the request's head."""
        if self._gate.closed is not None:
            return
        caller, request = self._whose(unread)
        if caller is None or request is None or not self._may_record(caller):
            self._gate.enforcer.counted(caller, unread.refuse)
        else:
            unread.refuse = await self._gate.enforcer.refused(caller, request, unread.refuse)

    def _whose(self, unread: Unread) -> tuple[Caller | None, HttpRequest | None]:
        client = unread.client
        for flow_id, exchange in self._gate.of_client(client.id):
            if not exchange.sent and (client.alpn != b"h2" or flow_id == unread.flow_id):
                return exchange.caller, exchange.request
        tunnel = self._gate.tunnels.get(client.id)
        if tunnel is None:
            return None, None
        place = tunnel.place
        request = HttpRequest(method=NO_METHOD, scheme="https", host=place.host, port=place.port, path="/", headers=())
        return tunnel.caller, request

    def _may_record(self, caller: Caller) -> bool:
        minute = int(self._clock() // 60)
        seen, count = self._minutes.get(caller.agent_id, (minute, 0))
        count = count + 1 if seen == minute else 1
        self._minutes[caller.agent_id] = (minute, count)
        if count == RECORDED_EACH_MINUTE + 1:
            logger.warning("`%s` sends more unreadable requests than are recorded; they are counted", caller.agent_id)
        return count <= RECORDED_EACH_MINUTE
