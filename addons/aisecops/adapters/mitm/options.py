"""The proxy options that the gate stands on, each with its reason. Changing one at run time closes the gate.

Knows values, not flows. An option not named here is the operator's.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from mitmproxy import ctx, exceptions

if TYPE_CHECKING:
    from aisecops.adapters.mitm.gate import Gate

PINNED: Mapping[str, Any] = {
    # eager would resolve, connect and shake hands upstream before any request is judged: a name is a message too
    "connection_strategy": "lazy",
    # the core's HTTP/2 is never spoken: to clients ours is (`http2_server.py`), to upstreams none
    "http2": False,
    "http3": False,
    # bytes that are not HTTP must not be relayed
    "rawtcp": False,
    # without it a 101 becomes a raw tunnel
    "websocket": True,
    # the core's own defence against request smuggling
    "validate_inbound_headers": True,
    # upstream certificates are checked, always
    "ssl_insecure": False,
    # copying the upstream's certificate needs a connection before the request is judged
    "upstream_cert": False,
    "add_upstream_certs_to_client_chain": False,
    # each of these makes the core pass connections through unseen
    "ignore_hosts": [],
    "allow_hosts": [],
    "tcp_hosts": [],
    "udp_hosts": [],
    # streams bodies without asking us
    "stream_large_bodies": None,
    "store_streamed_bodies": False,
    # the Host that was judged is the Host that is sent
    "keep_host_header": True,
    # client certificates asked for by the core are not verified by it
    "request_client_cert": False,
    # upstream connections start from any address, to the pinned ones only
    "connect_addr": None,
    # prints hex dumps of what passes
    "proxy_debug": False,
}


class PinnedOptions:
    """An addon, first in the chain: says no to a change before any other addon acts on it."""

    name = "aisecops-options"

    def __init__(self, gate: Gate, pinned: Mapping[str, Any]) -> None:
        self._gate = gate
        self._pinned = dict(pinned)
        self._watching = False

    def watch(self) -> None:
        """From now on, no pinned option may differ. Raises OptionsError when one does already."""
        self._watching = True
        self.configure(set(self._pinned))

    def configure(self, updated: set[str]) -> None:
        """Refuse a change, which rolls it back, and close the gate: whoever made it has more to say than we know."""
        if not self._watching:
            return
        for name in sorted(set(updated) & set(self._pinned)):
            if getattr(ctx.options, name) != self._pinned[name]:
                self._gate.trip(f"the proxy option `{name}` was changed")
                raise exceptions.OptionsError(f"`{name}` is pinned by the gateway; start it anew without that change")
