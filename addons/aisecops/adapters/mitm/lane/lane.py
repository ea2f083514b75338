"""The fast lane: the ordinary case (HTTP/1.1 in TLS in a CONNECT) without the core's layers, under the same judgment.

Knows when there may be one at all, and what all its connections share. What is not its own goes to the core, which
`listener.py` has ready; docs/two-lanes.md has the picture.
"""

from __future__ import annotations

import asyncio
import logging
import time
from pathlib import Path
from typing import Any

from mitmproxy import certs, connection
from mitmproxy.addons.tlsconfig import TlsConfig
from mitmproxy.proxy.context import Context

from aisecops.adapters.mitm.faults import describe
from aisecops.adapters.mitm.gate import Gate
from aisecops.adapters.mitm.guard import FailClosedAddonManager
from aisecops.adapters.mitm.lane.contexts import Leaves, upstream_context
from aisecops.adapters.mitm.lane.upstream_tls import UpstreamTls
from aisecops.adapters.mitm.names import is_literal

logger = logging.getLogger(__name__)

_PROBE = "lane.invalid"
"""A host that nobody has, for the one leaf that shows whether leaves can be made."""


class Lane:
    """One per host. `manager` runs the hooks that the lane shares with the core; `tasks` outlive their connections."""

    def __init__(self, gate: Gate, manager: FailClosedAddonManager, leaves: Leaves, upstream_tls: UpstreamTls) -> None:
        self.gate = gate
        self.manager = manager
        self.leaves = leaves
        self.upstream_tls = upstream_tls
        self.tasks: set[asyncio.Task[Any]] = set()


def open_lane(gate: Gate, manager: FailClosedAddonManager, tlsconfig: TlsConfig, trust: Path | None) -> Lane | None:
    """The lane, or None where what it leans on is not as it should be; then everything is the core's."""

    def leaf(host: str) -> certs.CertStoreEntry:
        client = connection.Client(peername=("", 0), sockname=(host, 0), sni=None if is_literal(host) else host)
        return tlsconfig.get_cert(Context(client, manager.master.options))

    try:
        leaves = Leaves(leaf, http2=gate.http2)
        lane = Lane(gate, manager, leaves, UpstreamTls(upstream_context(trust), now=time.monotonic))
        has_early_bytes = isinstance(asyncio.StreamReader()._buffer, bytearray)  # type: ignore[attr-defined] # noqa: SLF001
        if has_early_bytes and leaves.context(_PROBE) is not None:
            return lane
        logger.warning("there is no fast lane here, everything takes the ordinary one")
    except Exception as fault:  # noqa: BLE001 - whatever it is, the core does not need it
        logger.warning("there is no fast lane, everything takes the ordinary one: %s", describe(fault))
    return None
