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
from aisecops.gateway.admit import Admission
from aisecops.gateway.answers import Answers
from aisecops.gateway.cuts import Cuts
from aisecops.gateway.descent import Descents
from aisecops.gateway.dispatch import Dispatch
from aisecops.gateway.downloads import Downloads
from aisecops.gateway.enforcement import Enforcement
from aisecops.gateway.gather import Gatherer
from aisecops.gateway.known import KnownAgain
from aisecops.gateway.memories import Memories
from aisecops.gateway.messages import Messages
from aisecops.gateway.permits import Permits
from aisecops.gateway.pins import Pins
from aisecops.gateway.ports import Meter
from aisecops.gateway.prompts import Prompts
from aisecops.gateway.proposals import Proposals
from aisecops.gateway.pseudonyms import Pseudonyms
from aisecops.gateway.realtime import Realtime
from aisecops.gateway.servers import Servers
from aisecops.gateway.settle import Settlement
from aisecops.gateway.trails import Trails
from aisecops.gateway.trees import Trees
from aisecops.gateway.usage import Usage
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
async def enforcement(base: Foundation, meter: Meter, around: Around) -> AsyncIterator[Enforcement]:
    """Everything a gateway process decides with."""
    settings = base.settings
    state = settings.paths.state
    rules = base.rules.current()
    scanner = around.scanner
    broker = ControlPlaneBroker(around.control_url, secret=gateway_secret(settings), trust=settings.control_authorities)
    async with contextlib.AsyncExitStack() as opened:
        opened.push_async_callback(broker.close)
        for note in unobeyed(rules, today=today(base.clock)):
            _log.warning("rules: %s", note)
        content = base.content()
        opened.push_async_callback(content.close)
        known = KnownAgain(content, secret_key(state, "provenance"))
        opened.callback(known.close)
        descents = Descents(known, scanner, clock=base.clock, ids=base.ids, secret=secret_key(state, "envelopes"))
        memories = Memories(known, base.store, clock=base.clock, ids=base.ids)
        pins = Pins(
            prompts=Prompts(known, base.store, base.record, base.clock),
            servers=Servers(known, base.store, base.record, base.rules, base.clock),
            usage=Usage(base.store, base.record, base.clock),
        )
        trails = Trails(base.pieces, scanner)
        gatherer = Gatherer(
            store=base.store,
            keys=PublicKeys(settings.paths.certs / "jwks.json", base.clock),
            resolver=around.resolver,
            route=around.route,
            scanner=scanner,
            trails=trails,
            broker=broker,
            descents=descents,
            memories=memories,
            pins=pins,
            issuer=ISSUER,
            audience=around.audience,
            own_addresses=own_addresses(settings),
            is_here=is_this_machine,
        )
        pseudonyms = Pseudonyms(base.pseudonyms, secret_key(state, "pseudonyms"))
        permits, trees = Permits(), Trees(base.store)
        approvals = base.approvals()
        dispatch = Dispatch(
            trees=trees,
            record=base.record,
            clock=base.clock,
            meter=meter,
            approvals=approvals,
            permits=permits,
            descents=descents,
            pseudonyms=pseudonyms,
            memories=memories,
            usage=pins.usage,
        )
        admission = Admission(
            store=base.store,
            trees=trees,
            record=base.record,
            rules=base.rules,
            clock=base.clock,
            ids=base.ids,
            meter=meter,
            gatherer=gatherer,
            points=base.points,
            dispatch=dispatch,
            runs=base.runs(),
            approvals=approvals,
            hold_ms=int(settings.hold_seconds * 1000),
            idle_ms=int(settings.idle_run_seconds * 1000),
        )
        answers = Answers(record=base.record, meter=meter)
        proposals = Proposals(
            store=base.store,
            trees=trees,
            record=base.record,
            rules=base.rules,
            clock=base.clock,
            ids=base.ids,
            meter=meter,
            approvals=approvals,
            descents=descents,
            points=base.points,
            answers=answers,
            scanner=scanner,
        )
        settlement = Settlement(
            store=base.store,
            trees=trees,
            record=base.record,
            clock=base.clock,
            permits=permits,
            descents=descents,
            memories=memories,
            servers=pins.servers,
            proposals=proposals,
            answers=answers,
            json=json_bounds(settings.limits),
        )
        await scanner.ready()
        yield Enforcement(
            rules=base.rules,
            ids=base.ids,
            identities=base.identities(),
            admission=admission,
            settlement=settlement,
            downloads=Downloads(permits=permits, descents=descents, settlement=settlement),
            permits=permits,
            cuts=Cuts(
                store=base.store, record=base.record, rules=base.rules, clock=base.clock, permits=permits, meter=meter
            ),
            messages=Messages(
                store=base.store,
                trees=trees,
                record=base.record,
                rules=base.rules,
                clock=base.clock,
                ids=base.ids,
                meter=meter,
                scanner=scanner,
                trails=trails,
                permits=permits,
                descents=descents,
                realtime=Realtime(descents=descents, proposals=proposals, pseudonyms=pseudonyms),
                points=base.points,
                key=around.fingerprints,
            ),
            meter=meter,
            vouching=vouching(base),
            control=around.control,
        )


def json_bounds(limits: LimitSettings) -> JsonBounds:
    """How much of an answer is read as one JSON document."""
    return JsonBounds(max_bytes=limits.json_answer_bytes, max_values=limits.json_answer_values)
