"""Which places are reached through the operator's own proxy, and where that proxy is, for the port `Route`."""

from __future__ import annotations

from collections.abc import Sequence

from aisecops.adapters.system.resolver import SystemResolver
from aisecops.model.upstream import UpstreamProxy


class ProxyRoute:
    """Everything but what has a fixed address, or is named in `direct`; a name with a dot first means all below."""

    def __init__(
        self, proxy: UpstreamProxy, resolver: SystemResolver, *, direct: Sequence[str] = (), resolves: bool = True
    ) -> None:
        self._proxy = proxy
        self._resolver = resolver
        self._hosts = frozenset(host for host in direct if not host.startswith("."))
        self._below = tuple(host for host in direct if host.startswith("."))
        self.resolves = resolves

    def leads_to(self, host: str, port: int) -> bool:
        name = host.lower()
        return not (name in self._hosts or name.endswith(self._below) or self._resolver.is_fixed(name, port))

    async def addresses(self) -> Sequence[tuple[str, int]]:
        return await self._resolver.resolve(self._proxy.host, self._proxy.port)
