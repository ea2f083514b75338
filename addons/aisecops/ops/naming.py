"""The DNS side of transparent mode, put together: `proxy.dns` answered from the rules in force."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator

from aisecops.adapters.system.dns import answering_names
from aisecops.gateway.addresses.names import NameAnswers
from aisecops.gateway.enforcement import CONTROL_HOST
from aisecops.ops.metrics import Metrics
from aisecops.ops.wiring.addresses import control_address
from aisecops.ops.wiring.foundation import Foundation


@contextlib.asynccontextmanager
async def answering(base: Foundation, metrics: Metrics) -> AsyncIterator[None]:
    """Answer names while inside, if the settings say so. Raises ConfigError when the port cannot be had."""
    proxy = base.settings.proxy
    if proxy.dns is None:
        yield
        return
    names = NameAnswers(
        base.rules,
        base.clock,
        ipv4=proxy.dns_ipv4,
        ipv6=proxy.dns_ipv6,
        own_names=frozenset({CONTROL_HOST} if control_address(base.settings) else ()),
        count=metrics.dns_answered,
    )
    async with answering_names(proxy.dns.host, proxy.dns.port, names.answer, shared=proxy.is_shared):
        yield
