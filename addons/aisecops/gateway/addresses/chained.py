"""Where a request goes that is led through the operator's own proxy: to that proxy, if the name may be gone to.

The proxy resolves the name anew, so what is judged here is the name, and what it resolves to when we can say so.
"""

from __future__ import annotations

from collections.abc import Sequence

from aisecops.controls.egress.destination import judge_addresses
from aisecops.controls.egress.special_names import is_inside_name
from aisecops.gateway.addresses.resolving import Resolver, Route
from aisecops.gateway.step.classify import deny
from aisecops.model.decision import Judgment, Verdict
from aisecops.model.refusals import Code


async def through_proxy(
    route: Route, resolver: Resolver, host: str, port: int, *, own: frozenset[tuple[str, int]]
) -> tuple[Sequence[tuple[str, int]], Judgment | None]:
    """The proxy's own addresses, and the objection when `host` is no place to go.

    1. what resolves here is judged as ever; 2. what does not may be the proxy's to resolve, unless the setting or the
    form of the name says no; 3. the proxy itself must be found.
    """
    try:
        found = await resolver.resolve(host, port)
    except OSError:
        found = ()
    if found:
        judged = judge_addresses(found, fixed=False, own=own)
        if judged.verdict is not Verdict.ALLOW:
            return (), judged
    elif not route.resolves:
        return (), _denied(f"`{host}` cannot be resolved here, and `upstream.proxy_resolves` is false")
    elif is_inside_name(host):
        return (), _denied(f"`{host}` is a name of the inside that nobody here resolves; fix it in `upstream.resolve`")
    try:
        return await route.addresses(), None
    except OSError:
        return (), _denied("the proxy in `upstream.proxy` cannot be resolved; check its name")


def _denied(detail: str) -> Judgment:
    return deny(Code.DESTINATION_DENIED, detail)
