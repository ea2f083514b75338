"""One gateway process put together out of its parts, in the one way there is: for the program and for tests of it.

Knows which part asks which. Where the world comes from (sockets, files, servers, tables of a test) is the caller's.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from aisecops.gateway.addresses.resolving import Resolver, Route
from aisecops.gateway.admission.admit import Admission
from aisecops.gateway.admission.dispatch import Dispatch
from aisecops.gateway.admission.gather import Gatherer
from aisecops.gateway.enforcement import Enforcement
from aisecops.gateway.ground import Ground
from aisecops.gateway.leaving.pseudonyms import Pseudonyms
from aisecops.gateway.leaving.trails import Trails
from aisecops.gateway.origins.descent import Descents
from aisecops.gateway.origins.known import KnownAgain
from aisecops.gateway.origins.memories import Memories
from aisecops.gateway.people.approve import Approvals
from aisecops.gateway.pinned.pins import Pins
from aisecops.gateway.pinned.prompts import Prompts
from aisecops.gateway.pinned.servers import Servers
from aisecops.gateway.pinned.usage import Usage
from aisecops.gateway.ports import (
    Broker,
    ContentScanner,
    ContentStore,
    KeySet,
    PieceStore,
    PseudonymStore,
)
from aisecops.gateway.runs.identity import Identities
from aisecops.gateway.runs.runs import Runs
from aisecops.gateway.runs.trees import Trees
from aisecops.gateway.runs.vouch import Vouching
from aisecops.gateway.settlement.answers import Answers
from aisecops.gateway.settlement.cuts import Cuts
from aisecops.gateway.settlement.downloads import Downloads
from aisecops.gateway.settlement.proposals import Proposals
from aisecops.gateway.settlement.settle import Settlement
from aisecops.gateway.step.permits import Permits
from aisecops.gateway.step.points import Points
from aisecops.gateway.together.messages import Messages
from aisecops.gateway.together.realtime import Realtime
from aisecops.wire.limits import JsonBounds


@dataclass(frozen=True, kw_only=True)
class World:
    """What a gateway process stands on, and asks."""

    ground: Ground
    content: ContentStore
    pieces: PieceStore
    pseudonyms: PseudonymStore
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
    ground, approvals, points = world.ground, world.approvals, world.points
    permits, trees = Permits(), Trees(ground.store)
    known = KnownAgain(world.content, keys.provenance)
    descents = Descents(known, world.scanner, clock=ground.clock, ids=ground.ids, secret=keys.envelopes)
    memories = Memories(known, ground.store, clock=ground.clock, ids=ground.ids)
    pins = Pins(
        prompts=Prompts(ground, known),
        servers=Servers(ground, known),
        usage=Usage(ground),
    )
    trails = Trails(world.pieces, world.scanner)
    pseudonyms = Pseudonyms(world.pseudonyms, keys.pseudonyms)
    answers = Answers(record=ground.record, meter=ground.meter)
    gatherer = Gatherer(
        store=ground.store,
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
        ground,
        trees=trees,
        approvals=approvals,
        permits=permits,
        descents=descents,
        pseudonyms=pseudonyms,
        memories=memories,
        usage=pins.usage,
    )
    admission = Admission(
        ground,
        trees=trees,
        gatherer=gatherer,
        points=points,
        dispatch=dispatch,
        runs=world.runs,
        approvals=approvals,
        hold_ms=place.hold_ms,
        idle_ms=place.idle_ms,
    )
    proposals = Proposals(
        ground,
        trees=trees,
        approvals=approvals,
        descents=descents,
        points=points,
        answers=answers,
        scanner=world.scanner,
    )
    settlement = Settlement(
        ground,
        trees=trees,
        permits=permits,
        descents=descents,
        memories=memories,
        servers=pins.servers,
        proposals=proposals,
        answers=answers,
        json=place.json,
    )
    downloads = Downloads(permits=permits, descents=descents, settlement=settlement)
    cuts = Cuts(ground, permits=permits)
    messages = Messages(
        ground,
        trees=trees,
        scanner=world.scanner,
        trails=trails,
        permits=permits,
        descents=descents,
        prompts=pins.prompts,
        realtime=Realtime(descents=descents, proposals=proposals, pseudonyms=pseudonyms),
        points=points,
        key=keys.fingerprints,
    )
    enforcement = Enforcement(
        ground,
        identities=world.identities,
        admission=admission,
        settlement=settlement,
        downloads=downloads,
        permits=permits,
        cuts=cuts,
        messages=messages,
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
