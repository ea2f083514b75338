"""Where our own ports are, and the way out of this machine."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping

from aisecops.adapters.system.resolver import SystemResolver
from aisecops.adapters.system.route import ProxyRoute
from aisecops.ops.settings import Settings


def proxy_route(settings: Settings, environment: Mapping[str, str], resolver: SystemResolver) -> ProxyRoute | None:
    """The way through the operator's own proxy; None without one."""
    upstream = settings.upstream
    if upstream.proxy is None:
        return None
    proxy = upstream.proxy.resolved(environment)
    return ProxyRoute(proxy, resolver, direct=upstream.direct, resolves=upstream.proxy_resolves)


def own_addresses(settings: Settings) -> frozenset[tuple[str, int]]:
    """Our own ports: nothing behind the proxy reaches them through it. A name counts as every address of ours."""
    listeners = (settings.proxy.listen, settings.control.listen, settings.metrics.listen)
    return frozenset(
        (host, listen.port) for listen in listeners for host in (_as_literal(listen.host), listen.reachable.host)
    )


def _as_literal(host: str) -> str:
    try:
        return str(ipaddress.ip_address(host))
    except ValueError:
        return str(ipaddress.IPv6Address(0))


def control_address(settings: Settings) -> tuple[str, int] | None:
    """Where `aisecops.internal` leads; None when the control plane is not on this machine or speaks TLS."""
    listen = settings.control.listen.reachable
    if settings.control.public_url or settings.control.tls_certificate:
        return None
    return listen.host, listen.port
