"""One gateway process put together out of its parts, in the one way there is: for the program and for tests of it.

Knows which part asks which. Where the world comes from (sockets, files, servers, tables of a test) is the caller's.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from aisecops.gateway.admit import Admission
from aisecops.gateway.answers import Answers
from aisecops.gateway.approve import Approvals
from aisecops.gateway.cuts import Cuts
from aisecops.gateway.descent import Descents
from aisecops.gateway.dispatch import Dispatch
from aisecops.gateway.downloads import Downloads
from aisecops.gateway.enforcement import Enforcement
from aisecops.gateway.gather import Gatherer
from aisecops.gateway.identity import Identities
from aisecops.gateway.known import KnownAgain
from aisecops.gateway.memories import Memories
from aisecops.gateway.messages import Messages
from aisecops.gateway.permits import Permits
from aisecops.gateway.pins import Pins
from aisecops.gateway.points import Points
from aisecops.gateway.ports import (
    AuditLog,
    Broker,
    Clock,
    ContentScanner,
    ContentStore,
    Ids,
    KeySet,
    Meter,
    PieceStore,
    PseudonymStore,
    RuleSource,
    Store,
)
from aisecops.gateway.prompts import Prompts
from aisecops.gateway.proposals import Proposals
from aisecops.gateway.pseudonyms import Pseudonyms
from aisecops.gateway.realtime import Realtime
from aisecops.gateway.resolving import Resolver, Route
from aisecops.gateway.runs import Runs
from aisecops.gateway.servers import Servers
from aisecops.gateway.settle import Settlement
from aisecops.gateway.trails import Trails
from aisecops.gateway.trees import Trees
from aisecops.gateway.usage import Usage
from aisecops.gateway.vouch import Vouching
from aisecops.wire.limits import JsonBounds


@dataclass(frozen=True, kw_only=True)
class World:
    """What a gateway process stands on, and asks."""

    store: Store
    content: ContentStore
    pieces: PieceStore
    pseudonyms: PseudonymStore
    record: AuditLog
    rules: RuleSource
    clock: Clock
    ids: Ids
    meter: Meter
    keys: KeySet
    resolver: Resolver
    route: Route | None
    scanner: ContentScanner
    points: Points
    broker: Broker
    runs: Runs
    approvals: Approvals
    identities: Identities
    vouching: Vouching


@dataclass(frozen=True, kw_only=True)
class InstallationKeys:
    """What only an installation knows, the same in every process of it. At most 64 bytes each."""

    provenance: bytes
    envelopes: bytes
    pseudonyms: bytes
    fingerprints: bytes


@dataclass(frozen=True, kw_only=True)
class Place:
    """Who a gateway is and where it stands. `control` is where the control plane listens, when that is here."""

    issuer: str
    audience: str
    own_addresses: frozenset[tuple[str, int]]
    is_here: Callable[[str], bool]
    control: tuple[str, int] | None
    hold_ms: int
    idle_ms: int
    json: JsonBounds | None = None


@dataclass(frozen=True, kw_only=True)
class Gateway:
    """A gateway process: `enforcement` is asked by its host. `known` holds a thread, and must be closed."""

    enforcement: Enforcement
    admission: Admission
    settlement: Settlement
    downloads: Downloads
    cuts: Cuts
    messages: Messages
    permits: Permits
    pins: Pins
    known: KnownAgain


def assembled(world: World, keys: InstallationKeys, place: Place) -> Gateway:
    """Everything that decides, put together."""
    store, record, rules, clock, ids, meter = (
        world.store, world.record, world.rules, world.clock, world.ids, world.meter
    )  # fmt: skip
    permits, trees, approvals, points = Permits(), Trees(store), world.approvals, world.points
    known = KnownAgain(world.content, keys.provenance)
    descents = Descents(known, world.scanner, clock=clock, ids=ids, secret=keys.envelopes)
    memories = Memories(known, store, clock=clock, ids=ids)
    pins = Pins(
        prompts=Prompts(known, store, record, clock),
        servers=Servers(known, store, record, rules, clock),
        usage=Usage(store, record, clock),
    )
    trails = Trails(world.pieces, world.scanner)
    pseudonyms = Pseudonyms(world.pseudonyms, keys.pseudonyms)
    answers = Answers(record=record, meter=meter)
    gatherer = Gatherer(
        store=store,
        keys=world.keys,
        resolver=world.resolver,
        route=world.route,
        scanner=world.scanner,
        trails=trails,
        broker=world.broker,
        descents=descents,
        memories=memories,
        pins=pins,
        issuer=place.issuer,
        audience=place.audience,
        own_addresses=place.own_addresses,
        is_here=place.is_here,
    )
    dispatch = Dispatch(
        trees=trees,
        record=record,
        clock=clock,
        meter=meter,
        approvals=approvals,
        permits=permits,
        descents=descents,
        pseudonyms=pseudonyms,
        memories=memories,
        usage=pins.usage,
    )
    admission = Admission(
        store=store,
        trees=trees,
        record=record,
        rules=rules,
        clock=clock,
        ids=ids,
        meter=meter,
        gatherer=gatherer,
        points=points,
        dispatch=dispatch,
        runs=world.runs,
        approvals=approvals,
        hold_ms=place.hold_ms,
        idle_ms=place.idle_ms,
    )
    proposals = Proposals(
        store=store,
        trees=trees,
        record=record,
        rules=rules,
        clock=clock,
        ids=ids,
        meter=meter,
        approvals=approvals,
        descents=descents,
        points=points,
        answers=answers,
        scanner=world.scanner,
    )
    settlement = Settlement(
        store=store,
        trees=trees,
        record=record,
        clock=clock,
        permits=permits,
        descents=descents,
        memories=memories,
        servers=pins.servers,
        proposals=proposals,
        answers=answers,
        json=place.json,
    )
    downloads = Downloads(permits=permits, descents=descents, settlement=settlement)
    cuts = Cuts(store=store, record=record, rules=rules, clock=clock, permits=permits, meter=meter)
    messages = Messages(
        store=store,
        trees=trees,
        record=record,
        rules=rules,
        clock=clock,
        ids=ids,
        meter=meter,
        scanner=world.scanner,
        trails=trails,
        permits=permits,
        descents=descents,
        realtime=Realtime(descents=descents, proposals=proposals, pseudonyms=pseudonyms),
        points=points,
        key=keys.fingerprints,
    )
    enforcement = Enforcement(
        rules=rules,
        ids=ids,
        identities=world.identities,
        admission=admission,
        settlement=settlement,
        downloads=downloads,
        permits=permits,
        cuts=cuts,
        messages=messages,
        meter=meter,
        vouching=world.vouching,
        control=place.control,
    )
    return Gateway(
        enforcement=enforcement,
        admission=admission,
        settlement=settlement,
        downloads=downloads,
        cuts=cuts,
        messages=messages,
        permits=permits,
        pins=pins,
        known=known,
    )
