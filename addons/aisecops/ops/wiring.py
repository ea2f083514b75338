"""Settings to everything connected: the only file that names both a port and its adapter.

Opens what a process needs in the order in which it is needed, and closes it in the reverse order. What
cannot be opened stops the start with a `ConfigError`, or with the fault of the part that is down.
"""

from __future__ import annotations

import contextlib
import functools
import ipaddress
import logging
import secrets as stdlib_secrets
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass

from nacl.signing import SigningKey

from aisecops.adapters.audit.chain import ChainLog
from aisecops.adapters.control.broker import ControlPlaneBroker
from aisecops.adapters.nlp.pool import ScannerPool
from aisecops.adapters.policies.cedar import CedarPoint
from aisecops.adapters.policies.files import FileRules
from aisecops.adapters.policies.opa import OpaPoint
from aisecops.adapters.store.content import SqliteContent
from aisecops.adapters.store.pseudonyms import SqlitePseudonyms
from aisecops.adapters.store.sqlite import SqliteStore
from aisecops.adapters.system.clock import SystemClock
from aisecops.adapters.system.heartbeat import lagging
from aisecops.adapters.system.ids import Ulids
from aisecops.adapters.system.interfaces import is_this_machine
from aisecops.adapters.system.keys import KeyFolder, PublicKeys
from aisecops.adapters.system.resolver import SystemResolver
from aisecops.adapters.system.route import ProxyRoute
from aisecops.adapters.system.rule_secrets import RuleSecrets
from aisecops.adapters.system.secrets import operator_secret, secret_key
from aisecops.controls.policy.unobeyed import unobeyed
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
from aisecops.gateway.inventory import Inventory
from aisecops.gateway.issue import TokenService
from aisecops.gateway.known import KnownAgain
from aisecops.gateway.memories import Memories
from aisecops.gateway.messages import Messages
from aisecops.gateway.permits import Permits
from aisecops.gateway.pins import Pins
from aisecops.gateway.points import Points
from aisecops.gateway.ports import AuditLog, Clock, Ids, Meter, PseudonymStore, Store
from aisecops.gateway.prompts import Prompts
from aisecops.gateway.proposals import Proposals
from aisecops.gateway.pseudonyms import Pseudonyms
from aisecops.gateway.realtime import Realtime
from aisecops.gateway.runs import Runs
from aisecops.gateway.servers import Servers
from aisecops.gateway.settle import Settlement
from aisecops.gateway.usage import Usage
from aisecops.gateway.vouch import Vouching
from aisecops.ops.control.app import ControlPlane
from aisecops.ops.control.who import Doorkeeper
from aisecops.ops.counted import CountedRecord
from aisecops.ops.days import today
from aisecops.ops.metrics import process_metrics
from aisecops.ops.settings import LimitSettings, Settings
from aisecops.ops.settings_read import environment
from aisecops.ops.watched import Watched
from aisecops.wire.limits import JsonBounds

_log = logging.getLogger(__name__)

ISSUER = "aisecops"
AUDIENCE = "aisecops-gateway"
RUN_SECRET_BYTES = 32
SCANS_WAITING = 256
MISSING_S = 30.0
"""How long a name that only the upstream proxy resolves is not looked up again."""


@dataclass(frozen=True)
class Foundation:
    """What every process of ours stands on."""

    settings: Settings
    clock: Clock
    ids: Ids
    rules: FileRules
    store: Store
    record: AuditLog
    pseudonyms: PseudonymStore
    secrets: RuleSecrets
    points: Points

    def runs(self) -> Runs:
        """The run service."""
        return Runs(
            store=self.store,
            record=self.record,
            rules=self.rules,
            clock=self.clock,
            ids=self.ids,
            pseudonyms=self.pseudonyms,
            new_secret=lambda: stdlib_secrets.token_urlsafe(RUN_SECRET_BYTES),
        )

    def approvals(self) -> Approvals:
        """The approval service."""
        life_ms = int(self.settings.approval_seconds * 1000)
        return Approvals(
            store=self.store, record=self.record, rules=self.rules, clock=self.clock, ids=self.ids, life_ms=life_ms
        )

    def inventory(self) -> Inventory:
        """What agents are let use."""
        return Inventory(store=self.store, record=self.record, rules=self.rules, clock=self.clock)

    def identities(self) -> Identities:
        """Who is who."""
        return Identities(self.rules, self.store, self.secrets)


@contextlib.asynccontextmanager
async def foundation(settings: Settings, environment: Mapping[str, str]) -> AsyncIterator[Foundation]:
    """Open rules, store and record; close them at the end."""
    clock = SystemClock()
    state = settings.paths.state
    rules = file_rules(settings)
    rules.load()
    record_key = SigningKey(secret_key(state, "record"))
    async with contextlib.AsyncExitStack() as opened:
        store = SqliteStore(settings.database)
        opened.push_async_callback(store.close)
        pseudonyms = SqlitePseudonyms(settings.database, secret_key(state, "pseudonyms"))
        opened.push_async_callback(pseudonyms.close)
        record = ChainLog(
            settings.record_folder,
            clock=clock,
            sign=lambda message: record_key.sign(message).signature,
            key_id="record",
            public_key=bytes(record_key.verify_key),
        )
        opened.push_async_callback(record.close)
        secrets = RuleSecrets(environment, settings.paths.rules)
        opa = OpaPoint(clock, secret=secrets.secret, trust=settings.control_authorities)
        opened.push_async_callback(opa.close)
        yield Foundation(
            settings=settings,
            clock=clock,
            ids=Ulids(clock),
            rules=rules,
            store=store,
            record=CountedRecord(record, process_metrics()),
            pseudonyms=pseudonyms,
            secrets=secrets,
            points=Points((CedarPoint(), opa)),
        )


