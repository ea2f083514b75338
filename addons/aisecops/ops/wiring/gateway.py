"""Everything a gateway process decides with."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import AsyncIterator
from dataclasses import dataclass

from aisecops.adapters.control.broker import ControlPlaneBroker
from aisecops.adapters.nlp.pool import ScannerPool
from aisecops.adapters.system.interfaces import is_this_machine
from aisecops.adapters.system.keys import PublicKeys
from aisecops.adapters.system.resolver import SystemResolver
from aisecops.adapters.system.route import ProxyRoute
from aisecops.adapters.system.secrets import secret_key
from aisecops.controls.policy.unobeyed import unobeyed
from aisecops.gateway.assembly import InstallationKeys, Place, World, assembled
from aisecops.gateway.enforcement import Enforcement
from aisecops.ops.days import today
from aisecops.ops.settings import LimitSettings
from aisecops.ops.settings_read import environment
from aisecops.ops.watched import Watched
from aisecops.ops.wiring.addresses import control_address, own_addresses, proxy_route
from aisecops.ops.wiring.foundation import AUDIENCE, ISSUER, Foundation, gateway_secret, vouching
from aisecops.wire.limits import JsonBounds

_log = logging.getLogger(__name__)

SCANS_WAITING = 256
MISSING_S = 30.0
"""How long a name that only the upstream proxy resolves is not looked up again."""


@dataclass(frozen=True)
class Around:
    """What an enforcement asks beside store, record and rules. `fingerprints` is the key that findings are named by."""

    scanner: ScannerPool
    fingerprints: bytes
    resolver: SystemResolver
    route: ProxyRoute | None
    control_url: str
    control: tuple[str, int] | None
    audience: str = AUDIENCE


@contextlib.asynccontextmanager
async def usual(base: Foundation) -> AsyncIterator[Around]:
    """What everybody's enforcement asks: scanners that know what the rules look for, and the way to the world."""
    settings = base.settings
    fingerprints = secret_key(settings.paths.state, "fingerprints")
    watched = Watched(base.rules, base.secrets, key=fingerprints, model=settings.scan.names_model)
    watched()  # a value that cannot be looked for stops the start
    scanner = ScannerPool(
        settings.scan.workers, float(settings.scan.deadline_seconds), SCANS_WAITING, fingerprints, watched
    )
    resolver = SystemResolver(settings.upstream.resolve, missing_ttl_s=MISSING_S if settings.upstream.proxy else 0.0)
    try:
        scanner.begin()
        yield Around(
            scanner=scanner,
            fingerprints=fingerprints,
            resolver=resolver,
            route=proxy_route(settings, environment(), resolver),
            control_url=settings.control_url,
            control=control_address(settings),
        )
    finally:
        await scanner.close()


@contextlib.asynccontextmanager
async def enforcement(base: Foundation, around: Around) -> AsyncIterator[Enforcement]:
    """Everything a gateway process decides with."""
    settings = base.settings
    state = settings.paths.state
    rules = base.rules.current()
    broker = ControlPlaneBroker(around.control_url, secret=gateway_secret(settings), trust=settings.control_authorities)
    async with contextlib.AsyncExitStack() as opened:
        opened.push_async_callback(broker.close)
        for note in unobeyed(rules, today=today(base.clock)):
            _log.warning("rules: %s", note)
        content = base.content()
        opened.push_async_callback(content.close)
        world = World(
            ground=base,
            content=content,
            pieces=base.pieces,
            pseudonyms=base.pseudonyms,
            keys=PublicKeys(settings.paths.certs / "jwks.json", base.clock),
            resolver=around.resolver,
            route=around.route,
            scanner=around.scanner,
            points=base.points,
            broker=broker,
            runs=base.runs(),
            approvals=base.approvals(),
            identities=base.identities(),
            vouching=vouching(base),
        )
        keys = InstallationKeys(
            provenance=secret_key(state, "provenance"),
            envelopes=secret_key(state, "envelopes"),
            pseudonyms=secret_key(state, "pseudonyms"),
            fingerprints=around.fingerprints,
        )
        place = Place(
            issuer=ISSUER,
            audience=around.audience,
            own_addresses=own_addresses(settings),
            is_here=is_this_machine,
            control=around.control,
            hold_ms=int(settings.hold_seconds * 1000),
            idle_ms=int(settings.idle_run_seconds * 1000),
            json=json_bounds(settings.limits),
        )
        gateway = assembled(world, keys, place)
        opened.callback(gateway.known.close)
        await around.scanner.ready()
        yield gateway.enforcement


def json_bounds(limits: LimitSettings) -> JsonBounds:
    """How much of an answer is read as one JSON document."""
    return JsonBounds(max_bytes=limits.json_answer_bytes, max_values=limits.json_answer_values)