def file_rules(settings: Settings) -> FileRules:
    """The rules folder, not loaded yet; what was in force is kept in the state folder."""
    return FileRules(settings.paths.rules, settings.paths.state / "policies")


@contextlib.asynccontextmanager
async def enforcement(base: Foundation, meter: Meter) -> AsyncIterator[Enforcement]:
    """Everything a gateway process decides with."""
    settings = base.settings
    state = settings.paths.state
    rules = base.rules.current()
    fingerprints = secret_key(state, "fingerprints")
    watched = Watched(base.rules, base.secrets, key=fingerprints, model=settings.scan.names_model)
    watched()  # a value that cannot be looked for stops the start
    scanner = ScannerPool(
        settings.scan.workers, float(settings.scan.deadline_seconds), SCANS_WAITING, fingerprints, watched
    )
    resolver = SystemResolver(settings.upstream.resolve, missing_ttl_s=MISSING_S if settings.upstream.proxy else 0.0)
    broker = ControlPlaneBroker(
        settings.control_url, secret=gateway_secret(settings), trust=settings.control_authorities
    )
    async with contextlib.AsyncExitStack() as opened:
        opened.push_async_callback(scanner.close)
        opened.push_async_callback(broker.close)
        scanner.begin()
        for note in unobeyed(rules, today=today(base.clock)):
            _log.warning("rules: %s", note)
        content = SqliteContent(settings.database)
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
        gatherer = Gatherer(
            store=base.store,
            keys=PublicKeys(settings.paths.certs / "jwks.json", base.clock),
            resolver=resolver,
            route=proxy_route(settings, environment(), resolver),
            scanner=scanner,
            broker=broker,
            descents=descents,
            memories=memories,
            pins=pins,
            issuer=ISSUER,
            audience=AUDIENCE,
            own_addresses=own_addresses(settings),
            is_here=is_this_machine,
        )
        pseudonyms = Pseudonyms(base.pseudonyms, secret_key(state, "pseudonyms"))
        permits = Permits()
        approvals = base.approvals()
        dispatch = Dispatch(
            store=base.store,
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
            record=base.record,
            rules=base.rules,
            clock=base.clock,
            ids=base.ids,
            meter=meter,
            approvals=approvals,
            descents=descents,
            points=base.points,
            answers=answers,
        )
        settlement = Settlement(
            store=base.store,
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
                record=base.record,
                rules=base.rules,
                clock=base.clock,
                ids=base.ids,
                meter=meter,
                scanner=scanner,
                permits=permits,
                descents=descents,
                realtime=Realtime(descents=descents, proposals=proposals),
                points=base.points,
                key=fingerprints,
            ),
            meter=meter,
            vouching=vouching(base),
            control=control_address(settings),
        )


def control_plane(base: Foundation, *, proxy_url: str) -> ControlPlane:
    """The control plane's services behind their API; makes the signing key on first start."""
    settings = base.settings
    keys = KeyFolder(settings.paths.certs, base.clock)
    keys.create_if_missing()
    tokens = TokenService(
        store=base.store,
        record=base.record,
        rules=base.rules,
        clock=base.clock,
        ids=base.ids,
        signer=keys.signer(),
        issuer=ISSUER,
        audience=AUDIENCE,
        points=base.points,
    )
    door = Doorkeeper(
        base.identities(),
        operator_secret=operator_secret(settings.paths.state),
        gateway_secret=gateway_secret(settings),
        vouching=vouching(base),
    )
    return ControlPlane(
        store=base.store,
        rules=base.rules,
        keys=PublicKeys(settings.paths.certs / "jwks.json", base.clock),
        runs=base.runs(),
        tokens=tokens,
        approvals=base.approvals(),
        inventory=base.inventory(),
        door=door,
        record_folder=settings.record_folder,
        proxy_url=proxy_url,
        lagging=functools.partial(lagging, settings.paths.state),
    )


def proxy_route(settings: Settings, environment: Mapping[str, str], resolver: SystemResolver) -> ProxyRoute | None:
    """The way through the operator's own proxy; None without one."""
    upstream = settings.upstream
    if upstream.proxy is None:
        return None
    proxy = upstream.proxy.resolved(environment)
    return ProxyRoute(proxy, resolver, direct=upstream.direct, resolves=upstream.proxy_resolves)


def gateway_secret(settings: Settings) -> str:
    """What a gateway proves itself with to the control plane of the same installation."""
    return secret_key(settings.paths.state, "gateway").hex()


def json_bounds(limits: LimitSettings) -> JsonBounds:
    """How much of an answer is read as one JSON document."""
    return JsonBounds(max_bytes=limits.json_answer_bytes, max_values=limits.json_answer_values)


def vouching(base: Foundation) -> Vouching:
    """How a gateway tells the control plane of the same installation who calls."""
    return Vouching(secret_key(base.settings.paths.state, "vouching"), base.clock)


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
